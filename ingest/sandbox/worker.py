"""What runs in a worker: reads one file after the other from its pipe, until the pipe ends.

Started by `ingest.sandbox.process` as `python -m ingest.sandbox.worker READERS SECONDS MEMORY`, where READERS is `module:name` of what
makes the parser, given a function to call between steps.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import IO

from assistant.errors import ParseError
from ingest.ports import Parser
from ingest.sandbox import wire
from ingest.sandbox.limits import LIBRARIES, confine, private_memory, was_scarce

# A worker ends itself this much after its parent would have ended it: for the case that the parent is gone.
_GRACE = 2  # seconds


def main(readers: str, seconds: str, memory: str) -> None:
    requests, replies = _pipes()
    limit = int(float(seconds)) + _GRACE
    module, _, name = readers.partition(":")

    def alive() -> None:
        signal.alarm(limit)
        wire.write_frame(replies, wire.ALIVE)

    parser: Parser = getattr(importlib.import_module(module), name)(alive)
    confine(int(memory))
    wire.write_frame(replies, wire.READY)
    while (request := _request(requests)) is not None:
        signal.alarm(limit)
        kind, payload = _read(parser, *request, int(memory))
        del request
        wire.write_frame(replies, kind, payload)
        signal.alarm(0)
        if kind == wire.NO_MEMORY or private_memory() > LIBRARIES:
            return  # the next file has a right to all the memory that is promised


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes to the parent, moved away from where libraries read and print."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return requests, replies


def _request(requests: IO[bytes]) -> tuple[str, bytes] | None:
    name, content = wire.read_frame(requests), wire.read_frame(requests)
    return (os.fsdecode(name[1]), content[1]) if name is not None and content is not None else None


def _read(parser: Parser, name: str, data: bytes, memory: int) -> tuple[bytes, bytes]:
    """Kind and payload of the reply. What is neither a ParseError nor a lack of memory is a fault of ours and ends the worker."""
    try:
        return wire.DOCUMENT, wire.encode(parser.parse(name, data))
    except ParseError as error:
        if error.__cause__ is not None and was_scarce(memory):
            return wire.NO_MEMORY, wire.PERHAPS
        return wire.REFUSED, str(error)[: wire.MOST_WORDS].encode("utf-8", "replace")
    except MemoryError:
        return wire.NO_MEMORY, b""


if __name__ == "__main__":
    main(*sys.argv[1:])
