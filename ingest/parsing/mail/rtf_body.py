"""RTF as Outlook packs it into messages ([MS-OXRTFCP]): pieces that stand for earlier ones in a window of 4,096 bytes."""

from __future__ import annotations

import struct

_LARGEST = 50_000_000  # bytes
_WINDOW = 4096
# What the window begins with, so that the usual head of a file packs well.
_HEAD = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
    b"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def unpacked(data: bytes) -> bytes:
    """The RTF. Raises struct.error or ValueError where it is damaged."""
    size, raw, magic = struct.unpack_from("<II4s", data)
    if magic == b"MELA":
        return data[16 : 16 + raw]
    if magic != b"LZFu" or raw > _LARGEST:
        raise ValueError("no packed RTF")
    return bytes(_grown(data[16 : size + 4], raw)[:raw])


def _grown(packed: bytes, most: int) -> bytearray:
    """Each byte of flags says of the next eight pieces whether they are a byte or a place in the window, of twelve bits, with a length,
    of four; the place that is written next ends the text."""
    text = bytearray(_HEAD)
    at = 0
    while at < len(packed) and len(text) - len(_HEAD) < most:
        flags = packed[at]
        at += 1
        for bit in range(8):
            piece = packed[at : at + 1 + (flags >> bit & 1)]
            at += len(piece)
            if len(piece) < 2:
                text += piece
                continue
            place, length = piece[0] << 4 | piece[1] >> 4, (piece[1] & 15) + 2
            back = (len(text) - place) % _WINDOW
            if not back:
                return text[len(_HEAD) :]
            for _ in range(length):
                # What was never written is blank.
                text.append(text[-back] if back <= len(text) else 0x20)
    return text[len(_HEAD) :]
