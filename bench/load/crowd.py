"""Those who ask: some who wait for their replies, or as many as come, whatever becomes of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence

from bench.load.client import TURNED_AWAY, Asked, Line

LONGEST_PAUSE = 1.0

# What a client was told to one question: that it is turned away, any number of times, then the last word.
Told = Sequence[Asked]


async def closed_loop(url: str, requests: Iterator[bytes], clients: int, seconds: float) -> list[Told]:
    """Each client asks the next question when it has its reply; who is turned away asks the same again after a pause."""
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(_one_after_the_other(url, requests, end)) for _ in range(clients)]
    return [told for task in asking for told in task.result()]


async def open_loop(url: str, requests: Iterable[bytes], rate: float, seconds: float) -> list[Asked]:
    """So many a second, however long their replies take; each over a line on which nothing is under way."""
    loop = asyncio.get_running_loop()
    began, asking, free = loop.time(), [], list[Line]()

    async def ask(request: bytes, late: float) -> Asked:
        line = free.pop() if free else Line(url)
        asked = await line.send(request, late)
        free.append(line)
        return asked

    for turn, request in zip(range(round(rate * seconds)), requests, strict=False):
        await asyncio.sleep(began + turn / rate - loop.time())
        asking.append(asyncio.create_task(ask(request, loop.time() - began - turn / rate)))
    asked = await asyncio.gather(*asking)
    for line in free:
        line.close()
    return asked


async def _one_after_the_other(url: str, requests: Iterator[bytes], end: float) -> list[Told]:
    line, questions = Line(url), []
    while time.monotonic() < end:
        questions.append(await _until_answered(line, next(requests), end))
    line.close()
    return questions


async def _until_answered(line: Line, request: bytes, end: float) -> Told:
    told = [await line.send(request)]
    while told[-1].ending == TURNED_AWAY and time.monotonic() < end:
        await asyncio.sleep(min(told[-1].retry_after, LONGEST_PAUSE))
        told.append(await line.send(request))
    return told
