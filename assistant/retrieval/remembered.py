"""Remembers the vectors of the texts that were embedded last: the same sentences of documents are compared for question after question."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from assistant.ports import Embedder, Vector, Vectors

MOST = 20_000  # about 35 MB of 384 dimensions


class Remembering:
    """Implements `assistant.ports.Embedder` around another one. No text is kept, only its digest. Safe to call from several threads."""

    def __init__(self, embedder: Embedder, most: int = MOST) -> None:
        self._embedder = embedder
        self._most = most
        self._vectors: OrderedDict[bytes, Vector] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._embedder.model_id

    def embed(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        found = self._remembered(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing or not texts:
            vectors = self._embedder.embed(list(missing.values()))
            if not texts:
                return vectors
            found |= zip(missing, vectors, strict=True)
            self._keep({key: found[key] for key in missing})
        return np.stack([found[key] for key in keys])

    def _remembered(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        with self._lock:
            found = {key: self._vectors[key] for key in keys if key in self._vectors}
            for key in found:
                self._vectors.move_to_end(key)
            return found

    def _keep(self, vectors: dict[bytes, Vector]) -> None:
        with self._lock:
            for key, vector in vectors.items():
                self._vectors[key] = vector.copy()  # a row of a batch would keep all of it
            while len(self._vectors) > self._most:
                self._vectors.popitem(last=False)
