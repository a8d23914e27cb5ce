"""Exact cosine similarity. At this size (up to some 100,000 chunks) scanning every vector is faster than a filtered graph index."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assistant.ports import Vectors

NARROW = 0.2
BLOCK = 4096


def cosines(vectors: Vectors, query: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The cosine of each row with the query, shape (rows,), -1 where the mask is False. Both sides must have length 1.

    Row by row (`vecdot`), not as one matrix product, whose last bits depend on which rows stand beside: equal chunks must score
    equally, with and without others in the index that the asker may not read. Under a narrow mask only its rows are read, in blocks
    that stay in the processor's cache.
    """
    rows = np.flatnonzero(mask)
    if len(rows) > NARROW * len(mask):
        every = np.clip(np.vecdot(vectors, query), -1.0, 1.0)
        return np.where(mask, every, np.float32(-1.0)).astype(np.float32, copy=False)
    found = np.full(len(mask), -1.0, dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        found[part] = np.clip(np.vecdot(vectors[part], query), -1.0, 1.0)
    return found
