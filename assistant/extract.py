"""Answers in the documents' own sentences: the few of the evidence that answer best, each with itself as its quote.

Sentences are scored by a linear model over `SIGNALS`; the best few by words alone are then compared with the question in the embedding
space, which costs some milliseconds each. The weights stand in `extract.json` beside this module, with where they come from:
`bench/train_extract.py` fits them to rank the sentences first that hold the gold evidence.

How many sentences make an answer was chosen on the development halves of five public sets: what scores within `GAP` of the best, in
whichever chunk. To prefer the best one's neighbours or its chunk cost precision, to stop at a share of the probability cost recall.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from assistant.extraction_quotes import claims_of
from assistant.extraction_signals import Candidate, candidates
from assistant.grounding_checks import SHORTEST_QUOTE, meaningful
from assistant.ports import Vector, Vectors
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.parts import parts
from assistant.retrieval.search import QueryStats
from assistant.types import Claim, Evidence

Embed = Callable[[Sequence[str]], Vectors]

EMBEDDED = 6
MOST_SENTENCES = 5
MOST_CHARACTERS = 650
GAP = 1.37


def extract(
    question: str,
    evidence: Sequence[Evidence],
    stats: QueryStats,
    analyzer: Analyzer,
    query_vector: Vector,
    embed: Embed,
    weights: Mapping[str, float] | None = None,
) -> list[Claim]:
    """The sentences that answer, in the order of the evidence and of their place in it; empty where no evidence can be quoted.

    Every quote is a contiguous piece of its chunk's text or of one of its leads, and holds at least `SHORTEST_QUOTE` letters or digits.
    Together they have at most `MOST_CHARACTERS` characters, unless the first sentence with what it needs has more. Each part of the
    question has its sentence before any has a second. `query_vector` is the question's; `embed` is called once, with at most `EMBEDDED`
    sentences.
    """
    quotable = [item for item in evidence if meaningful(item.chunk.text) >= SHORTEST_QUOTE]
    each = [candidates(part, quotable, stats, analyzer) for part in parts(question)]
    if not each[0]:
        return []
    scores = _scores(each, query_vector, embed, weights or trained_weights())
    return _within_budget(quotable, _in_turn(each[0], [_near_the_best(scored) for scored in scores]))


@cache
def trained_weights() -> Mapping[str, float]:
    """The weight of each signal, per unit, as `bench/train_extract.py` left them."""
    stored = json.loads((files("assistant") / "extract.json").read_text(encoding="utf-8"))
    return {name: float(weight) for name, weight in stored["weights"].items()}


def _scores(each: Sequence[Sequence[Candidate]], query_vector: Vector, embed: Embed, weights: Mapping[str, float]) -> list[list[float]]:
    """For each part of the question every sentence's score: by words, and for those that are best by words for some part by cosine."""
    scores = [[candidate.score(weights) for candidate in found] for found in each]
    best = list(dict.fromkeys(i for scored in scores for i in _order(scored)[: EMBEDDED // len(each)]))
    cosines = np.asarray(embed([each[0][i].in_place for i in best]) @ query_vector, dtype=float)
    for scored in scores:
        for i, cosine in zip(best, cosines, strict=True):
            scored[i] += weights["cosine"] * (float(cosine) - float(cosines.min()))
    return scores


def _near_the_best(scores: Sequence[float]) -> list[int]:
    """The best sentence and those nearly as good, best first."""
    order = _order(scores)
    return [i for i in order[:MOST_SENTENCES] if scores[i] >= scores[order[0]] - GAP]


def _in_turn(found: Sequence[Candidate], chosen: Sequence[Sequence[int]]) -> Iterator[Candidate]:
    """The best sentence for each part of the question, then the second for each, and so on."""
    turns = (one[place] for place in range(MOST_SENTENCES) for one in chosen if place < len(one))
    return (found[i] for i in list(dict.fromkeys(turns))[:MOST_SENTENCES])


def _within_budget(evidence: Sequence[Evidence], chosen: Iterator[Candidate]) -> list[Claim]:
    """What the chosen sentences quote; one that would make the answer too long is left out for shorter ones after it."""
    kept: list[Candidate] = []
    claims: list[Claim] = []
    for candidate in chosen:
        longer = _claims(evidence, [*kept, candidate])
        if not claims or sum(len(claim.quote) for claim in longer) <= MOST_CHARACTERS:
            kept, claims = [*kept, candidate], longer
    return claims


def _claims(evidence: Sequence[Evidence], chosen: Sequence[Candidate]) -> list[Claim]:
    return [claim for item in evidence for claim in claims_of(item, [one.place for one in chosen if one.evidence is item])]


def _order(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda i: -scores[i])
