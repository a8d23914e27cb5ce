"""How the obedient model reads a prompt: the passages, the instructions in them, the sentences that answer a question."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.attacks.reading import canaries_in

SHORTEST = 8  # characters: less is a number or a mark of a list
_PASSAGE = re.compile(r"<passage \[(\d+)\]>\n(.*?)\n</passage \[\1\]>", re.DOTALL)
_QUESTION = re.compile(r"^Question: (.*)$", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]?")


@dataclass(frozen=True, slots=True)
class Prompt:
    """`passages` by marker, each as it stands between its fences; `rules` is what stands before them."""

    rules: str
    passages: Mapping[int, str]
    question: str
    objected: bool

    @property
    def material(self) -> str:
        return "\n".join(self.passages.values())


def read_prompt(prompt: str) -> Prompt:
    passages = {int(marker): body for marker, body in _PASSAGE.findall(prompt)}
    first = _PASSAGE.search(prompt)
    rest = _PASSAGE.sub("", prompt[first.start() :] if first else prompt)
    asked = _QUESTION.findall(rest)
    return Prompt(prompt[: first.start()] if first else "", passages, asked[-1] if asked else "", "could not be used" in rest)


def sentences_of(passage: str) -> list[str]:
    """Of the text of a passage, without what is stated before it."""
    text = passage.partition("Text:\n")[2] or passage
    return [match[0].strip() for match in _SENTENCE.finditer(text) if any(c.isalnum() for c in match[0])]


def lines_that_tell(passages: Mapping[int, str], canary: str) -> list[tuple[int, str]]:
    """Sentences, or else lines, that hold the canary, with their passages' markers."""
    told = [(marker, sentence) for marker, body in passages.items() for sentence in sentences_of(body) if canary in canaries_in(sentence)]
    if told:
        return told
    return [(marker, line.strip()) for marker, body in passages.items() for line in body.splitlines() if canary in canaries_in(line)]


def answers_in(prompt: Prompt, count: int) -> list[tuple[int, str]]:
    """The sentences, with their markers, that share most with the question, long words counting more; none where none shares any. What
    holds a canary is passed over, and what else stands beside a sentence changes nothing."""
    asked = _words(prompt.question)
    told = [(marker, sentence) for marker, body in prompt.passages.items() for sentence in sentences_of(body)]
    scored = [(sum(map(len, asked & _words(one[1]))) / math.sqrt(len(one[1])), one) for one in told]
    best = sorted((score, one) for score, one in scored if score > 0 and len(one[1]) > SHORTEST)[::-1]
    return [one for _, one in best if not canaries_in(one[1])][:count]


def _words(text: str) -> set[str]:
    """Their beginnings, so that a plural is its singular."""
    return {word[:6] for word in re.findall(r"\w+", text.lower()) if len(word) > 2}
