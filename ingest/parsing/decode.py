"""Bytes as text: the encodings that office files come in."""

from __future__ import annotations

import codecs
import unicodedata

from assistant.errors import ParseError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096
_MOST_CONTROLS = 0.02
_TEXT_CONTROLS = "\t\n\r\f\v\x1b\x85\x00"


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of a file, with "\\n" as line end.

    A byte order mark decides, then UTF-16 by its pattern of zeros, then UTF-8 if the bytes are valid in it, then `declared` (what
    the file says of itself), then a guess for scripts other than Latin, then Windows-1252.
    Raises ParseError for bytes that are no text.
    """
    text = _decoded(data, declared)
    _refuse_binary(text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if b"\0" in data:
        return _utf16_without_mark(data)
    found = _strictly(data, "utf-8")
    if found is None:
        found = _strictly(data, declared)
    return _guessed(data) if found is None else found


def _strictly(data: bytes, encoding: str | None) -> str | None:
    if not encoding:
        return None
    try:
        # What calls itself Latin-1 is Windows-1252, as every browser reads it.
        name = codecs.lookup(encoding).name
        return data.decode("cp1252" if name == "iso8859-1" else name)
    except (LookupError, ValueError):
        return None


def _utf16_without_mark(data: bytes) -> str:
    """Latin text in UTF-16 has a zero in every other byte, always on the same side."""
    high, low = data[:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
    if len(data) % 2 == 0 and max(high, low) > max(4 * min(high, low), min(len(data), _SAMPLE) // 5):
        text = _strictly(data, "utf-16-be" if high > low else "utf-16-le")
        if text is not None and "\0" not in text:
            return text
    raise ParseError("This is no text file: it holds binary data. Give it the ending of its real format, or leave it out.")


def _guessed(data: bytes) -> str:
    """Guessing encodings is unreliable between the Latin ones, so a guess counts only where it finds another script."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[: 16 * _SAMPLE]).best()
    if best is not None:
        letters = [c for c in str(best)[:_SAMPLE] if c.isalpha() and not c.isascii()]
        foreign = [c for c in letters if not unicodedata.name(c, "").startswith("LATIN")]
        if len(foreign) > len(letters) / 2:
            return data.decode(best.encoding, errors="replace")
    return data.decode("cp1252", errors="replace")


def _refuse_binary(text: str) -> None:
    sample = text[:_SAMPLE]
    controls = sum(c < " " and c not in _TEXT_CONTROLS for c in sample)
    if "\0" in text or controls > _MOST_CONTROLS * len(sample) + 1:
        raise ParseError("This is no text file: it holds binary data. Give it the ending of its real format, or leave it out.")
