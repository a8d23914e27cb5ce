"""From text to search terms: words, case and accents folded, stop words dropped, stems by Porter's Snowball English stemmer."""

from __future__ import annotations

import re
import threading
import unicodedata

import snowballstemmer  # type: ignore[import-untyped]  # ships no annotations

_TOKEN = re.compile(r"\d+(?:[.,]\d+)+(?![^\W\d_])|[^\W_]+(?:['\u2019][^\W_]+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_REMEMBERED = 200_000

# fmt: off
STOP_WORDS = frozenset({
    "a", "am", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for", "from", "had",
    "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "may", "me", "my", "of", "on", "or", "our",
    "shall", "she", "should", "so", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "us",
    "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
})
# fmt: on


class Analyzer:
    """Turns text into terms. Holds the stems it has seen; safe to share between threads (the stemmer itself is not)."""

    def __init__(self) -> None:
        self._stemmer = snowballstemmer.stemmer("english")
        self._stems: dict[str, str] = {}
        self._lock = threading.Lock()

    def terms(self, text: str) -> list[str]:
        """The terms of `text` in order, with repetitions. Empty for a text of stop words alone."""
        return [self._stem(token) for token in tokens(text) if token not in STOP_WORDS]

    def _stem(self, token: str) -> str:
        stem = self._stems.get(token)
        if stem is None:
            with self._lock:
                if len(self._stems) >= _REMEMBERED:
                    self._stems.clear()
                stem = self._stems[token] = self._stemmer.stemWord(token)
        return stem


def tokens(text: str) -> list[str]:
    """Words and numbers, folded: `Café's 1,000 users` gives `cafe`, `1000`, `users`."""
    found = []
    for match in _TOKEN.findall(text):
        if _THOUSANDS.fullmatch(match):
            found.append(match.replace(",", ""))
        else:
            found.append(fold(match))
    return found


def fold(word: str) -> str:
    """Case and accents taken away, a possessive `'s` too."""
    word = word.casefold()
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word.replace("\u2019", "'")) if not unicodedata.combining(c))
    return word.removesuffix("'s").replace("'", "")
