"""Writes the messages for a chat model: the rules, the passages under their markers, the question.

A passage is shown with title, headings, date and text, never with a path or link of its document. Documents are data: what would close a
passage, hide in it or pass for another one is taken out of their text here. The rules are the files in `prompts/`; `version` is their hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from assistant.ports import Message
from assistant.types import Evidence, Turn
from assistant.unseen import seen

_FENCE = re.compile(r"<(?=[\W_]*passage)", re.IGNORECASE)
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LONGEST_TURN = 600


@dataclass(frozen=True, slots=True)
class Prompts:
    """The rules of each task."""

    answer: str
    rewrite: str

    @property
    def version(self) -> str:
        """The same for the same rules, wherever and whenever they are read."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def text(self) -> str:
        """All of them, in a form that `read` takes apart again."""
        return f"{self.answer}{_SEAM}{self.rewrite}"

    @classmethod
    def read(cls, text: str) -> Prompts:
        return cls(*text.split(_SEAM, 1))


_SEAM = "\n\n-----\n\n"


def load_prompts() -> Prompts:
    """Those that come with Footnote."""
    folder = files("assistant").joinpath("prompts")
    return Prompts(*(folder.joinpath(f"{name}.md").read_text(encoding="utf-8").strip() for name in ("answer", "rewrite")))


def ask_for_claims(
    rules: str, question: str, evidence: Sequence[Evidence], facts: Mapping[int, str], objection: str | None = None
) -> tuple[Message, ...]:
    """`facts` is what should be known of a passage's document beside its text, by marker; `objection` tells the model what was wrong with
    the last reply."""
    parts = [*(_passage(item, facts.get(item.marker)) for item in evidence), f"Question: {_harmless(question)}"]
    if objection:
        parts.append(f"Your last reply could not be used: {_harmless(objection)}\nReply again, keeping to the rules.")
    return Message("system", rules), Message("user", "\n\n".join(parts))


def ask_for_question(rules: str, question: str, history: Sequence[Turn]) -> tuple[Message, ...]:
    """`history` is cut to what a follow-up can lean on: the beginnings of its last turns."""
    said = [f"{turn.role.capitalize()}: {_line(turn.content)[:_LONGEST_TURN]}" for turn in history]
    return Message("system", rules), Message("user", "\n".join([*said, f"Question: {_line(question)}"]))


def _passage(item: Evidence, fact: str | None) -> str:
    chunk = item.chunk
    facts = [f"Title: {_line(chunk.title)}"]
    if headings := [heading for heading in chunk.headings if heading != chunk.title]:
        facts.append(f"Section: {_line(' > '.join(headings))}")
    if fact:
        facts.append(_line(fact))
    body = [_harmless(text) for text in (*(lead.text for lead in chunk.leads), chunk.text)]
    return "\n".join([f"<passage [{item.marker}]>", *facts, "Text:", *body, f"</passage [{item.marker}]>"])


def _line(text: str) -> str:
    return " ".join(_harmless(text).split())


def _harmless(text: str) -> str:
    """The text without invisible characters, link targets and anything that looks like a passage's fence."""
    return _FENCE.sub("(", _IMAGE_OR_LINK.sub(r"\1", seen(text)))
