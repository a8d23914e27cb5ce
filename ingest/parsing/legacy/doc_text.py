"""The text of a Word 97-2003 file ([MS-DOC] 2.4.1): it lies in pieces, in the order and encoding that a table of pieces says.

Positions in the text count characters, places count bytes of the stream that holds them. Whatever a file claims, no more is read of it
than twice its length.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.errors import ParseError

_MAGIC, _WORD_97 = 0xA5EC, 0xC0
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_LENGTHS = 0x4C  # where the header tells how long the stories are
_TABLES = 0x9A  # where it tells the place and length of each table
_PIECES = 33
_IN_BYTES = 0x40000000  # set where a character takes one byte
_PLACE_BITS = 0x3FFFFFFF
_LETTER = re.compile("[^\r\x07\x0c\x13\x14\x15]")


@dataclass(frozen=True, slots=True)
class Streams:
    """`word` begins with the header, `table` is the one of two that counts, `data` holds what is too long for the others."""

    word: bytes
    table: bytes
    data: bytes

    def content(self, number: int) -> bytes:
        """A table by its number in the header ([MS-DOC] 2.5.6)."""
        start, length = struct.unpack_from("<II", self.word, _TABLES + 8 * number)
        return self.table[start : start + length]

    def keys(self, number: int, size: int) -> tuple[int, ...]:
        """The positions or places of a table that states `size` bytes for each of them but the last."""
        content = self.content(number)
        count = (len(content) - 4) // (4 + size) + 1 if len(content) >= 4 else 0
        return struct.unpack_from(f"<{count}I", content)


@dataclass(frozen=True, slots=True)
class Piece:
    """The text from `start` to `end` lies at `place`, `width` bytes a character."""

    start: int
    end: int
    place: int
    width: int


def opened(word: bytes, tables: tuple[bytes, bytes], data: bytes) -> Streams:
    """Raises ParseError for a file that is protected or from before Word 97, struct.error or ValueError for one that is damaged."""
    magic, version = struct.unpack_from("<HH", word)
    flags = struct.unpack_from("<H", word, 10)[0]
    if magic != _MAGIC:
        raise ValueError("no Word document")
    if version < _WORD_97:
        raise ParseError(
            "It is a document of Word 95 or older, which is not read. Save it as .docx (soffice --convert-to docx does it, too)."
        )
    if flags & _ENCRYPTED:
        raise ParseError("The document is protected by a password. Save a copy without the password.")
    return Streams(word, tables[bool(flags & _SECOND_TABLE)], data)


def stories(streams: Streams) -> list[tuple[int, int]]:
    """Where the document, its footnotes, headers, macros, comments, endnotes and text boxes begin and end, in that order."""
    edges = [0]
    for length in struct.unpack_from("<7i", streams.word, _LENGTHS):
        edges.append(edges[-1] + max(length, 0))
    return list(pairwise(edges))


def pieces(streams: Streams) -> list[Piece]:
    content = streams.content(_PIECES)
    at = 0
    while content[at : at + 1] == b"\x01":  # formats of pieces that were saved in a hurry
        at += 3 + struct.unpack_from("<H", content, at + 1)[0]
    if content[at : at + 1] != b"\x02":
        raise ValueError("no table of pieces")
    table = content[at + 5 : at + 5 + struct.unpack_from("<I", content, at + 1)[0]]
    count = max((len(table) - 4) // 12, 0)
    edges = struct.unpack_from(f"<{count + 1}I", table)
    if any(a >= b for a, b in pairwise(edges)) or edges[-1] - edges[0] > 2 * len(streams.word):
        raise ValueError("its table of pieces is damaged")
    places = [struct.unpack_from("<I", table, 4 * (count + 1) + 8 * index + 2)[0] for index in range(count)]
    return [_piece(start, end, place) for (start, end), place in zip(pairwise(edges), places, strict=True)]


def place_of(found: Sequence[Piece], position: int) -> int:
    piece = found[max(bisect_right(found, position, key=lambda one: one.start) - 1, 0)]
    return piece.place + (position - piece.start) * piece.width


def text(streams: Streams, found: Sequence[Piece], unseen: Sequence[tuple[int, int]]) -> str:
    """All stories; letters in the ranges of places `unseen`, which are in order and apart, are zeros."""
    parts: list[str] = []
    for piece in found:
        letters, at = _decoded(streams.word, piece), 0
        for start, end in _within(piece, unseen):
            parts += (letters[at:start], _LETTER.sub("\0", letters[start:end]))
            at = end
        parts.append(letters[at:])
    return "".join(parts)


def _piece(start: int, end: int, place: int) -> Piece:
    return Piece(start, end, (place & _PLACE_BITS) // 2, 1) if place & _IN_BYTES else Piece(start, end, place & _PLACE_BITS, 2)


def _decoded(word: bytes, piece: Piece) -> str:
    """A character for each position, also where two halves of one make up a letter."""
    count = piece.end - piece.start
    data = word[piece.place : piece.place + count * piece.width]
    letters = data.decode("cp1252" if piece.width == 1 else "utf-16-le", "replace")
    if piece.width == 2 and len(letters) != count:
        letters = "".join(map(chr, struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2])))
    return letters.ljust(count, "\0")


def _within(piece: Piece, unseen: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges of a piece's letters that lie in ranges of places."""
    end = piece.place + (piece.end - piece.start) * piece.width
    first = max(bisect_right(unseen, piece.place, key=lambda one: one[0]) - 1, 0)
    last = bisect_right(unseen, end, key=lambda one: one[0])
    inside = [(max(start, piece.place), min(stop, end)) for start, stop in unseen[first:last]]
    return [((a - piece.place) // piece.width, (b - piece.place) // piece.width) for a, b in inside if a < b]
