"""Asks all along while ingests are killed: one line for each look, with a fingerprint of everything that a question could see."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

from assistant.documents import digest_of
from assistant.errors import FootnoteError
from assistant.generation import Home, Snapshot, Snapshots
from assistant.retrieval.search import search
from assistant.types import LOCAL, Filters
from tests.crash.victim import store_of


def fingerprint(snapshot: Snapshot) -> str:
    """Of the chunks as they are in memory, of what a search for all of them brings, and of the documents' texts. Not of the hits' order:
    Chroma gives vectors back with other last bits, which decide between chunks that are as good as each other."""
    index = snapshot.index
    hits = search(index, "rules that hold for all", index.vectors[0], LOCAL, Filters(), len(index.chunks))
    parts = (map(digest_of, index.chunks), sorted(hit.chunk.id for hit in hits), (d.text for d in snapshot.documents.each()))
    return "-".join(hashlib.sha256("\n".join(part).encode()).hexdigest()[:8] for part in parts)


def main(home: Home, url: str | None, embeddings: str) -> None:
    snapshots = Snapshots(home, store_of(home, url), embeddings)
    while True:
        try:
            print(fingerprint(snapshots.current()), flush=True)
        except FootnoteError as error:
            print(f"error: {error}", flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])), sys.argv[2] or None, sys.argv[3])
