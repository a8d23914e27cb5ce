"""What an ingest needs from outside."""

from __future__ import annotations

from typing import Protocol

from ingest.types import ParsedDocument


class Parser(Protocol):
    """Turns a file's bytes into text. Safe to call from several threads."""

    def parse(self, name: str, data: bytes) -> ParsedDocument:
        """`name` is the file's name, whose ending says the format. A file without text gives an empty text; one that cannot be read
        raises ParseError, which says why and what to do, without the file's name."""
        ...

    def close(self) -> None: ...
