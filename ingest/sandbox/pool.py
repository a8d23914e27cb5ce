"""The parser that an ingest is given: a few workers, started when they are needed, kept for the files that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import LifoQueue
from threading import Lock
from types import TracebackType

from assistant.errors import IngestError, LimitExceeded, ParseError
from ingest.sandbox.process import WorkerLost, WorkerProcess
from ingest.types import ParsedDocument

READERS = "ingest.parsing:FileParser"
SECONDS = 60.0
MEMORY = 2**30
STOPPED = "Reading was stopped."
# After so many files a worker is replaced, so that nothing which libraries leave behind adds up.
_FILES = 1000


class SandboxedParser:
    """Reads files in `workers` processes at once (port `Parser`). Each step of a file may take `seconds`, and reading one `memory` bytes
    beyond what the libraries take. `readers` is `module:name` of what makes the parser in the worker.

    What comes of a file depends on the file alone: where a worker that has read others is lost, the file is tried once more in a new one.
    """

    def __init__(self, workers: int, seconds: float = SECONDS, memory: int = MEMORY, readers: str = READERS) -> None:
        self._lock = Lock()
        self._closed = False
        self._seats = [_Seat(self, partial(WorkerProcess, readers, seconds, memory)) for _ in range(workers)]
        self._free: LifoQueue[_Seat] = LifoQueue()
        for seat in self._seats:
            self._free.put(seat)

    def __enter__(self) -> SandboxedParser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def parse(self, name: str, data: bytes) -> ParsedDocument:
        """Raises ParseError as the port says; IngestError where no worker can be started, or after `close`."""
        with self._seat() as seat:
            return seat.parse(name, data)

    def close(self) -> None:
        """Kills every worker; calls of other threads that are still reading end with IngestError."""
        with self._lock:
            self._closed = True
            for seat in self._seats:
                seat.interrupt()
        for seat in [self._free.get() for _ in self._seats]:
            seat.close()
            self._free.put(seat)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held while a worker is started, so that `close` misses none."""
        with self._lock:
            if self._closed:
                raise IngestError(STOPPED)
            yield

    @property
    def closed(self) -> bool:
        return self._closed

    @contextmanager
    def _seat(self) -> Iterator[_Seat]:
        seat = self._free.get()
        try:
            yield seat
        finally:
            self._free.put(seat)


class _Seat:
    """A place for one worker. Used by one thread at a time, but for `interrupt`."""

    def __init__(self, pool: SandboxedParser, start: Callable[[], WorkerProcess]) -> None:
        self._pool = pool
        self._start = start
        self._worker: WorkerProcess | None = None

    def parse(self, name: str, data: bytes) -> ParsedDocument:
        used = self._worker is not None
        try:
            answer = self._ask(name, data)
        except WorkerLost as lost:
            if self._pool.closed:
                raise IngestError(STOPPED) from None
            if used:
                return self.parse(name, data)
            raise LimitExceeded(str(lost)) from None
        if isinstance(answer, ParseError):
            raise answer
        return answer

    def interrupt(self) -> None:
        worker = self._worker
        if worker is not None:
            worker.kill()

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _ask(self, name: str, data: bytes) -> ParsedDocument | ParseError:
        """A worker that has not answered well, for whatever reason, Ctrl-C among them, is not asked again."""
        answered = False
        try:
            if self._worker is None:
                with self._pool.starting():
                    self._worker = self._start()
                self._worker.wait_until_ready()
            answer = self._worker.ask(name, data)
            answered = True
        finally:
            if not answered or (self._worker is not None and self._worker.served >= _FILES):
                self.close()
        return answer
