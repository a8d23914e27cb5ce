"""Makes a follow-up question findable on its own.

"And for contractors?" names nothing that a search could find; the question before it does. So a question that leans on the
conversation is searched for together with the content words of the question it follows. Rules only: they cost nothing, need no
model, and the asker can read in the trace what was searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.retrieval.analysis import STOP_WORDS, fold
from assistant.types import Turn

MOST_WORDS = 12
MOST_TURNS = 3
FEW_WORDS = 3

_WORD = re.compile(r"[^\W_]+(?:['\u2019.&/-][^\W_]+)*")
_OPENING = re.compile(r"^\W*(?:and|but|or|so|also|what about|how about|why|why not|how so|since when|in that case|then)\b", re.IGNORECASE)
# fmt: off
_POINTERS = frozenset({
    "he", "her", "hers", "him", "his", "it", "its", "she", "their", "theirs", "them", "they", "this", "that", "these", "those",
    "other", "others", "another", "else", "same", "former", "latter", "ones", "such", "there", "instead", "either", "neither", "both",
})
_EMPTY = frozenset({
    "about", "any", "exactly", "explain", "give", "hello", "hi", "just", "know", "let", "many", "mean", "more", "much", "no", "not", "ok",
    "okay", "please", "question", "really", "see", "some", "sorry", "sure", "tell", "thank", "thanks", "understand", "want", "yes",
}) | _POINTERS
# fmt: on


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question as it should be searched for: unchanged where it stands alone or nothing was asked before, else followed by the
    words of the user's questions before it (of the last `MOST_TURNS`, back to the first that stands alone)."""
    asked = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    topic = _topic(question, asked[-MOST_TURNS:])
    return f"{question} ({' '.join(topic)})" if topic else question


def leans(question: str) -> bool:
    """Does the question point at something said before?"""
    words = [fold(word) for word in _WORD.findall(question)]
    if not _POINTERS.isdisjoint(words) or _OPENING.match(question):
        return True
    return len(list(_content(question))) < FEW_WORDS


def _topic(question: str, asked: Sequence[str]) -> list[str]:
    words: list[str] = []
    said = {fold(word) for word in _content(question)}
    for earlier in reversed(asked):
        if not leans(question):
            break
        fresh = [word for word in _content(earlier) if fold(word) not in said]
        words = fresh + words
        said |= {fold(word) for word in fresh}
        question = earlier
    return words[-MOST_WORDS:]


def _content(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        folded = fold(word)
        if folded not in STOP_WORDS and folded not in _EMPTY:
            yield word
