"""Small words that turn a meaning round although every other word agrees: must for may, the "unless" behind a quote."""

# ruff: noqa: RUF001 - typographic quotation marks and dashes stand in documents

from __future__ import annotations

import re
from collections.abc import Sequence

_FORCES = (
    ("need not", r"need not|needn['’]t|not (?:need|have) to|n['’]t (?:need|have) to|not (?:required|obliged|necessary|mandatory)"),
    (
        "may not",
        r"(?:may|must|can|could|shall|should) not|(?:must|can|could|should)n['’]t|cannot"
        r"|not (?:be )?(?:allowed|permitted|entitled|eligible)",
    ),
    (
        "must",
        r"must|shall|need(?:s|ed)? to|ha(?:s|ve|d) to|requires?|required|mandatory|obligatory|obliged|compulsory|muss|müssen|verpflichtet",
    ),
    (
        "may",
        r"may|can|could|might|allow(?:s|ed)?|permit(?:s|ted)?|entitled|eligible|optional(?:ly)?|voluntary|voluntarily|kann|können|darf|dürfen",
    ),
)
_COMPILED = tuple((name, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for name, pattern in _FORCES)
_LIMIT = re.compile(
    r"[ \t,;(–—-]*((?:unless|except(?:ing)?|excluding|other than|but not|provided|only (?:if|when|for|to|on)|as long as|subject to)\b"
    r"[^.;\n]*)",
    re.IGNORECASE,
)


def turned(sentence: str, quotes: Sequence[str]) -> str | None:
    """Why a sentence says must, may, may not or need not where its quotes say only others of these; None where it does not."""
    said, quoted = _forces(sentence), _forces("\n".join(quotes))
    if said and quoted and said.isdisjoint(quoted):
        return f"the quote says “{quoted.pop()}”, the sentence “{said.pop()}”"
    return None


def limit_behind(sentence: str, rest: str) -> str | None:
    """The limit with which the quoted sentence goes on behind its quote, given that `rest`, where the sentence does not name it."""
    match = _LIMIT.match(rest)
    if match is None or match[1].split()[0].casefold() in sentence.casefold().split():
        return None
    return match[1].rstrip(" ,)")


def _forces(text: str) -> set[str]:
    """What a text says of what is to be done. "Must not" is no must."""
    found = set()
    for name, pattern in _COMPILED:
        rest = pattern.sub(" ; ", text)
        if rest != text:
            found.add(name)
            text = rest
    return found
