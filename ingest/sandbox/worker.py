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
from ingest.sandbox.limits import confine

# A worker ends itself this much after its parent would have ended it: for the case that the parent is gone.
_GRACE = 5  # seconds


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
        kind, payload = _read(parser, *request)
        del request
        wire.write_frame(replies, kind, payload)
        signal.alarm(0)
        if kind == wire.NO_MEMORY:
            return


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


def _read(parser: Parser, name: str, data: bytes) -> tuple[bytes, bytes]:
    """Kind and payload of the reply. What is neither a ParseError nor a lack of memory is a fault of ours and ends the worker."""
    try:
        document = parser.parse(name, data)
        if len(document.blocks) > wire.MOST_BLOCKS:
            raise ParseError(f"It holds more than {wire.MOST_BLOCKS:,} paragraphs and rows. Split it.")
        payload = wire.encode(document)
        if len(payload) > wire.LARGEST_REPLY:
            raise ParseError(f"It holds more than {wire.LARGEST_REPLY / 1e6:.0f} MB of text. Split it.")
        return wire.DOCUMENT, payload
    except ParseError as error:
        return wire.REFUSED, str(error)[: wire.MOST_WORDS].encode("utf-8", "replace")
    except MemoryError:
        return wire.NO_MEMORY, b""


if __name__ == "__main__":
    main(*sys.argv[1:])
