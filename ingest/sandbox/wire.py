"""What parent and worker say to each other: frames of a kind, a length and a payload.

A worker that has read a hostile file may send anything, so nothing is unpickled: a document comes as JSON for what is small, rows of
numbers for its blocks and UTF-8 for its text, each bounded in size before it is looked at, and a reply with one thing wrong is refused
whole.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import IO, get_args

from assistant.errors import ParseError
from ingest.parsing.draft import DEEPEST_HEADING, LONGEST_HEADER, LONGEST_HEADING, one_line
from ingest.types import Block, BlockKind, ParsedDocument

HEADER = struct.Struct(">cQ")
# From the parent: the file's name, then its bytes. From the worker: once READY, then ALIVE as often as it likes and one of the others.
NAME, CONTENT = b"N", b"C"
READY, ALIVE, DOCUMENT, REFUSED, NO_MEMORY = b"R", b"A", b"D", b"E", b"M"
PERHAPS = b"?"  # with NO_MEMORY: it may have been an earlier file that took the memory

LARGEST_TEXT = 100_000_000  # bytes
LARGEST_FACTS = 1_000_000
MOST_BLOCKS = 1_000_000
MOST_STATED = 10_000  # values of front matter
MOST_WORDS = 2_000  # characters of a refusal or warning
_MOST_WARNINGS = 100
_PARTS = struct.Struct(">QQ")  # bytes of facts and of blocks; the text is the rest
_BLOCK = struct.Struct(">BIIII")  # kind, start, end, level, page (0: none)
LARGEST_REPLY = _PARTS.size + LARGEST_FACTS + MOST_BLOCKS * _BLOCK.size + LARGEST_TEXT
_DEEPEST_LIST = 10_000
_KINDS: tuple[BlockKind, ...] = get_args(BlockKind)
# Of what is repeated with every chunk below it: longest text and deepest level.
_BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"heading": (LONGEST_HEADING, DEEPEST_HEADING), "table_header": (LONGEST_HEADER, 0)}
)


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
    """Dates become ISO text; characters that are half a pair become question marks. Raises ParseError for what is too large to be sent."""
    if len(document.blocks) > MOST_BLOCKS:
        raise ParseError(f"It holds more than {MOST_BLOCKS:,} paragraphs and rows. Split it.")
    text = document.text.encode("utf-8", "replace")
    if len(text) > LARGEST_TEXT:
        raise ParseError(f"It holds more than {LARGEST_TEXT / 1e6:.0f} MB of text. Split it.")
    warnings = [warning[:MOST_WORDS] for warning in document.warnings[:_MOST_WARNINGS]]
    facts = {"title": document.title, "front_matter": _stated(document.front_matter), "warnings": warnings}
    written = json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace")
    if len(written) > LARGEST_FACTS:
        raise ParseError(f"The front matter holds more than {LARGEST_FACTS / 1e6:.0f} MB. State less there.")
    blocks = b"".join(_BLOCK.pack(_KINDS.index(b.kind), b.start, b.end, min(b.level, _DEEPEST_LIST), b.page or 0) for b in document.blocks)
    return b"".join((_PARTS.pack(len(written), len(blocks)), written, blocks, text))


def _stated(front_matter: Mapping[str, object]) -> dict[str, object]:
    """Front matter in JSON's terms, which know no aliases: what they repeat is written out, so it is counted."""
    left = iter(range(MOST_STATED))

    def plain(value: object) -> object:
        if next(left, None) is None:
            raise ParseError(f"The front matter holds more than {MOST_STATED:,} values. State less there.")
        if isinstance(value, Mapping):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [plain(item) for item in value]
        if isinstance(value, date):
            return value.isoformat()
        return value if value is None or isinstance(value, bool | int | float | str) else str(value)

    return {str(key): plain(item) for key, item in front_matter.items()}


def decode(payload: bytes | bytearray) -> ParsedDocument:
    """Raises Malformed unless every part is what `ParsedDocument` promises."""
    _check(_PARTS.size <= len(payload) <= LARGEST_REPLY, "size")
    facts_size, blocks_size = _PARTS.unpack_from(payload)
    _check(facts_size <= LARGEST_FACTS and blocks_size <= MOST_BLOCKS * _BLOCK.size and blocks_size % _BLOCK.size == 0, "sizes")
    view = memoryview(payload)[_PARTS.size :]
    _check(facts_size + blocks_size <= len(view), "sizes")
    try:
        text = str(view[facts_size + blocks_size :], "utf-8")
        facts = json.loads(bytes(view[:facts_size]))
        json.dumps(facts, ensure_ascii=False).encode()  # halves of pairs cannot be written
    except (ValueError, RecursionError) as error:
        raise Malformed("text or facts") from error
    _check(isinstance(facts, dict) and set(facts) == {"title", "front_matter", "warnings"}, "fields")
    title, front_matter, warnings = facts["title"], facts["front_matter"], facts["warnings"]
    _check(title is None or (isinstance(title, str) and len(title) <= LONGEST_HEADING), "title")
    _check(isinstance(front_matter, dict), "front matter")
    _check(isinstance(warnings, list) and all(isinstance(said, str) for said in warnings), "warnings")
    blocks = _blocks(view[facts_size : facts_size + blocks_size], text)
    return ParsedDocument(text, blocks, title, front_matter, tuple(one_line(said[:MOST_WORDS]) for said in warnings[:_MOST_WARNINGS]))


def _blocks(rows: memoryview, text: str) -> tuple[Block, ...]:
    """Known kinds, in order, apart from each other by white space alone."""
    blocks: list[Block] = []
    at = 0
    for kind, start, end, level, page in _BLOCK.iter_unpack(rows):
        _check(kind < len(_KINDS) and at <= start < end <= len(text), "block's range")
        longest, deepest = _BOUNDS.get(_KINDS[kind], (len(text), _DEEPEST_LIST))
        _check(end - start <= longest and level <= deepest, "block's size")
        _check(not text[at:start].strip(), "text between blocks")
        blocks.append(Block(_KINDS[kind], start, end, level, page or None))
        at = end
    _check(not text[at:].strip(), "text after the blocks")
    return tuple(blocks)


def refusal(payload: bytes | bytearray) -> ParseError:
    """What the reader says is wrong with the file, in one line."""
    return ParseError(one_line(payload.decode("utf-8", "replace"))[:MOST_WORDS])


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise Malformed(what)
