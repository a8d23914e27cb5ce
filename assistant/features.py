"""What retrieval shows about whether a question can be answered: the features of the gate.

Every feature is relative to the question and to what the asker may read (the rarity of words too), so that one set of coefficients
serves corpora of any size and subject. Shares lie in [0, 1] and are weighted by how rare a word is. BM25 over its ideal, the rarest
word, pairs of words, what all hits cover together and the fused score were measured too; beside these they add nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats, share
from assistant.retrieval.sentences import sentences
from assistant.types import Hit

CONSIDERED = 8
_NAME = re.compile(r"(?<=[^.!?:\s] )[A-Z][\w&]+|\b[A-Z]{2,}\w*")
_NUMBER = re.compile(r"\d[\d.,]*")

Terms = frozenset[str]


def features(question: str, stats: QueryStats, hits: Sequence[Hit], analyzer: Analyzer) -> dict[str, float]:
    """The features of the best `CONSIDERED` hits, by name, always the same names. `stats` must be of the same question and asker."""
    hits = hits[:CONSIDERED]
    weights = stats.weights
    chunks = [frozenset(analyzer.terms(hit.chunk.indexed_text)) for hit in hits]
    spans = [span.text for hit in hits for span in sentences(hit.chunk.text)]
    return {
        "cosine": max((hit.cosine or 0.0 for hit in hits), default=0.0),
        "margin": _margin(hits),
        "agreement": _agreement(hits),
        "chunk_words": max((share(terms, weights) for terms in chunks), default=0.0),
        "sentence_words": max((share(analyzer.terms(text), weights) for text in spans), default=0.0),
        "names": _special(_NAME.findall(question), chunks, analyzer),
        "numbers": _special(_NUMBER.findall(question), chunks, analyzer),
        "length": math.log1p(len(weights)),
    }


def _margin(hits: Sequence[Hit]) -> float:
    """How far the best cosine stands above the average of the others: a subject of its own, or one among many alike."""
    cosines = sorted((hit.cosine or 0.0 for hit in hits), reverse=True)
    return cosines[0] - sum(cosines[1:]) / (len(cosines) - 1) if len(cosines) > 1 else 0.0


def _agreement(hits: Sequence[Hit]) -> float:
    """How good the chunk is that both rankers like: its cosine and its BM25 as shares of the best, the lesser of the two."""
    cosine = max((hit.cosine or 0.0 for hit in hits), default=0.0)
    bm25 = max((hit.bm25 or 0.0 for hit in hits), default=0.0)
    if cosine <= 0 or bm25 <= 0:
        return 0.0
    return max(min((hit.cosine or 0.0) / cosine, (hit.bm25 or 0.0) / bm25) for hit in hits)


def _special(words: Sequence[str], chunks: Sequence[Terms], analyzer: Analyzer) -> float:
    """The share of these words (names, numbers) that the best chunk for them has; 1 where the question has none."""
    wanted = dict.fromkeys(analyzer.terms(" ".join(words)), 1.0)
    return max((share(terms, wanted) for terms in chunks), default=0.0) if wanted else 1.0
