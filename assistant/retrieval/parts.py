"""Questions that ask several things at once, taken apart by what can be seen: question marks, and a second question word behind `and`.

Taking one question for two costs evidence, leaving two in one costs little: the whole is searched too. So a doubtful seam is none, and
lists of nouns ("sick leave and holidays") stay together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from assistant.retrieval.analysis import STOP_WORDS, fold
from assistant.retrieval.sentences import sentences
from assistant.types import Hit

MOST = 3
FIRST = 2
FEWEST_WORDS = 2
_ASKS = r"(?:how|what|when|where|who|whom|whose|which|why)"
_VERB = r"(?:is|are|am|was|were|do|does|did|can|could|may|must|should|shall|will|would|have|has)"
_BY = r"(?:(?:in|on|at|to|for|from|by|with|under)\s+)?"
_SUBJECT = r"(?:i|we|you|they|it|he|she|there|the|my|our)"
_SEAM = re.compile(rf"(?:[,;]\s*|\s+)(?:and|as well as|but)(?:\s+also)?\s+(?={_BY}{_ASKS}\s|{_VERB}\s+{_SUBJECT}\s)", re.I)
_QUESTION = re.compile(rf"\W*{_BY}(?:{_ASKS}|{_VERB})\b", re.I)
_LEANS = re.compile(r"\b(?:it|its|they|them|their|theirs|this|that|these|those|he|him|his|she|her|then|there|one|ones|so|same)\b", re.I)
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_ASKING = frozenset(
    ["how", "what", "when", "where", "who", "whom", "whose", "which", "why", "many", "much", "long", "often", "get", "does"]
)


def parts(question: str) -> tuple[str, ...]:
    """What is asked, each part in words that stand alone, at most `MOST`; the question itself where it asks one thing.

    Sentences that ask nothing are the situation, and belong to every part. A part that leans on the one before ("… and who approves
    it?") is given that one's words.
    """
    spans = [span.text for span in sentences(question)]
    asked = [piece for text in spans if text.endswith("?") for piece in _pieces(text)]
    situation = " ".join(text for text in spans if not text.endswith("?"))
    if not 2 <= len(asked) <= MOST or len(_content(f"{situation} {asked[0]}")) < FEWEST_WORDS:
        return (question,)
    return tuple(f"{situation} {piece}".strip() for piece in _standing(asked))


def merge(whole: Sequence[Hit], each: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """The best `k` hits of a question of several parts: the best `FIRST` of each part in turn, then those of the whole question, so that
    no part goes without evidence. A score stays the one of the search that found the hit here."""
    found: dict[str, Hit] = {}
    for hit in [*(hits[rank] for rank in range(FIRST) for hits in each if rank < len(hits)), *whole]:
        found.setdefault(hit.chunk.id, hit)
    return [replace(hit, rank=rank) for rank, hit in enumerate(list(found.values())[:k], 1)]


def _pieces(sentence: str) -> list[str]:
    """A sentence's questions; those before the last get their question mark back."""
    found = _SEAM.split(sentence.strip())
    if len(found) == 1 or not all(_QUESTION.match(piece) for piece in found):
        return [sentence]
    return [piece if piece.endswith("?") else f"{piece}?" for piece in found]


def _standing(asked: list[str]) -> list[str]:
    """Each part with the words of the one before, where it leans on that or says little itself."""
    out = asked[:1]
    for before, part in pairwise(asked):
        leans = _LEANS.search(part) or len(_content(part)) < FEWEST_WORDS
        fresh = [word for word in _content(before) if word not in _content(part)] if leans else []
        out.append(f"{part} ({' '.join(fresh)})" if fresh else part)
    return out


def _content(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if fold(word) not in STOP_WORDS | _ASKING]
