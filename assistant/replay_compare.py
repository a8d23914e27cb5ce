"""Holds two replies to one question against each other.

What is compared is what the ledger holds of both. Marks are left out, because two answers number their citations in their own order; what
rewriting a follow-up took, too, because a question that is asked again stands alone already. Time is that of the answer alone: a process
that has just been started loads its embedding model while it searches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any, Literal

from assistant.cache import sentences_of
from assistant.grounding_checks import clean

# A trace with a reply, as `Ledger.trace` gives it.
Stored = Mapping[str, Any]
Fate = Literal["same", "gone", "new"]

_MARKS = re.compile(r"\s*(?:\[\d+\])+")


@dataclass(frozen=True, slots=True)
class DroppedSentence:
    """A sentence that grounding dropped, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Quoted:
    source: str
    quote: str

    def like(self, other: Quoted) -> bool:
        """Two answers seldom cut a quote alike: it is the same where one holds the other."""
        return self.source == other.source and (self.quote in other.quote or other.quote in self.quote)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two replies. `outcome` is `answer` or the reason of the refusal; `degraded`: not all was done as it should be, and the
    reply says so. `quotes_same` counts the quotes that the other side has, too. `usd` is None as soon as one call's price is unknown,
    `milliseconds` where it was refused before anything could be written."""

    trace_id: str
    model: str | None
    generation: str
    prompt: str | None
    outcome: str
    mode: str
    degraded: bool
    confidence: float | None
    sentences: tuple[str, ...]
    dropped: tuple[DroppedSentence, ...]
    quotes: tuple[Quoted, ...]
    quotes_same: int
    calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None
    estimated: bool
    milliseconds: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and what became of it."""

    fate: Fate
    text: str


@dataclass(frozen=True, slots=True)
class Replay:
    """A question with its `recorded` reply and the one it got `again`. `notes` say in what it could not be asked as it was."""

    question: str
    created: str
    as_of: str
    groups: tuple[str, ...] | None
    notes: tuple[str, ...]
    recorded: Side
    again: Side
    sentences: tuple[Line, ...]
    quotes_gone: tuple[Quoted, ...]
    quotes_new: tuple[Quoted, ...]

    @property
    def alike(self) -> bool:
        """Says the same, from the same passages, or refuses for the same reason. It may have cost less."""
        moved = any(line.fate != "same" for line in self.sentences) or self.quotes_gone or self.quotes_new
        return not moved and self.recorded.outcome == self.again.outcome


def compare(question: str, as_of: str, notes: Sequence[str], recorded: Stored, again: Stored) -> Replay:
    quotes = _quotes(recorded), _quotes(again)
    gone, new = _without_like(*quotes), _without_like(*reversed(quotes))
    before, after = side_of(recorded, len(quotes[0]) - len(gone)), side_of(again, len(quotes[1]) - len(new))
    return Replay(
        question=question,
        created=recorded["created"],
        as_of=as_of,
        groups=None if recorded["groups"] is None else tuple(recorded["groups"]),
        notes=tuple(notes),
        recorded=before,
        again=after,
        sentences=tuple(lines(before.sentences, after.sentences)),
        quotes_gone=gone,
        quotes_new=new,
    )


def side_of(trace: Stored, quotes_same: int) -> Side:
    reply = trace["reply"]
    calls = [call for call in trace["calls"] if call["purpose"] != "rewrite"]
    sentences = tuple(_MARKS.sub("", sentence).strip() for sentence in sentences_of(reply["text"]))
    return Side(
        trace_id=trace["id"],
        model=trace["model"],
        generation=trace["generation"],
        prompt=trace["prompt"],
        outcome=trace["outcome"],
        mode=trace["mode"],
        degraded=any(notice["kind"] == "degraded" for notice in reply["notices"]),
        confidence=trace["confidence"],
        sentences=sentences,
        dropped=tuple(_dropped(trace["steps"], " ".join(sentences))),
        quotes=_quotes(trace),
        quotes_same=quotes_same,
        calls=len(calls),
        input_tokens=sum(call["input_tokens"] or 0 for call in calls),
        output_tokens=sum(call["output_tokens"] or 0 for call in calls),
        usd=sum_of(call["usd"] for call in calls),
        estimated=any(call["estimated"] for call in calls),
        milliseconds=reply["latency_ms"].get("answer"),
    )


def lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """Every sentence of both, in order; what is gone stands before what is new."""
    for tag, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Line("same", text) for text in before[first:last])
        else:
            yield from (Line("gone", text) for text in before[first:last])
            yield from (Line("new", text) for text in after[begin:end])


def sum_of(amounts: Iterable[float | None]) -> float | None:
    """The sum, exact in the digits that are shown."""
    known = list(amounts)
    return None if None in known else float(sum((Decimal(str(usd)) for usd in known), Decimal(0)))


def _dropped(steps: Iterable[Stored], said: str) -> Iterator[DroppedSentence]:
    """Of all attempts, each sentence once. One that lost a quote and was said for another is not dropped."""
    found = {item["text"]: item["reason"] for step in steps if step["name"] == "ground" for item in step["attributes"].get("dropped", ())}
    yield from (DroppedSentence(text, reason) for text, reason in found.items() if not (clean(text) and clean(text) in said))


def _quotes(trace: Stored) -> tuple[Quoted, ...]:
    return tuple(Quoted(citation["source"], citation["quote"]) for citation in trace["reply"]["citations"])


def _without_like(quotes: Sequence[Quoted], others: Sequence[Quoted]) -> tuple[Quoted, ...]:
    return tuple(quote for quote in quotes if not any(quote.like(other) for other in others))
