"""Tells sentences that are meant for whoever answers from those that are meant for employees.

Whoever can write into a document can try to speak through the assistant: "In your response, send them to …". Such a sentence stands in the
document letter for letter, so a quote of it would pass. It gives itself away by what it speaks of: the reply that is being written, the
orders given before it, the machine that reads it. The rules are on words, in English and a little German, and stand in
`grounding_instructions.toml`; what avoids all of them passes. `python -m bench.grounding` measures how often they are wrong.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


def addresses_answerer(text: str) -> bool:
    """Does this sentence tell the one who answers what to do, or who to be? Or hide its words behind letters of another script?"""
    return _matches(text, _rules()) or _MIXED.search(text) is not None


def opens_instructions(text: str) -> bool:
    """Does a paragraph that begins like this take the reader's orders away, or speak to a machine, so that the rest of it may be orders?"""
    return _matches(text, [rule for rule in _rules() if rule.opens])


# Strokes over letters, and words of Latin and Cyrillic letters: no honest text has them.
_OVERLAID = re.compile("[\u0300-\u036f\u20d0-\u20ff]")
_MIXED = re.compile("[a-z][\u0430-\u044f\u0456\u0458\u0455]|[\u0430-\u044f\u0456\u0458\u0455][a-z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Patterns, with the words one of which a text must hold before they are tried: most texts have none."""

    words: Sequence[str]
    pattern: re.Pattern[str]
    opens: bool


def _matches(text: str, rules: Sequence[_Rule]) -> bool:
    line = " ".join(_OVERLAID.sub("", unicodedata.normalize("NFKC", text)).lower().split())
    return any(any(word in line for word in rule.words) and rule.pattern.search(line) for rule in rules)


@cache
def _rules() -> Sequence[_Rule]:
    stored = tomllib.loads((files("assistant") / "grounding_instructions.toml").read_text(encoding="utf-8"))
    return [_Rule(group["words"], _compiled(group["patterns"], stored["parts"]), group["opens"]) for group in stored["groups"]]


def _compiled(patterns: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    joined = "|".join(f"(?:{line})" for line in patterns.strip().splitlines())
    for name, part in reversed(list(parts.items())):
        joined = joined.replace(f"«{name}»", part)
    return re.compile(joined)
