"""One score from two rankers and from where a chunk stands.

A chunk is worth a weighted sum of its cosine and its BM25 as a share of the ideal. To that come parts of the best cosine and of the
best BM25 in its document, which need not be the same chunk's, and of the better neighbour: what stands next to an answer, or in the
document that answers, is likelier to belong to it.

Every part is absolute: nothing is scaled by the best or the number of other chunks, so that no chunk outside the candidates can
move a score. The weights were chosen on the development halves of six public sets and on the sample company's questions, one set of
weights for all, where it matters little (docs/evaluation.md, "Fusion"): untuned reciprocal rank fusion did worse on average, scaling
by each ranker's best about as well, and weights learnt by conditional logit no better than those found by trying.
"""

from __future__ import annotations

import numpy as np

from assistant.retrieval.layout import Layout, Mask, Scores, best_neighbour, best_of_document

COSINE = 0.8
DOCUMENT_COSINE = 0.6
DOCUMENT_BM25 = 0.5
NEIGHBOUR = 0.3
HIGHEST = 1 + DOCUMENT_COSINE + DOCUMENT_BM25 + NEIGHBOUR


def fuse(cosine: Scores, bm25_share: Scores, layout: Layout, candidates: Mask) -> Scores:
    """The fused score of every chunk, shape (chunks,): from 0 to about 1 (short chunks can pass the ideal BM25), 0 outside the
    candidates."""
    cosine = np.where(candidates, np.maximum(cosine, 0), 0).astype(np.float32)
    bm25_share = np.where(candidates, bm25_share, 0).astype(np.float32)
    own = COSINE * cosine + (1 - COSINE) * bm25_share
    of_document = DOCUMENT_COSINE * best_of_document(layout, cosine) + DOCUMENT_BM25 * best_of_document(layout, bm25_share)
    fused = own + of_document + NEIGHBOUR * best_neighbour(layout, own)
    return np.where(candidates, fused / HIGHEST, 0).astype(np.float32)
