"""What a file might make its reader do, on purpose: made in a worker in `FileParser`'s place. The name of a "file" says what it does."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from assistant.errors import ParseError
from ingest.types import Block, ParsedDocument

REFUSED, DONE = "refused", "done"


class HostileReader:
    """`parse("name", data)` does `name`; tricks answer with REFUSED or DONE."""

    def __init__(self, alive: Callable[[], None]) -> None:
        self._alive = alive
        self._held: list[bytes] = []
        self._read = 0
        self._libc = ctypes.CDLL(None, use_errno=True)  # as machine code would, past Python's own hooks

    def parse(self, name: str, data: bytes) -> ParsedDocument:
        self._read += 1
        answer: object = getattr(self, name)(data.decode())
        return _document(REFUSED if answer is False else DONE if answer in (None, True) else str(answer))

    def close(self) -> None:
        pass

    # What happens to a reader.

    def echo(self, text: str) -> str:
        return text

    def process(self, _: str) -> int:
        return os.getpid()

    def refuse(self, text: str) -> None:
        raise ParseError(text)

    def hang(self, _: str) -> None:
        while True:
            pass

    def hang_in_machine_code(self, _: str) -> None:
        re.match(r"(a+)+$", "a" * 60 + "b")

    def crash(self, _: str) -> None:
        ctypes.string_at(0)

    def crash_if_used(self, _: str) -> None:
        if self._read > 1:
            ctypes.string_at(0)

    def fail(self, _: str) -> None:
        sys.exit(1)

    def take_memory(self, mebibytes: str) -> None:
        bytearray(int(mebibytes) * 2**20)

    def keep_memory(self, mebibytes: str) -> None:
        self._held.append(bytes(int(mebibytes) * 2**20))

    def beat(self, seconds: str) -> None:
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            time.sleep(0.01)
            self._alive()

    def print_and_read(self, _: str) -> str:
        print("noise on stdout")
        os.write(1, b"noise on stdout")
        os.write(2, b"noise on stderr")
        return str(os.read(0, 10))

    def send(self, raw: str) -> None:
        """Writes to the parent what no honest worker does."""
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, bytes.fromhex(raw))
            except OSError:
                continue

    # What it should not be able to do: False where it is not.

    def open_socket(self, _: str) -> bool:
        return _works(lambda: socket.socket().close())

    def resolve_name(self, _: str) -> bool:
        return _works(lambda: socket.getaddrinfo("localhost", 80))

    def open_socket_in_machine_code(self, _: str) -> bool:
        return any(self._libc.socket(family, 1, 0) >= 0 for family in (1, 2, 10, 16))

    def start_program(self, _: str) -> bool:
        return _works(lambda: subprocess.run([sys.executable, "-c", ""], check=False))

    def fork(self, _: str) -> bool:
        return _works(os.fork)

    def fork_in_machine_code(self, _: str) -> bool:
        child = self._libc.fork()
        if child == 0:
            os._exit(0)
        return bool(child > 0)

    def execute_in_machine_code(self, _: str) -> bool:
        return bool(self._libc.execv(b"/bin/true", 0) != -1)

    def kill_parent(self, _: str) -> bool:
        return _works(lambda: os.kill(os.getppid(), 0))

    def kill_parent_in_machine_code(self, _: str) -> bool:
        tgkill = {"x86_64": 234, "aarch64": 131}[os.uname().machine]
        return bool(self._libc.kill(os.getppid(), 0) == 0 or self._libc.syscall(tgkill, os.getppid(), os.getppid(), 0) == 0)

    def write(self, path: str) -> bool:
        return _works(lambda: Path(path).write_text("x", encoding="utf-8"))

    def write_in_machine_code(self, path: str) -> bool:
        return bool(self._libc.open(path.encode(), os.O_CREAT | os.O_WRONLY, 0o600) >= 0)

    def remove_in_machine_code(self, path: str) -> bool:
        return any(call(path.encode()) == 0 for call in (self._libc.unlink, self._libc.rmdir))

    def truncate_in_machine_code(self, path: str) -> bool:
        return bool(self._libc.truncate(path.encode(), 0) == 0)

    def rename_in_machine_code(self, path: str) -> bool:
        return bool(self._libc.rename(path.encode(), f"{path}-moved".encode()) == 0)

    def raise_limits(self, _: str) -> bool:
        most = resource.RLIM_INFINITY
        return _works(lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)))

    def read(self, path: str) -> bool:
        return _works(lambda: Path(path).read_bytes())

    def read_parents_environment(self, _: str) -> bool:
        return _works(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes())

    def environment(self, _: str) -> str:
        return " ".join(sorted(os.environ))

    def folder(self, _: str) -> str:
        return str(Path.cwd())

    def start_thread(self, _: str) -> bool:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        return True


def _works(act: Callable[[], object]) -> bool:
    try:
        act()
    except (OSError, ValueError):
        return False
    return True


def _document(text: str) -> ParsedDocument:
    return ParsedDocument(text, (Block("paragraph", 0, len(text)),) if text else ())
