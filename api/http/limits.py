"""How much one principal may ask: so many requests in a time, so many questions at once.

Requests are counted over a moving window, in this process or, for several, in Redis. Where Redis does not answer, each process counts for
itself until it does: a counter that is gone is no reason to answer nobody. Questions at once are counted in each process.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from assistant.errors import TooMuch

_SOON = 1.0
log = structlog.get_logger()


class Limits:
    """`rate` is like `60/minute` or `5/second;1000/day`; `at_once` is how many questions of one principal may be open. None: no limit."""

    def __init__(self, rate: str | None = None, at_once: int | None = None, store: str | None = None) -> None:
        self._rates: Sequence[RateLimitItem] = parse_many(rate) if rate else ()
        self._at_once = at_once
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_opened(store)) if store else self._here
        self._open: Counter[str] = Counter()

    async def request(self, principal: str) -> None:
        """Counts one. Raises TooMuch where it is one too many: such a one does not count."""
        for rate in self._rates:
            try:
                wait = await _wait(self._shared, rate, principal)
            except StorageError as error:
                log.error("limits are counted in this process alone", error=str(error.storage_error))
                wait = await _wait(self._here, rate, principal)
            if wait is not None:
                raise TooMuch(f"No more than {rate.amount} requests in {_told(rate)} with one key. Ask again in {wait:.0f} s.", wait)

    @contextmanager
    def question(self, principal: str) -> Iterator[None]:
        """One that is open meanwhile. Raises TooMuch."""
        if self._at_once is not None and self._open[principal] >= self._at_once:
            raise TooMuch(f"No more than {self._at_once} questions at once with one key. Wait for one to be answered.", _SOON)
        self._open[principal] += 1
        try:
            yield
        finally:
            self._open[principal] -= 1
            if not self._open[principal]:
                del self._open[principal]


def _opened(store: str) -> Storage:
    opened = storage_from_string(
        f"async+{store}", implementation="redispy", wrap_exceptions=True, socket_timeout=0.5, key_prefix="footnote"
    )
    assert isinstance(opened, Storage)
    return opened


async def _wait(limiter: MovingWindowRateLimiter, rate: RateLimitItem, principal: str) -> float | None:
    """Seconds until the next may come; None where this one may."""
    if await limiter.hit(rate, principal):
        return None
    window = await limiter.get_window_stats(rate, principal)
    return max(_SOON, window.reset_time - time.time())


def _told(rate: RateLimitItem) -> str:
    return f"a {rate.GRANULARITY.name}" if rate.multiples == 1 else f"{rate.multiples} {rate.GRANULARITY.name}s"
