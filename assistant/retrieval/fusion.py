"""One score from two rankers: a weighted sum of normalised scores.

Each ranker is scaled by the best it found among the candidates, which are permitted chunks only, so nothing outside them moves a
score. Reciprocal rank fusion throws the distances between scores away and did worse on every set measured.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]

DENSE_WEIGHT = 0.5


def fuse(bm25: Scores, cosine: Scores, candidates: npt.NDArray[np.bool_]) -> Scores:
    """Scores in [0, 1] for every chunk, shape as given; 0 outside the candidates."""
    fused = DENSE_WEIGHT * _share_of_best(np.maximum(cosine, 0), candidates) + (1 - DENSE_WEIGHT) * _share_of_best(bm25, candidates)
    return fused.astype(np.float32)


def _share_of_best(scores: Scores, candidates: npt.NDArray[np.bool_]) -> Scores:
    inside = np.where(candidates, scores, np.float32(0))
    best = inside.max(initial=0)
    return inside / best if best > 0 else inside
