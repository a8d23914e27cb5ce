"""The one way in: a file's name and bytes to its text.

A new format is a module with `read(data) -> ParsedDocument` and a line in `_READERS`; one that holds pictures or other files takes
`Tools` as well and stands in `_COMPOSED`.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType

from assistant.errors import ParseError
from ingest.parsing.legacy import doc, ppt, xls
from ingest.parsing.mail import mail, msg
from ingest.parsing.office import docx, pptx, xlsx
from ingest.parsing.opendocument import odp, ods, odt
from ingest.parsing.pages import pdf, picture
from ingest.parsing.pages.ocr import Eyes
from ingest.parsing.signature import looks_like
from ingest.parsing.text import delimited, epub, html, json_text, markdown, plain, rst, rtf
from ingest.parsing.tools import Tools
from ingest.types import ParsedDocument

Reader = Callable[[bytes], ParsedDocument]

_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".csv": delimited.read,
        ".doc": doc.read,
        ".docx": docx.read,
        ".epub": epub.read,
        ".htm": html.read,
        ".html": html.read,
        ".json": json_text.read,
        ".jsonl": json_text.read,
        ".markdown": markdown.read,
        ".md": markdown.read,
        ".ndjson": json_text.read,
        ".odp": odp.read,
        ".ods": ods.read,
        ".odt": odt.read,
        ".ppt": ppt.read,
        ".pptx": pptx.read,
        ".rst": rst.read,
        ".rtf": rtf.read,
        ".text": plain.read,
        ".txt": plain.read,
        ".xls": xls.read,
        ".xlsx": xlsx.read,
    }
)
_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
# Readers that look at pictures, or at files inside the file.
_COMPOSED: Mapping[str, Callable[[bytes, Tools], ParsedDocument]] = MappingProxyType(
    {
        ".eml": mail.read,
        ".msg": msg.read,
        ".pdf": pdf.read,
        **dict.fromkeys(_PICTURES, picture.read),
    }
)
SUPPORTED: tuple[str, ...] = tuple(sorted((*_READERS, *_COMPOSED)))
DEEPEST = 3
_BY_SIGNATURE = frozenset(
    {*_PICTURES, ".doc", ".docx", ".epub", ".msg", ".odp", ".ods", ".odt", ".pdf", ".ppt", ".pptx", ".rtf", ".xls", ".xlsx"}
)
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


class FileParser:
    """Reads files in this process (port `Parser`). `alive` is told of each page recognised in a picture."""

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        self._alive = alive
        self._eyes = Eyes(alive)

    def parse(self, name: str, data: bytes) -> ParsedDocument:
        return self._read(name, data, 0)

    def close(self) -> None:
        pass

    def _read(self, name: str, data: bytes, depth: int) -> ParsedDocument:
        suffix = PurePath(name).suffix.lower()
        if suffix not in SUPPORTED:
            raise ParseError(f"Files ending in {suffix or 'nothing'} are not read. Supported: {', '.join(SUPPORTED)}.")
        if depth > DEEPEST:
            raise ParseError(f"It lies more than {DEEPEST} files deep inside others.")
        if not data.strip(b"\0 \t\r\n"):
            return ParsedDocument("", ())
        real = _real_suffix(data, suffix)
        try:
            return _COMPOSED[real](data, self._tools(depth)) if real in _COMPOSED else _READERS[real](data)
        except _DAMAGE as error:
            raise ParseError(f"The file is damaged ({_short(error)}). Open it in its program, save it again, and ingest anew.") from error

    def _tools(self, depth: int) -> Tools:
        return Tools(self._eyes.see, lambda name, data: self._read(name, data, depth + 1), self._alive)


def _real_suffix(data: bytes, suffix: str) -> str:
    """The ending that fits the content; raises ParseError where the content is of no kind that can be read."""
    found = looks_like(data)
    if found is None or (found == "html" and suffix not in _BY_SIGNATURE):
        if suffix in _BY_SIGNATURE:
            raise ParseError(f"The file ends in {suffix} but is none, or it is damaged. Open it in its program and save it again.")
        return ".html" if found and suffix not in (".eml", ".csv") else suffix
    if f".{found}" in SUPPORTED:
        return f".{found}"
    if "password" in found:
        raise ParseError(f"The file is {found}. Save a copy without the password.")
    raise ParseError(f"The file ends in {suffix} but looks like {found}, which is not read. Save it in a supported format.")


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
