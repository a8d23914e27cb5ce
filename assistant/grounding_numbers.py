"""Numbers, amounts, dates and times, compared by what they mean: 1,000 is 1000, "five" is 5, 2026-03-01 is 1 March 2026.

Number words are read in English, month names in English and German. Where a spelling has two readings (1.000, 03/04/2026) one in common
is enough. A unit counts where both sides name one: 25 days are not 25 weeks, but a table's bare 25 may be either.
"""

# ruff: noqa: RUF001 - typographic quotation marks and dashes are what this module is about

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_ONES)} | {word: 10 * tens for tens, word in enumerate(_TENS, 2)}
_TIMES_TEN = {"hundred": 2, "thousand": 3, "k": 3, "million": 6, "m": 6, "mio": 6, "billion": 9, "bn": 9}
_UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "prozent": "%",
    "€": "eur", "eur": "eur", "euro": "eur", "$": "usd", "usd": "usd", "dollar": "usd", "£": "gbp", "gbp": "gbp", "pound": "gbp",
    "minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month", "year": "year",
    "stunde": "hour", "tag": "day", "woche": "week", "monat": "month", "jahr": "year",
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("Jan January Januar", "Feb February Februar", "Mar March März", "Apr April", "May Mai", "Jun June Juni", "Jul July Juli",
         "Aug August", "Sep Sept September", "Oct October Oktober", "Nov November", "Dec December Dezember"), 1,
    )
    for name in names.split()
}  # fmt: skip

_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ORDINAL = r"(?:st|nd|rd|th|\.)?"
_WRITTEN_DATE = re.compile(
    rf"(?:(?<![\w:.,/])(?P<day>\d{{1,2}}){_ORDINAL}\s+(?:of\s+)?)?\b(?P<month>{_MONTH})\b\.?"
    rf"(?:\s+(?P<after>\d{{1,2}}){_ORDINAL}(?![\d:]))?(?:,?\s+(?P<year>\d{{4}})\b)?"
)
_ISO_DATE = re.compile(r"\b(\d{4})[-/](\d{1,2})[-/](\d{1,2})\b")
_SHORT_DATE = re.compile(r"\b(\d{1,2})([./-])(\d{1,2})\2(\d{4})\b")
_TIME = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?m\b\.?|\b(\d{1,2}):(\d{2})\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<sign>(?<![^\s(])[-−])?(?P<digits>\d+(?:[.,'’:/\u00a0\u202f]\d+)*)")
_NUMBER_WORD = re.compile(rf"\b(?:({'|'.join(_TENS)})(?:[-\s]({'|'.join(_ONES[1:10])}))?|({'|'.join(_ONES)}))\b", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}([,.'’\u00a0\u202f])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
_TIMES = re.compile(r"(?:[-\s]*(hundred|thousand|million|mio|billion)|(k|m|bn))\b", re.IGNORECASE)
_UNIT_BEFORE = re.compile(r"(?:([€$£])|\b(eur|usd|gbp))\s*[-−]?$", re.IGNORECASE)
_UNIT_AFTER = re.compile(
    r"[-\s]*(?:[^\W\d_]+[-\s]+)??(?:([%€$£])|(per cent|percent|prozent|eur|usd|gbp|euro|dollar|pound|minute|hour|day|week|month|year"
    r"|stunde|tag|woche|monat|jahr)(?:s|e|n|en)?\b)",
    re.IGNORECASE,
)

_EVERY = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annual": "year", "annually": "year"}
_SINGLE = re.compile(
    rf"\b(?:(?:an?|per|each|every)\s+(?:[^\W\d_]+\s+)?(minute|hour|day|week|month|year)|({'|'.join(_EVERY)}))\b", re.IGNORECASE
)

Reading = Decimal | str | tuple[int | None, int, int | None]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity as written, with all that it may mean: a value, a date (year, month, day), or minutes since midnight as "h:m"."""

    written: str
    readings: frozenset[Reading]
    unit: str | None = None


def missing_quantity(sentence: str, quotes: str) -> str | None:
    """The first quantity of the sentence, as written there, that the quotes do not hold."""
    offered = [*dates_in(quotes), *times_in(quotes), *numbers_in(quotes), *_years(quotes)]
    each = [*_single(quotes)]
    rest = sentence
    for read in (dates_in, times_in, numbers_in):
        wanted = list(read(rest))
        for quantity in wanted:
            if not _is_pronoun(quantity) and not _held(quantity, offered, each):
                return quantity.written
            rest = rest.replace(quantity.written, " ; ", 1)
    counted = {quantity.unit for quantity in (*offered, *each)}
    return next((one.written for one in _single(sentence) if one.unit in counted and not _held(one, offered, each)), None)


def without_dates(text: str) -> str:
    """The text without its dates and times: the names of months are no names of anything else."""
    for quantity in (*dates_in(text), *times_in(text)):
        text = text.replace(quantity.written, " ")
    return text


def _is_pronoun(quantity: Quantity) -> bool:
    """ "One" without a unit is more often a pronoun than a number: quoted it counts, said it needs no cover."""
    return quantity.written.lower() == "one" and quantity.unit is None


def _held(wanted: Quantity, offered: list[Quantity], each: list[Quantity]) -> bool:
    """ "Per year" holds one year, and no bare one."""
    per_unit = any(one.unit == wanted.unit and one.readings & wanted.readings for one in each)
    return per_unit or any(_covers(other, wanted, offered) for other in offered)


def _covers(quoted: Quantity, wanted: Quantity, offered: list[Quantity]) -> bool:
    if quoted.unit and wanted.unit and quoted.unit != wanted.unit:
        return False
    if quoted.readings & wanted.readings:
        return True
    return any(_same_date(q, w, offered) for q in quoted.readings for w in wanted.readings if isinstance(q, tuple) and isinstance(w, tuple))


def _same_date(quoted: tuple[int | None, int, int | None], wanted: tuple[int | None, int, int | None], offered: list[Quantity]) -> bool:
    """A date may be told with less than the quote holds; a year may stand elsewhere in the quotes."""
    if quoted[1] != wanted[1] or wanted[2] not in (None, quoted[2]):
        return False
    if wanted[0] is None or wanted[0] == quoted[0]:
        return True
    return quoted[0] is None and any(Decimal(wanted[0]) in other.readings for other in offered)


def dates_in(text: str) -> Iterator[Quantity]:
    """Every day, month of a year, and day of a month."""
    for match in _WRITTEN_DATE.finditer(text):
        day = match["day"] or match["after"]
        if day or match["year"]:
            year = int(match["year"]) if match["year"] else None
            yield Quantity(match[0].strip(), frozenset({(year, _MONTHS[match["month"]], int(day) if day else None)}))
    for match in _ISO_DATE.finditer(text):
        yield Quantity(match[0], frozenset({(int(match[1]), int(match[2]), int(match[3]))}))
    for match in _SHORT_DATE.finditer(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        yield Quantity(match[0], frozenset({(year, first, second), (year, second, first)}))


def _years(text: str) -> Iterator[Quantity]:
    for date in dates_in(text):
        yield Quantity(date.written, frozenset(Decimal(r[0]) for r in date.readings if isinstance(r, tuple) and r[0] is not None))


def times_in(text: str) -> Iterator[Quantity]:
    """Every time of day."""
    for match in _TIME.finditer(text):
        hour, minute = int(match[1] or match[4]), int(match[2] or match[5] or 0)
        if match[3]:
            hour = hour % 12 + (12 if match[3].lower() == "p" else 0)
        yield Quantity(match[0], frozenset({f"{hour}:{minute:02}"}))


def numbers_in(text: str) -> Iterator[Quantity]:
    """Every run of digits, inside words too, and number words."""
    for match in _NUMBER.finditer(text):
        readings = _values(match["digits"])
        if match["sign"]:
            readings = frozenset(-value for value in readings if isinstance(value, Decimal)) or readings
        yield _with_unit(text, match, readings)
    for match in _NUMBER_WORD.finditer(text):
        tens, ones, single = (word.lower() if word else None for word in match.groups())
        value = _WORDS[single] if single else _WORDS[tens or ""] + (_WORDS[ones] if ones else 0)
        yield _with_unit(text, match, frozenset({Decimal(value)}))


def _single(text: str) -> Iterator[Quantity]:
    """A day, per month, annually: one, where the quote counts in that unit."""
    for match in _SINGLE.finditer(text):
        yield Quantity(match[0], frozenset({Decimal(1)}), _UNITS[match[1].lower()] if match[1] else _EVERY[match[2].lower()])


def _values(digits: str) -> frozenset[Decimal | str]:
    """What digits with separators may mean; themselves where that is no number (1.2.3, 4/5)."""
    if grouped := _GROUPED.fullmatch(digits):
        values = {Decimal(digits.replace(grouped[1], "").replace(",", "."))}
        return frozenset(values | ({Decimal(digits)} if digits.count(".") == 1 and grouped[1] == "." and "," not in digits else set()))
    plain = digits.replace(",", ".")
    return frozenset({Decimal(plain)}) if re.fullmatch(r"\d+(?:\.\d+)?", plain) else frozenset({digits})


def _with_unit(text: str, match: re.Match[str], readings: frozenset[Decimal | str]) -> Quantity:
    end = match.end()
    if times := _TIMES.match(text, end):
        power = _TIMES_TEN[(times[1] or times[2]).lower()]
        readings = frozenset(value.scaleb(power) if isinstance(value, Decimal) else value for value in readings)
        end = times.end()
    unit = _UNIT_BEFORE.search(text, max(0, match.start() - 5), match.start()) or _UNIT_AFTER.match(text, end)
    return Quantity(text[match.start() : end], frozenset(readings), _UNITS[(unit[1] or unit[2]).lower()] if unit else None)
