"""What the fake model says: reply texts in the format that Footnote asks for, made from the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

Write = Callable[[str], str]
_PASSAGE = re.compile(r"<passage \[(\d+)\]>\n.*?^Text:\n(.*?)\n</passage \[\1\]>", re.DOTALL | re.MULTILINE)


def prompt_of(request: Mapping[str, Any]) -> str:
    """All messages of a request as one text."""
    return "\n\n".join(str(message["content"]) for message in request["messages"])


def claims(*sentences: tuple[str, int, str], answerable: bool = True) -> str:
    """A reply's content, as a well-behaved model writes it, from (text, marker, quote). Neighbours with the same text are one sentence."""
    items = [
        {"text": text, "quotes": [{"marker": marker, "quote": quote} for _, marker, quote in group]}
        for text, group in groupby(sentences, key=lambda sentence: sentence[0])
    ]
    return json.dumps({"answerable": answerable, "sentences": items})


def passages(prompt: str) -> dict[int, str]:
    """The text of each passage in a prompt, by its marker."""
    return {int(marker): text for marker, text in _PASSAGE.findall(prompt)}


def first_quote(prompt: str) -> tuple[int, str]:
    """Marker and first sentence of the first passage. A prompt without passages is a LookupError."""
    for marker, text in passages(prompt).items():
        return marker, re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    raise LookupError(f"There is no passage in the prompt: {prompt[-500:]}")


def first_sentence(prompt: str) -> str:
    """Answers with the first sentence of the first passage, quoted."""
    marker, sentence = first_quote(prompt)
    return claims((sentence, marker, sentence))


def german_sentence(prompt: str) -> str:
    """Quotes as it should, and speaks another language."""
    marker, sentence = first_quote(prompt)
    return claims(("So steht es in den Unterlagen, und so gilt es für alle.", marker, sentence))
