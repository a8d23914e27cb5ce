"""What retrieval shows about whether a question can be answered: the features of the gate.

Every feature is relative to the question and to what the asker may read (the rarity of words too), so that one set of coefficients
serves corpora of any size and subject. They are few: with eight more (shares of the question's words in a chunk and in a sentence, names,
numbers, margin and agreement of the rankers, how many hits are of one document, the question's length) absent topics and near misses
were told apart less well (docs/evaluation.md, "Near misses").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats, share
from assistant.types import Hit

CONSIDERED = 8
_NEGATION = re.compile(r"\b(?:not|never|no|without|except|unless|cannot|neither|nor|none)\b|n['\u2019]t\b", re.I)


def features(question: str, stats: QueryStats, hits: Sequence[Hit], analyzer: Analyzer) -> dict[str, float]:
    """The features of the best `CONSIDERED` hits, by name, always the same names. `stats` must be of the same question and asker.

    `fused` is the best hit's score, `cosine` the best cosine, `missing` the weight of the rarest word that the passages lack as a share of
    the question's, `negated` whether the question asks for what is not: passages seldom say that.
    """
    hits = hits[:CONSIDERED]
    return {
        "fused": max((hit.score for hit in hits), default=0.0),
        "cosine": max((hit.cosine or 0.0 for hit in hits), default=0.0),
        "missing": _missing(stats.weights, [frozenset(analyzer.terms(hit.chunk.indexed_text)) for hit in hits]),
        "negated": float(bool(_NEGATION.search(question))),
    }


def _missing(weights: Mapping[str, float], chunks: Sequence[frozenset[str]]) -> float:
    """In [0, 1]; of the chunk that covers most of the question, 0 where it lacks nothing."""
    total = sum(weights.values())
    if not total:
        return 0.0
    fullest = max(chunks, key=lambda terms: share(terms, weights), default=frozenset[str]())
    return max((weight for term, weight in weights.items() if term not in fullest), default=0.0) / total
