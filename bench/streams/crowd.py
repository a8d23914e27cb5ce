"""Many who ask at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle

from bench.streams.client import Asked, ask_at
from bench.streams.leaving import leaves
from bench.streams.provider import SECONDS, Kind

# A question's confidence changes a little with its number: those that just pass the gate may not pass it the next time.
MARGIN = 0.06


class Crowd:
    """Asks questions of one server, each with a number of its own."""

    def __init__(self, url: str, questions: Sequence[str]) -> None:
        self._url = url
        self._questions = cycle(questions)
        self._turns: Counter[Kind] = Counter()

    async def comes(self, kind: Kind, rate: float, count: int) -> list[Asked]:
        return await ask_at(self._url, self._numbered(kind, count), rate)

    async def leaves(self, rate: float, count: int) -> list[Asked]:
        return await ask_at(self._url, self._numbered(Kind.LEAVING, count), rate, list(leaves(count, SECONDS[Kind.LEAVING])))

    async def asks_one_by_one(self, kind: Kind, count: int) -> list[Asked]:
        return [(await ask_at(self._url, [one], rate=1.0))[0] for one in self._numbered(kind, count)]

    def _numbered(self, kind: Kind, count: int) -> Iterator[tuple[int, str]]:
        for _ in range(count):
            number = kind.number(self._turns[kind])
            self._turns[kind] += 1
            yield number, f"{next(self._questions)} {number}"


async def that_pass(url: str, questions: Sequence[str]) -> list[str]:
    """Those that pass the gate, and would with another number, too."""
    asked = await Crowd(url, questions).asks_one_by_one(Kind.PROBE, len(questions))
    replies = [(question, one.reply) for question, one in zip(questions, asked, strict=True) if one.reply]
    passed = {question: reply["confidence"] for question, reply in replies if reply["mode"] == "model"}
    return [question for question, confidence in passed.items() if confidence >= min(passed.values()) + MARGIN]
