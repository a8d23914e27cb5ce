"""What is to be kept out of the index for good: `ingest --forget SOURCE --ban` writes it down, every ingest heeds it.

A ban names the file's source and the hash of its content, so that neither the file comes back nor a copy of it under another name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import IngestError


@dataclass(frozen=True, slots=True)
class Bans:
    """`contents` are sha256 of whole files."""

    sources: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()

    def hold(self, source: str, content: str | None) -> bool:
        return source in self.sources or content in self.contents

    def with_file(self, source: str, contents: frozenset[str]) -> Bans:
        return Bans(self.sources | {source}, self.contents | contents)


def load_bans(path: Path) -> Bans:
    """Raises IngestError where the file is there and cannot be read: without it, what was banned would come back."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Bans(frozenset(stored["sources"]), frozenset(stored["contents"]))
    except FileNotFoundError:
        return Bans()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IngestError(f"{path} cannot be read: {error}. Put it right: it says which documents are never to be ingested.") from error


def save_bans(bans: Bans, path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    stored = {"sources": sorted(bans.sources), "contents": sorted(bans.contents)}
    temporary.write_text(json.dumps(stored, indent=1, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)
