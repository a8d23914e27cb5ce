"""The pieces of an RTF file (Rich Text Format Specification 1.9.1, Microsoft 2008), and the code pages that its letters are in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9A-Fa-f]{2})|\\(?P<symbol>[^A-Za-z])|(?P<brace>[{}])"
    rb"|(?P<text>[^\\{}\r\n]+)"
)
Kind = Literal["word", "byte", "open", "close", "text"]

# Character sets of fonts (`\fcharset`) by Python's names; 0 and 1 mean the file's own code page.
_CHARSETS: Mapping[int, str] = MappingProxyType(
    {
        77: "mac_roman",
        128: "cp932",
        129: "cp949",
        130: "johab",
        134: "gbk",
        136: "cp950",
        161: "cp1253",
        162: "cp1254",
        163: "cp1258",
        177: "cp1255",
        178: "cp1256",
        186: "cp1257",
        204: "cp1251",
        222: "cp874",
        238: "cp1250",
        254: "cp437",
        255: "cp850",
    }
)


class Token(NamedTuple):
    """`value` is a control word or symbol, a byte of `\\'hh`, or a run of text; `number` is a control word's, None without one."""

    kind: Kind
    value: bytes
    number: int | None = None


def tokens(data: bytes) -> Iterator[Token]:
    at = 0
    while at < len(data):
        match = _TOKEN.match(data, at)
        if match is None:  # a line end, which means nothing, or a backslash at the file's end
            at += 1
            continue
        at = match.end()
        token = _token(match)
        if token.value == b"bin" and token.kind == "word":
            at += max(token.number or 0, 0)  # bytes of a picture
        else:
            yield token


def _token(match: re.Match[bytes]) -> Token:
    if match["text"] is not None:
        return Token("text", match["text"])
    if match["word"] is not None:
        return Token("word", match["word"], None if match["number"] is None else int(match["number"]))
    if match["brace"] is not None:
        return Token("open" if match["brace"] == b"{" else "close", b"")
    if match["hex"] is not None:
        return Token("byte", bytes.fromhex(match["hex"].decode("ascii")))
    return Token("word", match["symbol"])


def charset(number: int | None, default: str) -> str:
    return _CHARSETS.get(number or 0, default)


def whole(text: str) -> str:
    """The text with the halves of characters beyond the first 65,536, which RTF writes one by one, put together."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
