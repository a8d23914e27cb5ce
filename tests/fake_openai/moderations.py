"""OpenAI's moderation of texts, as the fake does it: by words, or by a function."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

MODEL = "omni-moderation-latest"
CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm", "self-harm/instructions",
    "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip

Flags = Collection[str] | Callable[[str], str | None]


def texts_of(request: Mapping[str, Any]) -> list[str]:
    given = request["input"]
    return [given] if isinstance(given, str) else list(given)


def moderation(flags: Flags, request: Mapping[str, Any], name: str) -> str:
    """One result a text. `flags`: words that stand for violence, or what names the category of a text, None where it is harmless."""
    results = [_result(_category(flags, text)) for text in texts_of(request)]
    return json.dumps({"id": name, "model": MODEL, "results": results})


def _category(flags: Flags, text: str) -> str | None:
    if callable(flags):
        return flags(text)
    return "violence" if any(word.lower() in text.lower() for word in flags) else None


def _result(flagged: str | None) -> dict[str, Any]:
    return {
        "flagged": flagged is not None,
        "categories": {category: category == flagged for category in CATEGORIES},
        "category_scores": {category: 0.98 if category == flagged else 0.01 for category in CATEGORIES},
        "category_applied_input_types": {category: ["text"] for category in CATEGORIES},
    }
