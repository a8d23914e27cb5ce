"""Which editions of a document a question is answered from: those in force on its day, or on the days that it names itself.

A passage of another edition is set aside where one of the right edition was found that fits the question nearly as well. Nothing else is
lost: what stands in no other edition stays evidence, and what is set aside may still be told as what it is (`notices.py`).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from assistant.standing import Standing
from assistant.types import Hit

StandingOn = Callable[[str, date], Standing]

# The fused score of the right edition's best passage over that of the other's. Between the sample's editions, which were written anew, it
# is 0.82 and more where both speak of what is asked (`python -m bench.editions` shows what a limit keeps and loses).
NEARLY_AS_WELL = 0.8

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_YEAR = re.compile(
    rf"(?:\b({'|'.join(_MONTHS)})\s+(?:\d{{1,2}},?\s+)?)?(?<![\d/.\u20ac$\u00a3-])\b((?:19|20)\d\d)\b(?![\d/.]*\d|-\d|\s*%)"
    r"(?!\s+(?:minutes|hours|days|weeks|euros?|pounds|dollars|eur|gbp|usd|km|miles|people|employees|words|characters)\b)",
    re.I,
)
_ISO_DAY = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_RELATIVE = re.compile(r"\b(last|previous|past|next|coming) (year|month)\b(?:'s)?", re.I)
_RULES = r"(?:\w+[- ]){0,2}(?:rules?|polic(?:y|ies)|editions?|versions?|regulations?|guidelines?|agreements?|rates?|limits?|allowances?)"
_EDITIONS = re.compile(
    rf"\b(?:old|older|former|previous|earlier|superseded|expired|new|newer|upcoming|coming|future) {_RULES}\b|\bused to\b|\bno longer\b"
    r"|\bformerly\b|\bpreviously\b|\bbefore (?:this|that|the new|the change)\b|\buntil when\b|\bsince when\b|\bchang(?:e|es|ed|ing)\b"
    r"|\bwhat(?:'s| is| was) (?:new|different)\b|\bback then\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The hits to answer from, best first, and those set aside for them."""

    hits: tuple[Hit, ...]
    aside: tuple[Hit, ...] = ()


def prefer(question: str, hits: Sequence[Hit], standing: StandingOn, day: date) -> Choice:
    """`standing` says how a document stands, by source. Without an edition that is not in force, all hits are kept as they are."""
    others = [hit for hit in hits if not standing(hit.chunk.source, day).in_force]
    days = asked_days(question, day)
    if (not days and _EDITIONS.search(question)) or not (others or days):
        return Choice(tuple(hits))
    aside = {hit.rank for hit in hits if _dispensable(hit, hits, standing, days or (day,))}
    return Choice(tuple(hit for hit in hits if hit.rank not in aside), tuple(hit for hit in hits if hit.rank in aside))


def asked_days(question: str, day: date) -> tuple[date, ...]:
    """First and last day of each year or month that the question names, and each day; `day` is today to it."""
    return tuple(bound for bounds in _periods(question, day) for bound in bounds)


def _dispensable(hit: Hit, hits: Sequence[Hit], standing: StandingOn, days: Sequence[date]) -> bool:
    there = [standing(hit.chunk.source, day) for day in days]
    if any(one.in_force for one in there):
        return False
    right = {edition.source for one in there for edition in one.prevailing}
    return any(other.chunk.source in right and other.score >= NEARLY_AS_WELL * hit.score for other in hits)


def _periods(question: str, day: date) -> Iterator[tuple[date, ...]]:
    for match in _ISO_DAY.finditer(question):
        try:
            yield (date(int(match[1]), int(match[2]), int(match[3])),)
        except ValueError:
            continue
    for match in _YEAR.finditer(question):
        yield _month(int(match[2]), _MONTHS[match[1].lower()]) if match[1] else _year(int(match[2]))
    for match in _RELATIVE.finditer(question):
        step = 1 if match[1].lower() in ("next", "coming") else -1
        yield _year(day.year + step) if match[2].lower() == "year" else _month(*divmod(day.year * 12 + day.month - 1 + step, 12), first=0)


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)


def _month(year: int, month: int, first: int = 1) -> tuple[date, date]:
    """`first` is the number of January."""
    month += 1 - first
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
