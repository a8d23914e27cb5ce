"""Reads a chat model's reply, which is untrusted text: claims, or why it cannot be used.

Models wrap JSON in Markdown fences or prose, mistype fields and stop in the middle. What can be read without guessing is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.types import Claim

MOST_SENTENCES = 12
LONGEST_FIELD = 2000
LONGEST_REPLY = 100_000
_MARKER = re.compile(r"\s*\[?\s*(\d{1,4})\s*\]?\s*")


class Sentence(BaseModel):
    """One sentence as the model is asked to give it."""

    model_config = ConfigDict(strict=True)

    text: str = Field(max_length=LONGEST_FIELD)
    marker: int
    quote: str = Field(max_length=LONGEST_FIELD)

    @field_validator("marker", mode="before")
    @classmethod
    def _bracketed(cls, value: object) -> object:
        """Some models write "[1]" or "1" for 1."""
        match = _MARKER.fullmatch(value) if isinstance(value, str) else None
        return int(match[1]) if match else value


REPLY_SCHEMA: dict[str, object] = {
    "title": "grounded_answer",
    "description": "Sentences that answer the question, each with the passage and the words it rests on.",
    "type": "object",
    "properties": {
        "answerable": {"type": "boolean"},
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "marker": {"type": "integer"}, "quote": {"type": "string"}},
                "required": ["text", "marker", "quote"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["answerable", "sentences"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a reply gives no claims, as a short word and as a sentence that tells the model."""

    error: str
    objection: str


UNREADABLE = Unusable("unreadable", "it was not one JSON object of the form asked for.")
CUT = Unusable("cut", "it was cut off. Say less.")
REFUSED = Unusable("refused", "you declined. Say only what the passages say, or that they do not answer.")
EMPTY = Unusable("empty", "it was empty.")


def read_reply(text: str) -> tuple[Claim, ...] | Unusable:
    """The claims of a reply; none where the model says that the passages do not answer."""
    if not text.strip():
        return EMPTY
    reply = _first_object(text[:LONGEST_REPLY])
    sentences = reply.get("sentences") if reply is not None else None
    if reply is None or not isinstance(sentences, list):
        return UNREADABLE
    if reply.get("answerable") is False or not sentences:
        return ()
    claims = tuple(claim for item in sentences[:MOST_SENTENCES] if (claim := _claim(item)) is not None)
    return claims or UNREADABLE


def _first_object(text: str) -> dict[str, object] | None:
    """The first JSON object with sentences in the text, wherever it begins."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    while at >= 0:
        try:
            value, _ = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and "sentences" in value:
            return value
        at = text.find("{", at + 1)
    return None


def _claim(item: object) -> Claim | None:
    try:
        sentence = Sentence.model_validate(item)
    except ValidationError:
        return None
    return Claim(sentence.text, sentence.marker, sentence.quote)
