"""Exact cosine similarity. At this size (up to some 100,000 chunks) scanning every vector is faster than a filtered graph index."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assistant.ports import Vectors

DECIMALS = 6


def cosines(vectors: Vectors, query: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The cosine of each row with the query, shape (rows,), -1 where the mask is False. Both sides must have length 1.

    Rounded, so that the last bits, which depend on how the library cuts the matrix, decide no rank.
    """
    found = np.round(vectors @ query, DECIMALS)
    return np.where(mask, np.clip(found, -1.0, 1.0), np.float32(-1.0)).astype(np.float32)
