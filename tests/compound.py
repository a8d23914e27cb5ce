"""Writes compound files, in which Outlook messages and old Office files lie, as [MS-CFB] describes them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Tree: TypeAlias = "Mapping[str, bytes | Tree]"

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR, _SMALL, _CUTOFF = 512, 64, 4096
_END, _FAT, _NONE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_FOLDER, _STREAM, _ROOT = 1, 2, 5


@dataclass
class _Space:
    """Sectors of one size, each with the number of the next."""

    size: int
    data: bytearray = field(default_factory=bytearray)
    next: list[int] = field(default_factory=list)

    def put(self, content: bytes) -> int:
        """Appends content; returns the number of its first sector."""
        if not content:
            return _END
        start = len(self.next)
        count = -(-len(content) // self.size)
        self.data += content.ljust(count * self.size, b"\0")
        self.next += [*range(start + 1, start + count), _END]
        return start


def compound(tree: Tree) -> bytes:
    """A file with these streams and folders."""
    large, small = _Space(_SECTOR), _Space(_SMALL)
    entries: list[bytes] = [b""]
    child = _entries(tree, entries, large, small)
    entries[0] = _entry("Root Entry", _ROOT, child=child, start=large.put(bytes(small.data)), size=len(small.data))
    small_table = large.put(struct.pack(f"<{len(small.next)}I", *small.next))
    small_sectors = -(-4 * len(small.next) // _SECTOR)
    folder = large.put(b"".join(entries))
    first_fat = len(large.next)
    fats = -(-(first_fat + 1) // (_SECTOR // 4 - 1))
    large.next += [_FAT] * fats
    table = struct.pack(f"<{len(large.next)}I", *large.next).ljust(fats * _SECTOR, b"\xff")
    places = [first_fat + i if i < fats else _NONE for i in range(109)]
    versions = struct.pack("<8s16x5H6x", SIGNATURE, 0x3E, 3, 0xFFFE, 9, 6)
    counts = struct.pack("<9I", 0, fats, folder, 0, _CUTOFF, small_table, small_sectors, _END, 0)
    return versions + counts + struct.pack("<109I", *places) + bytes(large.data) + table


def _entries(tree: Tree, entries: list[bytes], large: _Space, small: _Space) -> int:
    """Appends the entries of a folder's content, each the right neighbour of the one before; returns the first one's number."""
    first = len(entries) if tree else _NONE
    before = None
    for name, content in tree.items():
        own = len(entries)
        entries.append(b"")
        if isinstance(content, bytes):
            start = (large if len(content) >= _CUTOFF else small).put(content)
            entries[own] = _entry(name, _STREAM, start=start, size=len(content))
        else:
            entries[own] = _entry(name, _FOLDER, child=_entries(content, entries, large, small))
        if before is not None:
            entries[before] = entries[before][:72] + struct.pack("<I", own) + entries[before][76:]
        before = own
    return first


def _entry(name: str, kind: int, child: int = _NONE, start: int = 0, size: int = 0) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    head = written.ljust(64, b"\0") + struct.pack("<HBBIII", len(written), kind, 1, _NONE, _NONE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
