"""Refuses what is no question, naming the field. Everything behind this step may rely on text that can be written and stored."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from assistant.errors import InvalidRequest
from assistant.types import Filters, Question, Turn

MOST_QUESTION = 4_000
MOST_TURN = 20_000
MOST_TURNS = 50
MOST_SOURCES = 100
MOST_HITS = 100
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2200, 12, 31)

# The category Cc, but for what stands in ordinary text. Format characters (Cf) stay: Arabic, Hebrew, Persian and emoji need them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Shown as nothing, though Unicode calls them letters, marks or a symbol: joiners and fillers, variation selectors, the empty Braille cell.
_BLANK = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def validate(question: Question) -> None:
    """Raises InvalidRequest for the first thing that is wrong."""
    validate_text("question", question.text, MOST_QUESTION)
    validate_history(question.history)
    validate_filters(question.filters)
    validate_day("as_of", question.as_of)


def validate_query(query: str, k: int, filters: Filters) -> None:
    """The same for a search."""
    validate_text("query", query, MOST_QUESTION)
    if not 1 <= k <= MOST_HITS:
        raise InvalidRequest("k", f"must be from 1 to {MOST_HITS}, not {k}")
    validate_filters(filters)


def validate_history(history: tuple[Turn, ...]) -> None:
    if len(history) > MOST_TURNS:
        raise InvalidRequest("history", f"has {len(history)} turns, at most {MOST_TURNS} are read")
    for position, turn in enumerate(history):
        validate_text(f"history.{position}.content", turn.content, MOST_TURN)


def validate_filters(filters: Filters) -> None:
    if len(filters.sources) > MOST_SOURCES:
        raise InvalidRequest("filters.sources", f"names {len(filters.sources)} sources, at most {MOST_SOURCES} are taken")
    for position, source in enumerate(filters.sources):
        validate_text(f"filters.sources.{position}", source, MOST_QUESTION)


def validate_day(field: str, day: date | None) -> None:
    """A day outside these centuries is a slip of the keyboard, and every document would be in force on it, or none."""
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidRequest(field, f"must be from {FIRST_DAY} to {LAST_DAY}, not {day}")


def validate_text(field: str, text: str, most: int) -> None:
    """Raises InvalidRequest unless there is something to read in it, of at most `most` characters. Places count from 0."""
    if len(text) > most:
        raise InvalidRequest(field, f"has {len(text):,} characters, at most {most:,} are allowed")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(field, f"is not valid Unicode at character {error.start}") from None
    if found := _CONTROL.search(text):
        raise InvalidRequest(field, f"has a control character (U+{ord(found[0]):04X}) at character {found.start()}")
    if not any(_is_visible(character) for character in text):
        raise InvalidRequest(field, "is empty")


def _is_visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) != "Cf" and not _BLANK.match(character)
