"""What parent and worker say to each other: frames of a kind, a length and a payload; documents as JSON.

A worker that has read a hostile file may send anything, so what comes from it is rebuilt piece by piece, never unpickled, and a reply
with one thing wrong is refused whole.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from datetime import date
from typing import IO, Any, get_args

from ingest.types import Block, BlockKind, ParsedDocument

HEADER = struct.Struct(">cQ")
# From the parent: the file's name, then its bytes. From the worker: once READY, then ALIVE as often as it likes and one of the others.
NAME, CONTENT = b"N", b"C"
READY, ALIVE, DOCUMENT, REFUSED, NO_MEMORY = b"R", b"A", b"D", b"E", b"M"

LARGEST_REPLY = 200_000_000  # bytes
MOST_BLOCKS = 1_000_000
MOST_WORDS = 2_000  # characters of a refusal or warning
LONGEST_TITLE = 2_000
DEEPEST = 10_000  # levels of lists
_MOST_PAGES = 1_000_000
_KINDS: tuple[BlockKind, ...] = get_args(BlockKind)
_FIELDS = {"text", "blocks", "title", "front_matter", "warnings"}


class Malformed(ValueError):
    """A reply that no honest worker sends."""


def read_frame(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Kind and payload; None at the end of the stream, also where it ends within a frame."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    kind, size = HEADER.unpack(header)
    payload = stream.read(size)
    return (kind, payload) if len(payload) == size else None


def write_frame(stream: IO[bytes], kind: bytes, payload: bytes = b"") -> None:
    stream.write(HEADER.pack(kind, len(payload)))
    stream.write(payload)
    stream.flush()


def encode(document: ParsedDocument) -> bytes:
    """Dates become ISO text; characters that are half a pair become question marks."""
    value = {
        "text": document.text,
        "blocks": [(_KINDS.index(b.kind), b.start, b.end, b.level, b.page) for b in document.blocks],
        "title": document.title,
        "front_matter": document.front_matter,
        "warnings": [warning[:MOST_WORDS] for warning in document.warnings],
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode("utf-8", "replace")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def decode(payload: bytes) -> ParsedDocument:
    """Raises Malformed unless every part is what `ParsedDocument` promises."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    _check(isinstance(value, dict) and set(value) == _FIELDS, "fields")
    text = _text(value["text"])
    title = None if value["title"] is None else _text(value["title"], LONGEST_TITLE)
    _check(isinstance(value["front_matter"], dict) and isinstance(value["warnings"], list), "front matter or warnings")
    _check(_whole(str(value["front_matter"])), "front matter")
    warnings = tuple(_text(warning, MOST_WORDS) for warning in value["warnings"])
    return ParsedDocument(text, _blocks(value["blocks"], text), title, value["front_matter"], warnings)


def _blocks(rows: Any, text: str) -> tuple[Block, ...]:
    """Known kinds, in order, apart from each other by white space alone."""
    _check(isinstance(rows, list) and len(rows) <= MOST_BLOCKS, "blocks")
    blocks: list[Block] = []
    at = 0
    for row in rows:
        _check(isinstance(row, list) and len(row) == 5, "block")
        kind, start, end, level, page = row
        _check(all(type(number) is int for number in (kind, start, end, level)), "block's numbers")
        _check(0 <= kind < len(_KINDS) and at <= start < end <= len(text) and 0 <= level <= DEEPEST, "block's range")
        _check(page is None or (type(page) is int and 1 <= page <= _MOST_PAGES), "page")
        _check(not text[at:start].strip(), "text between blocks")
        blocks.append(Block(_KINDS[kind], start, end, level, page))
        at = end
    _check(not text[at:].strip(), "text after the blocks")
    return tuple(blocks)


def _text(value: Any, longest: int = LARGEST_REPLY) -> str:
    _check(isinstance(value, str) and len(value) <= longest and _whole(value), "text")
    return str(value)


def _whole(text: str) -> bool:
    """Whether it can be written as UTF-8: halves of pairs cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise Malformed(what)
