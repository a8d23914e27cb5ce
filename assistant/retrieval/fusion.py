"""One score from two rankers and from where a chunk stands.

A chunk is worth a weighted sum of its cosine and its BM25 as a share of the ideal. To that come parts of the best score in its
document and beside it: what stands next to an answer, or in the document that answers, is likelier to belong to it.

Every part is absolute: nothing is scaled by the best or the number of other chunks, so that no chunk outside the candidates can
move a score. The weights were chosen by hand on the development halves of six public sets (`bench/retrieval.py`), where reciprocal
rank fusion did worse on average and scaling by each ranker's best about as well.
"""

from __future__ import annotations

import numpy as np

from assistant.retrieval.layout import Layout, Mask, Scores, best_neighbour, best_of_document

COSINE = 0.7
DOCUMENT = 0.6
NEIGHBOUR = 0.3
HIGHEST = 1 + DOCUMENT + NEIGHBOUR


def fuse(cosine: Scores, bm25_share: Scores, layout: Layout, candidates: Mask) -> Scores:
    """The fused score of every chunk, shape (chunks,): from 0 to about 1 (short chunks can pass the ideal BM25), 0 outside the
    candidates."""
    own = COSINE * np.maximum(cosine, 0) + (1 - COSINE) * bm25_share
    own = np.where(candidates, own, 0).astype(np.float32)
    fused = own + DOCUMENT * best_of_document(layout, own) + NEIGHBOUR * best_neighbour(layout, own)
    return np.where(candidates, fused / HIGHEST, 0).astype(np.float32)
