"""Vectors by model and content, in SQLite: what was embedded once is not embedded again, in whatever generation it comes back."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from assistant.errors import IngestError
from assistant.ports import Embedder, Vectors

_LOOKUP = 500
_BATCH = 256


class EmbeddingCache:
    """Closes with `close`. Raises IngestError when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS vectors (model TEXT, hash BLOB, vector BLOB NOT NULL, PRIMARY KEY (hash, model)) WITHOUT ROWID"
            )
        except sqlite3.DatabaseError as error:
            raise IngestError(f"{path} cannot be used: {error}. Delete it: the vectors will be computed again.") from error

    def close(self) -> None:
        self._db.close()

    def vectors(self, texts: Sequence[str], embedder: Embedder, told: Callable[[int], None]) -> tuple[Vectors, int]:
        """One row per text, and how many texts had to be embedded. These are kept batch by batch: an ingest that is cut off loses one.
        Longer texts are embedded together, so that short ones are not padded to their length. `told` hears how many have theirs."""
        hashes = [_hash(text) for text in texts]
        known = self._known(embedder.model_id, hashes)
        missing = sorted({h: text for h, text in zip(hashes, texts, strict=True) if h not in known}.items(), key=lambda pair: len(pair[1]))
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            fresh = dict(zip((h for h, _ in batch), embedder.embed([text for _, text in batch]), strict=True))
            self._keep(embedder.model_id, fresh)
            known |= fresh
            told(len(texts) - len(missing) + start + len(batch))
        rows = np.stack([known[h] for h in hashes]) if hashes else np.empty((0, 0), dtype=np.float32)
        return rows, len(missing)

    def missing(self, model: str, texts: Sequence[str]) -> list[str]:
        """The texts without a vector of this model, each once."""
        by_hash = {_hash(text): text for text in texts}
        known = self._known(model, list(by_hash))
        return [text for h, text in by_hash.items() if h not in known]

    def keep_only(self, texts: Iterable[str]) -> int:
        """Takes out every vector but those of these texts, of whatever model, and leaves nothing of them in the file. Returns how many."""
        self._db.execute("CREATE TEMP TABLE kept (hash BLOB PRIMARY KEY)")
        self._db.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((_hash(text),) for text in texts))
        gone = self._db.execute("DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM kept)").rowcount
        self._db.execute("DROP TABLE kept")
        self._db.commit()
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

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


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
