"""How the obedient model reads a prompt: the passages, the instructions in them, the sentences that answer a question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.attacks.reading import canaries_in

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
    """The sentences, with their markers, that share the rarest words with the question; none where none shares any. What holds a canary
    is passed over."""
    told = [(marker, sentence) for marker, body in prompt.passages.items() for sentence in sentences_of(body)]
    told = [(marker, sentence) for marker, sentence in told if len(sentence) > 8 and not canaries_in(sentence)]
    weights = _weights([sentence for _, sentence in told])
    asked = _words(prompt.question)
    scored = [(sum(weights[word] for word in asked & _words(sentence)) / math.sqrt(len(sentence)), m, sentence) for m, sentence in told]
    best = sorted((one for one in scored if one[0] > 0), key=lambda one: -one[0])
    return [(marker, sentence) for _, marker, sentence in best[:count]]


def _weights(sentences: Sequence[str]) -> Counter[str]:
    held = Counter(word for sentence in sentences for word in _words(sentence))
    weights: Counter[str] = Counter()
    for word, count in held.items():
        weights[word] = max(1, round(100 * math.log(1 + len(sentences) / count)))
    return weights


def _words(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w+", text.lower()) if len(word) > 2}
