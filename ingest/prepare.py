"""Makes of one file what the index holds of it: read, parse, join with its metadata, cut into chunks. A failure stays the file's own."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from assistant.documents import FileRecord
from assistant.errors import LimitExceeded, ParseError
from assistant.retrieval import analysis, sentences
from assistant.types import Chunk, Document
from ingest import chunking, metadata, parsing
from ingest.folder import read_file
from ingest.metadata import FolderMetadata, metadata_for
from ingest.ports import Parser
from ingest.survey import Seen, content_hash
from ingest.types import Metadata, ParsedDocument

NO_TEXT = "It holds no text, and none that could be recognised in pictures."


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file's record, and its document and chunks where there is text in it."""

    record: FileRecord
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()


def pipeline_version() -> str:
    """Names the code that decides what a document becomes, and what words: when it changes, every file is parsed again."""
    folder = Path(inspect.getfile(parsing)).parent
    files = [*sorted(folder.rglob("*.py")), *(Path(inspect.getfile(module)) for module in (metadata, chunking, sentences, analysis))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def prepare(seen: Seen, root: Path, folders: FolderMetadata, parser: Parser) -> Prepared:
    """Never raises for what is wrong with the file: that is its record's status and error."""
    source, digest = seen.file.source, ""
    try:
        if seen.file.error is not None:
            raise ParseError(seen.file.error)
        updated, data = _modified(seen.file.path), read_file(root, seen.file.path)
        digest = content_hash(data)
        parsed = parser.parse(seen.file.path.name, data)
        known, said = metadata_for(source, parsed.front_matter, folders)
    except ParseError as error:
        known_as = "" if isinstance(error, LimitExceeded) else digest
        return Prepared(FileRecord(source, known_as, seen.fingerprint, "failed", str(error)))
    warnings = (*parsed.warnings, *said)
    if not parsed.text.strip():
        return Prepared(FileRecord(source, digest, seen.fingerprint, "empty", NO_TEXT, warnings))
    document = _document(source, digest, updated, parsed, known)
    chunks = tuple(chunking.chunk_document(document, parsed))
    return Prepared(FileRecord(source, digest, seen.fingerprint, "parsed", None, warnings), document, chunks)


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(int(path.lstat().st_mtime), UTC)
    except OSError as error:
        raise ParseError(f"The file cannot be looked at: {error.strerror}. The next ingest tries again.") from error


def document_id(source: str) -> str:
    """The same for the same place in the folder, whatever stands there."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _document(source: str, digest: str, updated: datetime, parsed: ParsedDocument, known: Metadata) -> Document:
    return Document(
        id=document_id(source),
        source=source,
        title=known.title or parsed.title or _readable(source),
        text=parsed.text,
        content_hash=digest,
        updated=updated,
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
