"""What a sentence says that another one can contradict: quantities, by their kind, and whether something is permitted.

A kind is a unit (day, eur, %), "time", "date" (a day of any year: days with a year are events), "permission", or, where no unit is known,
the noun that is counted (the term of "characters" in "14 characters"). Read in English.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping

# Quantities are read as grounding reads them, so that what is the same there is no contradiction here.
from assistant.grounding_numbers import Quantity, dates_in, numbers_in, times_in
from assistant.retrieval.analysis import STOP_WORDS, Analyzer

PERMISSION = "permission"
_DURATIONS = frozenset({"minute", "hour", "day", "week", "month", "year"})
_MONEY = frozenset({"eur", "usd", "gbp", "%"})
_COUNTED = re.compile(r"\s*(\u00b0C|[kMGT]?B|kWh|kg|km|mm|cm|[a-z][\w-]+)\b")
_FORBIDDEN = re.compile(
    r"\b(?:(?:may|must|can|shall) (?:not|never)|cannot|never|forbidden|prohibited|banned"
    r"|not (?:be )?(?:allowed|permitted|possible|accepted)|(?:can|mustn)['\u2019]t)\b",
    re.I,
)
_PERMITTED = re.compile(r"\b(?:may|can|allowed|permitted|accepted|possible|welcome|free to)\b", re.I)
_NUMBERS = re.compile(r"[\u20ac$\u00a3]?\d[\d.,:]*\s?%?")

_ASKED = {
    "duration": r"how (?:long|soon|fast|quick(?:ly)?|often|early|late|old|far)|when|deadline|notice|period|duration|until|within",
    "money": r"how much|costs?|prices?|pays?|paid|money|earn|limits?|allowances?|budget|cap|ceiling|charged?|spend|reward|fees?|rates?"
    r"|amounts?|get|receive|worth|max(?:imum)?|expensive|per ?cent|share|euros?|dollars?|pounds?|discount|rent|salary|bonus|reimbursed?",
    "clock": r"when|what (?:time|date|day)|until|how (?:long|soon|late|early)|deadline|close[sd]?|shut|open",
    "count": r"how (?:many|much|big|large|long|far|hot|high|heavy)|size|degrees",
    PERMISSION: r"may|can|could|allowed|permitted|ok(?:ay)?|possible|forbidden|accept(?:ed)?",
}
_PATTERNS = {kind: re.compile(rf"\b(?:{words})\b", re.I) for kind, words in _ASKED.items()}


def values(text: str, analyzer: Analyzer) -> dict[str, frozenset[Hashable]]:
    """What the text says, by kind: values that may be compared with those of the same kind elsewhere."""
    found: dict[str, frozenset[Hashable]] = {}
    rest = text
    for kind, read in (("date", dates_in), ("time", times_in)):
        for quantity in list(read(rest)):
            rest = rest.replace(quantity.written, " ; ", 1)
            if kind == "time" or not _has_year(quantity):
                found[kind] = found.get(kind, frozenset()) | quantity.readings
    for quantity in numbers_in(rest):
        if quantity.written.lower() not in ("one", "zero") and (unit := quantity.unit or _counted(quantity, rest, analyzer)):
            found[unit] = found.get(unit, frozenset()) | quantity.readings
    if (permission := _permission(text)) is not None:
        found[PERMISSION] = frozenset({permission})
    return found


def asked_for(kinds: Collection[str], question: str, analyzer: Analyzer) -> bool:
    """Does the question ask for one of these kinds?"""
    terms = frozenset(analyzer.terms(question))
    return any(kind in terms or _PATTERNS[_family(kind)].search(question) for kind in kinds)


def contradicted(one: Mapping[str, frozenset[Hashable]], other: Mapping[str, frozenset[Hashable]]) -> frozenset[str]:
    """The kinds of which both say something, and not one thing the same."""
    return frozenset(kind for kind, said in one.items() if kind in other and not said & other[kind])


def without_values(text: str) -> str:
    """The text without its numbers and permissions: what is left is what they are about."""
    return " ".join(_PERMITTED.sub(" ", _FORBIDDEN.sub(" ", _NUMBERS.sub(" # ", text))).split())


def _family(kind: str) -> str:
    if kind in _DURATIONS:
        return "duration"
    if kind in _MONEY:
        return "money"
    if kind in ("time", "date"):
        return "clock"
    return kind if kind == PERMISSION else "count"


def _has_year(quantity: Quantity) -> bool:
    return any(isinstance(reading, tuple) and reading[0] is not None for reading in quantity.readings)


def _counted(quantity: Quantity, text: str, analyzer: Analyzer) -> str | None:
    counted = re.search(re.escape(quantity.written) + _COUNTED.pattern, text)
    if counted is None or counted[1] in STOP_WORDS:
        return None
    return next(iter(analyzer.terms(counted[1])), None)


def _permission(text: str) -> bool | None:
    if _FORBIDDEN.search(text):
        return False
    return True if _PERMITTED.search(text) else None
