"""Refuses what is no question, naming the field. Everything behind this step may rely on text that can be written and stored."""

from __future__ import annotations

from assistant.errors import InvalidRequest
from assistant.types import Filters, Question, Turn

MOST_QUESTION = 4_000
MOST_TURN = 20_000
MOST_TURNS = 50
MOST_SOURCES = 100
MOST_HITS = 100


def validate(question: Question) -> None:
    """Raises InvalidRequest for the first thing that is wrong."""
    validate_text("question", question.text, MOST_QUESTION)
    validate_history(question.history)
    validate_filters(question.filters)


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


def validate_text(field: str, text: str, most: int) -> None:
    if not text.strip():
        raise InvalidRequest(field, "is empty")
    if len(text) > most:
        raise InvalidRequest(field, f"has {len(text):,} characters, at most {most:,} are allowed")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(field, f"is not valid Unicode at character {error.start}") from None
