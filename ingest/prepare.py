"""Makes of one file what the index holds of it: parse, join with its metadata, cut into chunks. A failure stays the file's own."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from assistant.documents import FileRecord
from assistant.errors import ParseError
from assistant.retrieval import sentences
from assistant.types import Chunk, Document
from ingest import chunking, metadata, parsing
from ingest.folder import read_file
from ingest.metadata import FolderMetadata, metadata_for
from ingest.types import Metadata, ParsedDocument

NO_TEXT = "It holds no text. If it is a scan, give a version with a text layer."


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file's record, and its document and chunks where there is text in it. `kept`: the file is as it was, its document with it."""

    record: FileRecord
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()
    warnings: tuple[str, ...] = ()
    kept: bool = False


def pipeline_version() -> str:
    """Names the code that decides what a document becomes: when it changes, every file is parsed again."""
    folder = Path(inspect.getfile(parsing)).parent
    files = [*sorted(folder.glob("*.py")), *(Path(inspect.getfile(module)) for module in (metadata, chunking, sentences))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def file_hash(path: Path) -> str:
    """Raises ParseError when the file cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ParseError(f"It cannot be read: {error.strerror}.") from error


def prepare(path: Path, source: str, digest: str, fingerprint: str, folders: FolderMetadata) -> Prepared:
    """Never raises for what is wrong with the file: that is its record's status and error."""
    try:
        parsed = parsing.FileParser().parse(path.name, read_file(path))
        known, warnings = metadata_for(source, parsed.front_matter, folders)
    except ParseError as error:
        return Prepared(FileRecord(source, digest, fingerprint, "failed", str(error)))
    if not parsed.text.strip():
        return Prepared(FileRecord(source, digest, fingerprint, "empty", NO_TEXT), warnings=warnings)
    document = _document(path, source, digest, parsed, known)
    chunks = tuple(chunking.chunk_document(document, parsed))
    return Prepared(FileRecord(source, digest, fingerprint, "parsed", None), document, chunks, warnings)


def document_id(source: str) -> str:
    """The same for the same place in the folder, whatever stands there."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _document(path: Path, source: str, digest: str, parsed: ParsedDocument, known: Metadata) -> Document:
    return Document(
        id=document_id(source),
        source=source,
        title=known.title or parsed.title or _readable(source),
        text=parsed.text,
        content_hash=digest,
        updated=datetime.fromtimestamp(int(path.stat().st_mtime), UTC),
        groups=known.groups,
        owner=known.owner,
        url=known.url,
        effective=known.effective,
        expires=known.expires,
        supersedes=known.supersedes,
    )


def _readable(source: str) -> str:
    name = PurePosixPath(source).stem.replace("_", " ").replace("-", " ").strip()
    return name[:1].upper() + name[1:]
