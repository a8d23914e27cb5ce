"""The measures of the evaluation sets: what counts as found, how a ranking is scored, and how an answer is.

Gold evidence and what was found are compared on lower-case letters and digits alone. Evidence counts as found when at least half of
its letters lie in what was retrieved of its document.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

SHORTEST_OVERLAP = 20
FOUND = 0.5
SHORT_ANSWER = 80
LONGEST_ANSWER = 1000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """What a searcher sees of a hit."""

    source: str
    text: str


def source_of(doc: str) -> str:
    """The source that a row names: its path, below the set's folder or below the documents' own."""
    return doc.removeprefix("corpus/")


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", html.unescape(text).lower())


def covered(part: str, gold: str) -> tuple[int, int]:
    """The stretch (start, end) of `gold` that `part` holds: all of it, a piece, its beginning or its end."""
    if not part or not gold:
        return 0, 0
    if gold in part:
        return 0, len(gold)
    at = gold.find(part)
    if at >= 0:
        return at, at + len(part)
    for size in range(min(len(part), len(gold)) - 1, SHORTEST_OVERLAP - 1, -1):
        if part.endswith(gold[:size]):
            return 0, size
        if part.startswith(gold[-size:]):
            return len(gold) - size, len(gold)
    return 0, 0


def share_found(evidence: Row, passages: Sequence[Passage]) -> float:
    """The share of the gold letters that the passages of its document hold together."""
    source = source_of(evidence["doc"])
    parts = [letters(passage.text) for passage in passages if passage.source == source]
    best = 0.0
    for gold in {letters(evidence["text"]), letters(evidence.get("text_plain") or evidence["text"])} - {""}:
        held = bytearray(len(gold))
        for part in parts:
            start, end = covered(part, gold)
            held[start:end] = b"\1" * (end - start)
        best = max(best, sum(held) / len(gold))
    return best


def recall(row: Row, passages: Sequence[Passage]) -> float:
    """The share of the evidence that was found where all of it is wanted, else whether any was."""
    found = [share_found(evidence, passages) >= FOUND for evidence in row["evidence"]]
    return sum(found) / len(found) if row.get("evidence_mode") == "all" else float(any(found))


def within(passages: Sequence[Passage], characters: int) -> list[Passage]:
    """The passages that fit into so many characters, the last one cut."""
    kept = []
    for passage in passages:
        if characters <= 0:
            break
        kept.append(Passage(passage.source, passage.text[:characters]))
        characters -= len(passage.text)
    return kept


def reciprocal_rank(row: Row, passages: Sequence[Passage]) -> float:
    for rank, passage in enumerate(passages, 1):
        if any(share_found(evidence, [passage]) >= FOUND for evidence in row["evidence"]):
            return 1 / rank
    return 0.0


def ndcg(judged: Mapping[str, int], ranked: Sequence[str], k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `k` documents, each counted once (Järvelin and Kekäläinen, 2002)."""
    gains = [judged.get(document, 0) for document in dict.fromkeys(ranked)][:k]
    best = sorted(judged.values(), reverse=True)[:k]
    ideal = sum(gain / math.log2(i + 2) for i, gain in enumerate(best))
    return sum(gain / math.log2(i + 2) for i, gain in enumerate(gains)) / ideal if ideal else 0.0


def scores(row: Row, passages: Sequence[Passage]) -> dict[str, float]:
    """Every measure of one question, by name; none where the row says nothing of what should be found. `qrels` name documents by
    their file's name without its ending."""
    if "qrels" in row:
        return {"ndcg@10": ndcg(row["qrels"], [PurePosixPath(passage.source).stem for passage in passages])}
    if not row["evidence"]:
        return {}
    out = {f"evidence@{k}": recall(row, passages[:k]) for k in (1, 5, 10)}
    documents = {source_of(evidence["doc"]) for evidence in row["evidence"]}
    return out | {
        "evidence@4000c": recall(row, within(passages, 4000)),
        "document@5": float(any(passage.source in documents for passage in passages[:5])),
        "mrr@10": reciprocal_rank(row, passages[:10]),
    }


def judge(row: Row, quotes: Sequence[Passage], text: str) -> dict[str, float]:
    """Of an answer to an answerable question: is it right, and what shares of its quotes and of the gold evidence are each other's?

    Right is an answer with a quote that lies at least half in the evidence, or that holds half of it without being much longer, or a
    text of at most `LONGEST_ANSWER` characters that says a short gold answer. Without evidence there are no shares, and without
    a short gold answer either, nothing can be judged.
    """
    short = [answer for answer in row["answers"] if len(answer) <= SHORT_ANSWER]
    said = len(text) <= LONGEST_ANSWER and any(says(text, answer) for answer in short)
    if not row["evidence"]:
        return {"right": float(said)} if short else {}
    inside, right, quoted = 0, False, 0
    for quote in quotes:
        part = letters(quote.text)
        shared = [(_length(covered(part, gold)), len(gold)) for gold in _golds(row, quote.source)]
        right = right or any(2 * held >= len(part) > 0 or (2 * held >= size and len(part) <= 3 * size + 200) for held, size in shared)
        inside, quoted = inside + max((held for held, _ in shared), default=0), quoted + len(part)
    shares = [share_found(evidence, quotes) for evidence in row["evidence"]]
    return {
        "right": float(right or said),
        "precision": inside / quoted if quoted else 0.0,
        "recall": sum(shares) / len(shares) if row.get("evidence_mode") == "all" else max(shares),
    }


def share_inside(row: Row, passage: Passage) -> float:
    """The share of a passage's letters that lie in the gold evidence."""
    part = letters(passage.text)
    return max((_length(covered(part, gold)) for gold in _golds(row, passage.source)), default=0) / max(1, len(part))


def says(text: str, answer: str) -> bool:
    """Is the gold answer in the text, as whole words? Yes and no count at the beginning alone."""
    wanted, said = _words(answer), _words(re.sub(r"\[\d+\]", " ", text))
    if wanted in (["yes"], ["no"]):
        return said[:1] == wanted
    return bool(wanted) and any(said[i : i + len(wanted)] == wanted for i in range(len(said) - len(wanted) + 1))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """How often a positive stands above a negative, ties half; not a number where either is missing."""
    if not positive or not negative:
        return math.nan
    below = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    return below / (len(positive) * len(negative))


def percentile(values: Sequence[float], share: int) -> float:
    """The least of the values that more than this share (in percent) of all lie at or below; not a number for no values."""
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)] if values else math.nan


def mean(values: Iterable[float]) -> float:
    """Not a number for no values."""
    found = list(values)
    return sum(found) / len(found) if found else math.nan


def _golds(row: Row, source: str) -> list[str]:
    mine = [evidence for evidence in row["evidence"] if source_of(evidence["doc"]) == source]
    return [gold for e in mine for gold in {letters(e["text"]), letters(e.get("text_plain") or e["text"])} if gold]


def _length(stretch: tuple[int, int]) -> int:
    return stretch[1] - stretch[0]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", html.unescape(text).lower())
