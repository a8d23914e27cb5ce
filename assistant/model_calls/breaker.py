"""The circuit breaker of one model: where it failed several times in a row, nobody waits for it for a while.

Closed, everything goes through. After `FAILURES` failures in a row it is open for `REST` seconds and nothing does; then one request is let
through, and what becomes of it decides. (Nygard, Release It!, 2007, "Circuit Breaker".)
"""

from __future__ import annotations

import time
from collections.abc import Callable

FAILURES = 5
REST = 30.0


class Breaker:
    """Of one process; questions share it. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rests_until: float | None = None

    def lets_through(self) -> bool:
        """Where it rested long enough, the one who asks makes the trial: the others wait for what comes of it, or for another rest."""
        if self._failures < FAILURES:
            return True
        if self._rests_until is not None and self._clock() < self._rests_until:
            return False
        self._rests_until = self._clock() + REST
        return True

    def succeeded(self) -> None:
        self._failures, self._rests_until = 0, None

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._rests_until = self._clock() + REST
