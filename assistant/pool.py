"""The threads that compute, and how much waits for one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Pool(ThreadPoolExecutor):
    """`waiting` is the number of jobs that no thread has begun."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="footnote-compute")
        self._lock = threading.Lock()
        self.waiting = 0

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        job = _Job(self._count)

        def begun() -> T:
            job.left()
            return work(*args, **kwargs)

        self._count(1)
        future = super().submit(begun)
        future.add_done_callback(lambda _: job.left())  # one that is cancelled is never begun
        return future

    def _count(self, more: int) -> None:
        with self._lock:
            self.waiting += more


class _Job:
    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count
        self._waits = True

    def left(self) -> None:
        """It waits no longer. Called by one thread after the other, never by two at once."""
        if self._waits:
            self._waits = False
            self._count(-1)
