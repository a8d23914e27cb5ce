"""The one way in: a path to its text. A new format is a module with `read(data) -> ParsedDocument` and a line in `_READERS`."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from assistant.errors import ParseError
from ingest.parsing import delimited, docx, html, mail, markdown, pdf, plain, pptx, xlsx
from ingest.parsing.signature import looks_like
from ingest.types import ParsedDocument

Reader = Callable[[bytes], ParsedDocument]

_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".csv": delimited.read,
        ".docx": docx.read,
        ".eml": mail.read,
        ".htm": html.read,
        ".html": html.read,
        ".markdown": markdown.read,
        ".md": markdown.read,
        ".pdf": pdf.read,
        ".pptx": pptx.read,
        ".text": plain.read,
        ".txt": plain.read,
        ".xlsx": xlsx.read,
    }
)
SUPPORTED: tuple[str, ...] = tuple(sorted(_READERS))
LARGEST = 50_000_000  # bytes
_BY_SIGNATURE = frozenset({".pdf", ".docx", ".pptx", ".xlsx"})
# What the readers of binary formats raise on damaged files; each is a fault of the file, not of this program's state.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def parse(path: Path) -> ParsedDocument:
    """The text of one file. A file without text gives an empty text; one that cannot be read raises ParseError, which says why."""
    try:
        return _parsed(_content(path), path.suffix.lower())
    except ParseError as error:
        name = path.name.encode("utf-8", "replace").decode("utf-8")
        raise ParseError(f"{name}: {error}") from error


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ParseError(f"The file has {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB are read. Split it or leave it out.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ParseError(f"The file cannot be opened: {reason}. Check that it exists and may be read.") from error


def _parsed(data: bytes, suffix: str) -> ParsedDocument:
    if suffix not in _READERS:
        raise ParseError(f"Files ending in {suffix or 'nothing'} are not read. Supported: {', '.join(SUPPORTED)}.")
    if not data.strip(b"\0 \t\r\n"):
        return ParsedDocument("", ())
    reader = _READERS[_real_suffix(data, suffix)]
    try:
        return reader(data)
    except _DAMAGE as error:
        raise ParseError(f"The file is damaged ({_short(error)}). Open it in its program, save it again, and ingest anew.") from error


def _real_suffix(data: bytes, suffix: str) -> str:
    """The ending that fits the content; raises ParseError where the content is of no kind that can be read."""
    found = looks_like(data)
    if found is None or (found == "html" and suffix not in _BY_SIGNATURE):
        if suffix in _BY_SIGNATURE:
            raise ParseError(f"The file ends in {suffix} but is none, or it is damaged. Open it in its program and save it again.")
        return ".html" if found and suffix not in (".eml", ".csv") else suffix
    if f".{found}" in _READERS:
        return f".{found}"
    if "password" in found:
        raise ParseError(f"The file is {found}. Save a copy without the password.")
    raise ParseError(f"The file ends in {suffix} but looks like {found}, which is not read. Save it in a supported format.")


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
