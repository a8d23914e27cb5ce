"""Compound files ("OLE"): a small file system in one file, in which Outlook messages and Office files from before 2007 lie. By olefile."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]  # olefile ships no types

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER = 512  # bytes
_SECTOR_SHIFTS = (9, 12)
_COUNTS = (0x2C, 0x40, 0x48)  # where the header counts the sectors of the three allocation tables


@contextmanager
def open_ole(data: bytes) -> Iterator[OleFileIO]:
    """The file, if it promises no more sectors and bytes than it has: olefile allots what is promised, and follows loops until then.
    Raises OSError, or another error of damage, where it is broken."""
    import olefile

    _refuse_false_header(data)
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        if sum(entry.size for entry in ole.direntries if entry is not None) > 2 * len(data):  # small streams lie in one of their own
            raise OSError("its streams are larger than the file")
        yield ole


def stream(ole: OleFileIO, *path: str) -> bytes:
    """The bytes of a stream, none where the file has no such stream."""
    found = "/".join(path)
    return bytes(ole.openstream(found).read()) if ole.get_type(found) == _stream_type() else b""


def folders(ole: OleFileIO, path: Sequence[str], prefix: str) -> list[str]:
    """The names of the folders right below a path that begin with a prefix, in their order."""
    entries = ole.listdir(streams=False, storages=True)
    below = [entry[-1] for entry in entries if len(entry) == len(path) + 1 and entry[:-1] == list(path)]
    return sorted(name for name in below if name.startswith(prefix))


def _stream_type() -> int:
    import olefile

    return int(olefile.STGTY_STREAM)


def _refuse_false_header(data: bytes) -> None:
    if len(data) < _HEADER or not data.startswith(SIGNATURE):
        raise OSError("no compound file")
    shift = struct.unpack_from("<H", data, 0x1E)[0]
    if shift not in _SECTOR_SHIFTS or any(struct.unpack_from("<I", data, at)[0] > len(data) >> shift for at in _COUNTS):
        raise OSError("its header promises more than it holds")
