"""Reads a chat model's reply as it comes, which is untrusted text: sentences as soon as they are whole, or why it cannot be used.

Models wrap JSON in Markdown fences or prose, mistype fields and stop in the middle. What can be read without guessing is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from assistant.types import Claim

MOST_SENTENCES = 12
MOST_QUOTES = 6
LONGEST_FIELD = 2000
LONGEST_SENTENCE = 20_000
_MARKER = re.compile(r"\s*\[?\s*(\d{1,4})\s*\]?\s*")
_SENTENCES = re.compile(r'"sentences"\s*:\s*\[')
_NOT_ANSWERABLE = re.compile(r'"answerable"\s*:\s*false')
_BETWEEN = re.compile(r"[\s,]*")
_ENDS_SOMETHING = re.compile(r"[}\]]")


class Quote(BaseModel):
    """Words of one passage, as the model is asked to give them."""

    model_config = ConfigDict(strict=True)

    marker: int
    quote: str = Field(max_length=LONGEST_FIELD)

    @field_validator("marker", mode="before")
    @classmethod
    def _bracketed(cls, value: object) -> object:
        """Some models write "[1]" or "1" for 1."""
        match = _MARKER.fullmatch(value) if isinstance(value, str) else None
        return int(match[1]) if match else value


class Sentence(BaseModel):
    """One sentence and the words that carry it."""

    model_config = ConfigDict(strict=True)

    text: str = Field(max_length=LONGEST_FIELD)
    quotes: list[Quote] = Field(max_length=MOST_QUOTES)

    @model_validator(mode="before")
    @classmethod
    def _single(cls, value: object) -> object:
        """Some models write marker and quote beside the text."""
        if isinstance(value, dict) and "quotes" not in value and "quote" in value:
            return value | {"quotes": [{"marker": value.get("marker"), "quote": value["quote"]}]}
        return value

    def claims(self) -> tuple[Claim, ...]:
        return tuple(Claim(self.text, quote.marker, quote.quote) for quote in self.quotes)


def _object(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


REPLY_SCHEMA: dict[str, object] = {
    "title": "grounded_answer",
    "description": "Sentences that answer the question, each with the passages and the words it rests on.",
    **_object(
        answerable={"type": "boolean"},
        sentences=_array(_object(text={"type": "string"}, quotes=_array(_object(marker={"type": "integer"}, quote={"type": "string"})))),
    ),
}


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a reply gives no claims, as a short word and as a sentence that tells the model."""

    error: str
    objection: str


UNREADABLE = Unusable("unreadable", "It was not one JSON object of the form asked for.")
CUT = Unusable("cut", "It was cut off. Say less.")
DECLINED = Unusable("declined", "You declined. Say only what the passages say, or that they do not answer.")
EMPTY = Unusable("empty", "It was empty.")


class ReplyReader:
    """Fed with the pieces of one reply. After a sentence that is too long to be one it reads no further."""

    def __init__(self) -> None:
        self._decoder = json.JSONDecoder(strict=False)
        self._text = ""
        self._at: int | None = None
        self._read = 0
        self._ended = False
        self.answerable = True

    def feed(self, piece: str) -> Iterator[tuple[Claim, ...]]:
        """The claims of each sentence that this piece makes whole, in order: those with the same text belong to one sentence."""
        self._text += piece
        if self._at is None:
            self._find_sentences()
        elif not _ENDS_SOMETHING.search(piece):
            return
        while self._at is not None and not self._ended and (item := self._next()) is not None:
            try:
                yield Sentence.model_validate(item[0]).claims()
            except ValidationError:
                continue

    def verdict(self, ended: str) -> Unusable | None:
        """Of a reply without a single claim: why it cannot be used, or None where the model says that the passages do not answer. `ended`
        as in `Completion`."""
        if ended == "declined":
            return DECLINED
        if not self.answerable or (self._ended and self._read == 0) or (self._at is None and _NOT_ANSWERABLE.search(self._text)):
            return None
        if ended == "cut":
            return CUT
        return UNREADABLE if self._text.strip() else EMPTY

    def _find_sentences(self) -> None:
        start = _SENTENCES.search(self._text)
        if start is None:
            return
        self.answerable = _NOT_ANSWERABLE.search(self._text, 0, start.start()) is None
        self._ended = not self.answerable
        self._at = start.end()

    def _next(self) -> tuple[object] | None:
        """The next item of the list, None where it is not whole yet or there is none."""
        assert self._at is not None
        between = _BETWEEN.match(self._text, self._at)
        start = between.end() if between else self._at
        if self._text[start : start + 1] in ("", "]") or self._read == MOST_SENTENCES:
            self._ended = start < len(self._text)
            return None
        try:
            item, self._at = self._decoder.raw_decode(self._text, start)
        except (ValueError, RecursionError):
            self._ended = len(self._text) - start > LONGEST_SENTENCE
            return None
        self._read += 1
        return (item,)
