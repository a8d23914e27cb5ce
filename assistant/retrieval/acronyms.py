"""Abbreviations and their long forms, as the documents themselves explain them: "paid time off (PTO)" or "PTO (paid time off)".

Found by the rule of Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text", 2003: the
letters of the short form stand in the long one in their order, the first at the beginning of a word. Here a short form has two
capitals at least. For an asker, an explanation counts where it stands in a chunk that he may read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.layout import Mask

MOST_MEANINGS = 2
_BRACKETS = re.compile(r"\(([^()\n]{2,80})\)")
_SHORT = re.compile(r"[^\W_][\w&./-]{1,9}")
_LAST_WORD = re.compile(r"\S+$")


@dataclass(frozen=True, slots=True)
class Meaning:
    """A short form and its long one, as terms, and the chunks that explain it, ascending."""

    short: str
    long: tuple[str, ...]
    chunks: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Acronyms:
    """The meanings by their short form, and by the first term of their long form."""

    by_short: Mapping[str, tuple[Meaning, ...]]
    by_long: Mapping[str, tuple[Meaning, ...]]


def collect(texts: Iterable[str], analyzer: Analyzer) -> Acronyms:
    """What the chunks, given in their order, explain."""
    found: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for ordinal, text in enumerate(texts):
        for short, long in mine(text) if "(" in text else ():
            terms, meaning = analyzer.terms(short), tuple(analyzer.terms(long))
            if len(terms) == 1 and meaning and terms[0] not in meaning:
                chunks = found.setdefault((terms[0], meaning), [])
                chunks += [ordinal] if ordinal not in chunks[-1:] else []
    meanings = [Meaning(*key, np.asarray(chunks, dtype=np.int32)) for key, chunks in sorted(found.items())]
    return Acronyms(_by(meanings, [m.short for m in meanings]), _by(meanings, [m.long[0] for m in meanings]))


def mine(text: str) -> Iterator[tuple[str, str]]:
    """Short and long forms, each pair as often as the text explains it."""
    for brackets in _BRACKETS.finditer(text):
        inside, before = brackets.group(1).strip(), text[max(0, brackets.start() - 120) : brackets.start()].rstrip()
        word = _LAST_WORD.search(before)
        if _is_short(inside):
            pair = inside, _long_form(inside, _tail(before, inside))
        elif word and _is_short(word.group()):
            pair = word.group(), inside if _long_form(word.group(), inside) == inside else None
        else:
            continue
        if pair[1]:
            yield pair[0], pair[1]


def alternatives(acronyms: Acronyms, terms: Sequence[str], mask: Mask) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """For terms of a query, others that mean the same: the long form for a short one, the short for a long one."""
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for at, term in enumerate(terms):
        found += [((term,), meaning.long) for meaning in _readable(acronyms.by_short.get(term, ()), mask)]
        spelt_out = [m for m in acronyms.by_long.get(term, ()) if tuple(terms[at : at + len(m.long)]) == m.long]
        found += [(meaning.long, (meaning.short,)) for meaning in _readable(spelt_out, mask)]
    return list(dict.fromkeys(found))


def _readable(meanings: Sequence[Meaning], mask: Mask) -> list[Meaning]:
    """Those that the asker may read, the ones that are explained most often."""
    counted = [(-int(np.count_nonzero(mask[meaning.chunks])), number) for number, meaning in enumerate(meanings)]
    return [meanings[number] for count, number in sorted(counted) if count][:MOST_MEANINGS]


def _by(meanings: Sequence[Meaning], keys: Sequence[str]) -> dict[str, tuple[Meaning, ...]]:
    grouped: dict[str, tuple[Meaning, ...]] = {}
    for key, meaning in zip(keys, meanings, strict=True):
        grouped[key] = (*grouped.get(key, ()), meaning)
    return grouped


def _is_short(text: str) -> bool:
    return bool(_SHORT.fullmatch(text)) and sum(character.isupper() for character in text) >= 2


def _tail(before: str, short: str) -> str:
    """As many words as a long form has at most, from the same line."""
    words = before.rpartition("\n")[2].split(" ")
    return " ".join(words[-min(len(short) + 5, 2 * len(short)) :])


def _long_form(short: str, text: str) -> str | None:
    """The shortest end of `text` that `short` stands for, None where there is none."""
    at = len(text)
    letters = [character.lower() for character in short if character.isalnum()]
    for place, letter in reversed(list(enumerate(letters))):
        at -= 1
        while at >= 0 and (text[at].lower() != letter or (place == 0 and at > 0 and text[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
    return text[at:] if " " in text[at:] or "-" in text[at:] else None
