"""Of the same question at the same time one is answered, and the others wait for its answer: a client that gives up and asks again would
have it paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assistant.model_calls.deadline import Deadline

# Of what is left of a question's time. Whoever waited for so long answers by himself.
SHARE = 0.5


class UnderWay:
    """The questions that are being answered, by their key in the cache. For one event loop."""

    def __init__(self) -> None:
        self._turns: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(self, key: str, deadline: Deadline) -> AsyncIterator[None]:
        """Begins when nobody else has this key, or after a part of the time that is left."""
        until = deadline.share(SHARE)
        while (other := self._turns.get(key)) is not None and until.remaining() > 0:
            try:
                await asyncio.wait_for(other.wait(), until.remaining())
            except TimeoutError:
                break
        mine = self._turns[key] = asyncio.Event()
        try:
            yield
        finally:
            mine.set()
            if self._turns.get(key) is mine:
                del self._turns[key]
