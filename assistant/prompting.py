"""Writes the messages for a chat model: the rules, the passages under their markers, the question.

A passage is shown with title, headings, date and text, never with a path or link of its document. Documents are data: what would close a
passage, hide in it or pass for another one is taken out of their text here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from assistant.types import Evidence

_FENCE = re.compile(r"<(?=[\W_]*passage)", re.IGNORECASE)
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a chat model."""

    role: Literal["system", "user"]
    content: str


def render(question: str, evidence: Sequence[Evidence], objection: str | None = None) -> tuple[Message, ...]:
    """The messages that ask for claims. `objection` tells the model what was wrong with its last reply."""
    parts = [*(_passage(item) for item in evidence), f"Question: {_harmless(question)}"]
    if objection:
        parts.append(f"Your last reply could not be used: {_harmless(objection)}\nReply again, keeping to the rules.")
    return Message("system", _rules()), Message("user", "\n\n".join(parts))


def _rules() -> str:
    return files("assistant").joinpath("prompts/answer.md").read_text(encoding="utf-8").strip()


def _passage(item: Evidence) -> str:
    chunk = item.chunk
    facts = [f"Title: {_line(chunk.title)}"]
    if headings := [heading for heading in chunk.headings if heading != chunk.title]:
        facts.append(f"Section: {_line(' > '.join(headings))}")
    if chunk.effective is not None:
        facts.append(f"In force from: {chunk.effective.isoformat()}")
    body = [_harmless(text) for text in (*(lead.text for lead in chunk.leads), chunk.text)]
    return "\n".join([f"<passage [{item.marker}]>", *facts, "Text:", *body, f"</passage [{item.marker}]>"])


def _line(text: str) -> str:
    return " ".join(_harmless(text).split())


def _harmless(text: str) -> str:
    """The text without invisible characters, link targets and anything that looks like a passage's fence."""
    visible = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs", "Cn"))
    return _FENCE.sub("(", _IMAGE_OR_LINK.sub(r"\1", visible))
