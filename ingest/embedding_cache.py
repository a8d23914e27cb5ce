"""Vectors by model and content, in SQLite: what was embedded once is not embedded again, in whatever generation it comes back."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from assistant.errors import IngestError
from assistant.ports import Embedder, Vectors

_LOOKUP = 500
_BATCH = 256

OnEmbedded = Callable[[int, int], None]
"""Called with how many texts have their vector, and how many there are."""


class EmbeddingCache:
    """Closes with `close`. Raises IngestError when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS vectors (model TEXT, hash BLOB, vector BLOB NOT NULL, PRIMARY KEY (model, hash)) WITHOUT ROWID"
            )
        except sqlite3.DatabaseError as error:
            raise IngestError(f"{path} cannot be used: {error}. Delete it: the vectors will be computed again.") from error

    def close(self) -> None:
        self._db.close()

    def vectors(self, texts: Sequence[str], embedder: Embedder, on_embedded: OnEmbedded) -> tuple[Vectors, int]:
        """One row per text, and how many texts had to be embedded. These are kept batch by batch: an ingest that is cut off loses one.
        Longer texts are embedded together, so that short ones are not padded to their length."""
        hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
        known = self._known(embedder.model_id, hashes)
        missing = sorted({h: text for h, text in zip(hashes, texts, strict=True) if h not in known}.items(), key=lambda pair: len(pair[1]))
        on_embedded(len(texts) - len(missing), len(texts))
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            fresh = dict(zip((h for h, _ in batch), embedder.embed([text for _, text in batch]), strict=True))
            self._keep(embedder.model_id, fresh)
            known |= fresh
            on_embedded(len(texts) - len(missing) + start + len(batch), len(texts))
        rows = np.stack([known[h] for h in hashes]) if hashes else np.empty((0, 0), dtype=np.float32)
        return rows, len(missing)

    def _known(self, model: str, hashes: Sequence[bytes]) -> dict[bytes, Vectors]:
        found: dict[bytes, Vectors] = {}
        for start in range(0, len(hashes), _LOOKUP):
            part = hashes[start : start + _LOOKUP]
            query = f"SELECT hash, vector FROM vectors WHERE model = ? AND hash IN ({', '.join('?' * len(part))})"
            found.update({h: np.frombuffer(vector, dtype="<f4") for h, vector in self._db.execute(query, (model, *part))})
        return found

    def _keep(self, model: str, fresh: Mapping[bytes, Vectors]) -> None:
        rows = [(model, h, vector.astype("<f4").tobytes()) for h, vector in fresh.items()]
        with self._db as db:
            db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
