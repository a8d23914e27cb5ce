"""From text to search terms: words, case and accents folded, stop words dropped, stems by Porter's Snowball English stemmer.

Beside its terms, an index keeps the longer words as they are spelt, each behind the mark `SPELT`, which no term begins with: slips of the
pen are held against them (`spelling.py`).
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import snowballstemmer  # type: ignore[import-untyped]  # ships no annotations

_TOKEN = re.compile(r"\d{4}-\d\d-\d\d(?!\d)|\d+(?:[.,]\d+)+(?![^\W\d_])|\b[Pp]er cent\b|[^\W_]+(?:['\u2019][^\W_]+)*|[%\u20ac$\u00a3]")
_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
# Where letters and digits of a code or a unit part: `GB200`, `200GB`. One letter belongs to its number: `18F`, `Q3`, `401k`.
_SEAM = re.compile(r"(?<=[^\W\d_]{2})(?=\d)|(?<=\d\d)(?=[^\W\d_]{2})")
SPELT = "="
SHORTEST_SPELT = 4
_REMEMBERED = 200_000
# Sentences and chunks, about 20 MB of them.
_TEXTS = 20_000
# Names this code, so that no query is analysed in another way than the index was.
ANALYSIS = hashlib.sha256(Path(__file__).read_bytes() + version("snowballstemmer").encode()).hexdigest()[:16]

# fmt: off
STOP_WORDS = frozenset({
    "a", "am", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for", "from", "had",
    "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "may", "me", "my", "of", "on", "or", "our",
    "shall", "she", "should", "so", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "us",
    "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
})
# fmt: on


_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
          "sixteen", "seventeen", "eighteen", "nineteen", "twenty")  # fmt: skip
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# Written in two ways, but one word: numbers (`one` is more often none), months, currencies. `mar`, `may` and `dec` are other words, too.
_SAME: dict[str, str] = {
    **{word: str(number) for number, word in enumerate(_SMALL, 2)},
    **{word: str(10 * number) for number, word in enumerate(_TENS, 3)},
    **{_MONTHS[month][:3]: _MONTHS[month] for month in (0, 1, 3, 5, 6, 7, 8, 9, 10)},
    "sept": "september",
    "eur": "euro",
    "usd": "dollar",
    "gbp": "pound",
    "%": "percent",
    "per cent": "percent",
    "\u20ac": "euro",
    "$": "dollar",
    "\u00a3": "pound",
}


class Analyzer:
    """Turns text into terms. Holds the stems it has seen, and the terms of the texts it was given last: a question is answered by the same
    sentences again and again. Safe to share between threads (the stemmer itself is not)."""

    def __init__(self) -> None:
        self._stemmer = snowballstemmer.stemmer("english")
        self._stems: dict[str, str] = {}
        self._lock = threading.Lock()
        self._last = lru_cache(_TEXTS)(self._terms)

    def terms(self, text: str) -> list[str]:
        """The terms of `text` in order, with repetitions. Empty for a text of stop words alone."""
        return list(self._last(text))

    def entries(self, text: str) -> list[str]:
        """What an index keeps of `text`: its terms, then its words as they are spelt, each once, behind the mark."""
        found = [token for token in tokens(text) if token not in STOP_WORDS]
        spelt = {token for token in found if len(token) >= SHORTEST_SPELT and token.isalpha()}
        return [*(self._stem(token) for token in found), *(SPELT + token for token in sorted(spelt))]

    def _terms(self, text: str) -> tuple[str, ...]:
        return tuple(self._stem(token) for token in tokens(text) if token not in STOP_WORDS)

    def _stem(self, token: str) -> str:
        stem = self._stems.get(token)
        if stem is None:
            with self._lock:
                if len(self._stems) >= _REMEMBERED:
                    self._stems.clear()
                stem = self._stems[token] = self._stemmer.stemWord(token)
        return stem


def tokens(text: str) -> list[str]:
    """Words and numbers, folded, and of what can be written in several ways one: `Café's 1,000 users pay \u20ac5` gives `cafe`, `1000`,
    `users`, `pay`, `euro`, `5`; `2026-06-30` and `30th June 2026` give `30`, `june`, `2026`; `GB-200` and `GB200` give `gb`, `200`."""
    found: list[str] = []
    for match in _TOKEN.findall(text):
        word = fold(match)
        if word in _SAME:
            found.append(_SAME[word])
        elif match.isalpha():
            found.append(word)
        else:
            found += _mixed(word)
    return found


def _mixed(word: str) -> list[str]:
    """What is neither a word nor a number alone."""
    if date := _ISO_DATE.fullmatch(word):
        year, month, day = (int(part) for part in date.groups())
        return [str(day), _MONTHS[month - 1], str(year)] if 1 <= month <= 12 else [str(year), str(month), str(day)]
    if _THOUSANDS.fullmatch(word):
        return [word.replace(",", "")]
    if ordinal := _ORDINAL.fullmatch(word):
        return [ordinal.group(1)]
    return _SEAM.split(word)


def fold(word: str) -> str:
    """Case and accents taken away, a possessive `'s` too."""
    word = word.casefold()
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word.replace("\u2019", "'")) if not unicodedata.combining(c))
    return word.removesuffix("'s").replace("'", "")
