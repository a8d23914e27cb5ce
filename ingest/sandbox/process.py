"""One worker as its parent sees it: a process that is asked to read files, watched by the clock, and killed where it does not answer."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from assistant.errors import IngestError, LimitExceeded, ParseError
from ingest.sandbox import wire
from ingest.types import ParsedDocument

# How many times the limit one file may take in all, however often it shows a sign of life.
MOST_STEPS = 60
_START = 120.0  # seconds
_END = 10.0
_PIECE = 2**20
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "SCARF_NO_ANALYTICS": "true",
    "TOKENIZERS_PARALLELISM": "false",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
}


class WorkerLost(Exception):
    """The worker died: of this file, or of what earlier files left behind in it. Says what this file would be told."""


class WorkerProcess:
    """A running worker. Used by one thread at a time; `kill` may come from any."""

    def __init__(self, readers: str, seconds: float, memory: int) -> None:
        self.served = 0
        self._seconds = seconds
        self._memory = memory
        command = [sys.executable, "-P", "-m", "ingest.sandbox.worker", readers, str(seconds), str(memory)]
        self._process = _started(command)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._replies = self._process.stdin, self._process.stdout
        os.set_blocking(self._requests.fileno(), False)
        os.set_blocking(self._replies.fileno(), False)

    def wait_until_ready(self) -> None:
        """Raises IngestError where it does not start: that is no file's fault."""
        try:
            ready = self._receive(time.monotonic() + _START)[0] == wire.READY
        except (LimitExceeded, TimeoutError, WorkerLost, wire.Malformed):
            ready = False
        if not ready:
            raise IngestError(f"The process that reads files does not start. Try: {sys.executable} -m ingest.sandbox.worker")

    def ask(self, name: str, data: bytes) -> ParsedDocument | ParseError:
        """The document, or what the reader says is wrong with the file. Where it raises, ParseError or WorkerLost, the worker must not be
        used again."""
        self.served += 1
        begun = time.monotonic()
        try:
            for kind, payload in ((wire.NAME, os.fsencode(name)), (wire.CONTENT, data)):
                self._send(wire.HEADER.pack(kind, len(payload)), begun + self._seconds)
                self._send(payload, begun + self._seconds)
            return self._reply(begun)
        except TimeoutError:
            raise LimitExceeded(self._too_slow(begun)) from None
        except wire.Malformed as error:
            raise ParseError("What was read of it makes no sense: it was made to mislead its reader. Leave it out.") from error

    def kill(self) -> None:
        """Ends the process at once; `close` must follow."""
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        self._requests.close()
        self._replies.close()
        self._process.wait()

    def _reply(self, begun: float) -> ParsedDocument | ParseError:
        while True:
            deadline = min(time.monotonic() + self._seconds, begun + self._seconds * MOST_STEPS)
            kind, payload = self._receive(deadline)
            if kind == wire.DOCUMENT:
                return wire.decode(payload)
            if kind == wire.REFUSED:
                return wire.refusal(payload)
            if kind == wire.NO_MEMORY:
                raise WorkerLost(self._too_large()) if payload == wire.PERHAPS else LimitExceeded(self._too_large())
            if kind != wire.ALIVE or payload:
                raise wire.Malformed("kind")

    def _send(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            self._await(self._requests.fileno(), select.POLLOUT, deadline)
            try:
                left = left[os.write(self._requests.fileno(), left[:_PIECE]) :]
            except BrokenPipeError:
                raise self._death() from None

    def _receive(self, deadline: float) -> tuple[bytes, bytearray]:
        kind, size = wire.HEADER.unpack(self._exactly(wire.HEADER.size, deadline))
        if size > wire.LARGEST_REPLY:
            raise wire.Malformed("size")
        return kind, self._exactly(size, deadline)

    def _exactly(self, size: int, deadline: float) -> bytearray:
        held = bytearray()
        while len(held) < size:
            self._await(self._replies.fileno(), select.POLLIN, deadline)
            piece = os.read(self._replies.fileno(), min(size - len(held), _PIECE))
            if not piece:
                raise self._death()
            held += piece
        return held

    def _await(self, descriptor: int, event: int, deadline: float) -> None:
        """Raises TimeoutError once the deadline is past."""
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
            raise TimeoutError

    def _death(self) -> LimitExceeded | WorkerLost:
        """What to say of a worker that is gone. By then its pipe is closed, so it ends within moments."""
        try:
            status = self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        if status == -signal.SIGALRM:
            return LimitExceeded(self._too_slow(time.monotonic()))
        if status == -signal.SIGKILL:
            return WorkerLost(f"Its reader was killed from outside, most likely for want of memory. {self._too_large()}")
        if status < 0:
            return WorkerLost(
                f"Its reader crashed ({signal.Signals(-status).name}): the file is damaged, made to do so, or needs more than "
                f"{self._memory / 2**20:,.0f} MiB of memory. Open it in its program, save it again, and ingest anew."
            )
        return WorkerLost("Its reader failed. That is a fault of Footnote: please report it. Leave the file out until it is mended.")

    def _too_slow(self, begun: float) -> str:
        limit = self._seconds if time.monotonic() - begun < self._seconds * MOST_STEPS else self._seconds * MOST_STEPS
        return f"It took longer than {limit:,.10g} s to read, and was stopped. Split it, or raise FOOTNOTE_PARSE_SECONDS."

    def _too_large(self) -> str:
        return f"It needs more than {self._memory / 2**20:,.0f} MiB of memory to read. Split it, or raise FOOTNOTE_PARSE_MEMORY."


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    """In a session of its own: Ctrl-C is for the parent, and no terminal can be reached. In `/`, where no document passes for a module."""
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    try:
        return subprocess.Popen(
            command, bufsize=0, stdin=pipe, stdout=pipe, stderr=nowhere, env=_environment(), cwd="/", start_new_session=True
        )
    except OSError as error:
        raise IngestError(f"No process can be started to read files: {error.strerror}.") from error


def _environment() -> dict[str, str]:
    """Nothing of the parent's but what starts a process: no key and no setting of ours reaches a worker."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | _ENVIRONMENT | {"PYTHONPATH": str(Path(__file__).parents[2])}
