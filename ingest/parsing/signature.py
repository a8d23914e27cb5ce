"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from ingest.parsing.legacy.ole import SIGNATURE, open_ole

_ODF = b"application/vnd.oasis.opendocument."
# What the part `mimetype` begins with, which these formats put first. Templates ("text-template") are read as what they make.
_STATED = ((_ODF + b"text", "odt"), (_ODF + b"spreadsheet", "ods"), (_ODF + b"presentation", "odp"), (b"application/epub+zip", "epub"))
_PARTS = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "xl/workbook.xml": "xlsx"}
_MAGIC = (
    (b"\x89PNG\r\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"II*\0", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"MM\0+", "tiff"),
    (b"BM", "bmp"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"OggS", "an Ogg recording"),
    (b"ID3", "an MP3 recording"),
    (b"%!PS", "a PostScript document"),
)
_ENCRYPTED = 1  # of the bits that describe a part
_MANIFEST_START = 10_000  # bytes
_SHORT_MAGIC = 4  # two or three letters may also begin a text, so they count only in bytes that are none
_RIGHTS = "\x06DataSpaces/TransformInfo/DRMEncryptedTransform"
_STREAMS = {
    "__properties_version1.0": "msg",
    "WordDocument": "doc",
    "PowerPoint Document": "ppt",
    "Workbook": "xls",
    "Book": "xls",
    "PP40": "a PowerPoint 95 presentation",
}
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL)


def looks_like(data: bytes) -> str | None:
    """The ending of the format that the bytes are in ("pdf", "docx", "odt", "rtf", "html" …), else a description that begins with an
    article ("a gzip archive"), else None: text, or nothing known."""
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _in_zip(data)
    if data.startswith(SIGNATURE):
        return _in_ole(data)
    if _HTML.match(data[:4096]):
        return "html"
    if data[4:8] == b"ftyp":
        return "a video or picture"
    if data.startswith(b"RIFF") and data[8:12] in (b"WAVE", b"AVI ", b"WEBP"):
        return "webp" if data[8:12] == b"WEBP" else "a recording"
    return next((what for magic, what in _MAGIC if data.startswith(magic) and _counts(magic, data)), None)


def _counts(magic: bytes, data: bytes) -> bool:
    return len(magic) >= _SHORT_MAGIC or b"\0" in data[:1024]


def _in_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if any(part.flag_bits & _ENCRYPTED for part in archive.infolist()):
                return "a ZIP archive protected by a password"
            kind = _stated_kind(archive, names)
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError, EOFError, zlib.error):
        return "a damaged ZIP archive or Office document"
    found = next((suffix for part, suffix in _PARTS.items() if part in names), None)
    found = found or next((suffix for start, suffix in _STATED if kind.startswith(start)), None)
    if found is None and kind.startswith(_ODF):
        found = "an OpenDocument drawing, formula or database"
    return found or "a ZIP archive"


def _stated_kind(archive: zipfile.ZipFile, names: set[str]) -> bytes:
    """What the archive says it is, in its part `mimetype` or, packed anew by hand, in its manifest."""
    for name in ("mimetype", "META-INF/manifest.xml"):
        if name in names:
            with archive.open(name) as part:
                start = part.read(_MANIFEST_START)
            return start.strip() if name == "mimetype" else start[max(start.find(_ODF), 0) :]
    return b"application/epub+zip" if "META-INF/container.xml" in names else b""


def _in_ole(data: bytes) -> str:
    try:
        with open_ole(data) as ole:
            if ole.exists(_RIGHTS):
                return "an Office document under rights management"
            if ole.exists("EncryptedPackage"):
                return "an Office document protected by a password"
            return next((kind for name, kind in _STREAMS.items() if ole.exists(name)), "an old Office document")
    except (OSError, LookupError, RuntimeError, TypeError, ValueError, struct.error):
        return "a damaged Office document or Outlook message"
