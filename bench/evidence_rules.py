"""Rules that keep a part of the evidence for a chat model, for `bench/evidence_budget.py` to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

from assistant.answer import within
from assistant.evaluation.measures import letters
from assistant.types import Evidence

UNBOUNDED = 1_000_000

Found = tuple[Evidence, ...]
Rule = Callable[[Found], Found]


def everything(evidence: Found) -> Found:
    return evidence


def best(evidence: Found, count: int) -> Found:
    return evidence[:count]


def before_gap(evidence: Found, gap: float) -> Found:
    """What stands before the first fall of the score by this share of the best one."""
    scores = [item.hit.score for item in evidence]
    falls = (rank for rank, (high, low) in enumerate(pairwise(scores), 1) if high - low > gap * scores[0])
    return evidence[: next(falls, len(evidence))]


def without_copies(evidence: Found) -> Found:
    """Of chunks with the same letters the first."""
    first = {letters(item.chunk.text): item for item in reversed(evidence)}
    return tuple(item for item in evidence if first[letters(item.chunk.text)] is item)


def joined(evidence: Found) -> Found:
    """Chunks of a section that follow each other as one passage, under the better marker. Measured only: a marker stands for one chunk."""
    out: list[Evidence] = []
    for item in sorted(evidence, key=lambda item: (item.chunk.document_id, item.chunk.start)):
        last = out[-1].chunk if out else None
        if last and (last.document_id, last.headings) == (item.chunk.document_id, item.chunk.headings) and item.chunk.start - last.end <= 3:
            whole = replace(last, text=f"{last.text}\n{item.chunk.text}", end=item.chunk.end)
            out[-1] = Evidence(min(out[-1].marker, item.marker), replace(out[-1].hit, chunk=whole))
        else:
            out.append(item)
    return tuple(sorted(out, key=lambda item: item.marker))


def budgeted(evidence: Found, tokens: int, floor: float) -> Found:
    return within(tokens, evidence, floor)


def rules(tokens: int) -> dict[str, Rule]:
    """By name; the last is the product's."""
    return {
        "everything": everything,
        **{f"best {count}": partial(best, count=count) for count in (4, 5, 6, 7)},
        **{f"{most} tokens": partial(budgeted, tokens=most, floor=0) for most in (300, 500, 700, 800, 850, 900, 1000, 1200, 1500, 2000)},
        **{
            f"floor {floor}": partial(budgeted, tokens=UNBOUNDED, floor=floor) for floor in (0.3, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
        },
        **{f"gap {gap}": partial(before_gap, gap=gap) for gap in (0.1, 0.15, 0.2, 0.3)},
        "no copies": without_copies,
        "neighbours joined": joined,
        f"shipped, {tokens} tokens": partial(within, tokens),
    }
