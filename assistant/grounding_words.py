"""Whether the words of a sentence are carried: by its quotes and their places, by words alike, or because they say nothing by themselves.

Words are compared by stem, so that inflections and British and American spellings agree. What a sentence may say in other words stands in
`grounding_words.toml`, by language; the sentence's language is the one of whose small words it has most, so that a sentence in another
language than its quote is not carried. A compound is carried by its parts where they stand side by side: "fulltime" by "full-time".
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

import snowballstemmer  # type: ignore[import-untyped]  # ships no annotations

from assistant.retrieval.analysis import fold, tokens

# Of the words that say something, how many the quotes must hold: glue and titles alone make no sentence of a document.
LEAST_CARRIED = 0.5

_STEMMERS = {"en": "english", "de": "german"}
_AMERICAN = (
    (re.compile(r"(?<=[a-z]{3})our(?=$|s$|ed$|ing$|able$|ite|ful|al$|ist|ly$|er)"), "or"),
    (re.compile(r"(?<=[a-z]{2})is(?=e[sdr]?$|ing$|ation)"), "iz"),
    (re.compile(r"(?<=[a-z]{2})ys(?=e[sdr]?$|ing$)"), "yz"),
    (re.compile(r"(?<=[aeiou])ll(?=ed$|ing$|er|or$)"), "l"),
    (re.compile(r"(?<=[bct])re(?=$|s$|d$)"), "er"),
    (re.compile(r"(?<=[a-z]{3})ogue(?=$|s$)"), "og"),
    (re.compile(r"(?<=[a-z]{3})mme(?=$|s$)"), "m"),
    (re.compile(r"(?<=[a-z]{3})ence(?=$|s$)"), "ense"),
)
_SHORTEST_PART = 3
_PREFIXES = frozenset({"co", "e", "re"})
_DOUBLED = re.compile(r"([bdfgmnprt])\1$")
_NUMBER = re.compile(r"\d[\d.,]*(?:k|m|bn|mio)?")
# What a quote says of one of these is said of something named before it.
_LEANS = re.compile(r"\b(?:it|its|this|these|those|they|them|their|he|she|his|her|him|such)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Wording:
    """One language of `grounding_words.toml`. `glue` holds every form of its words, `alike` stems, `regular` the first form of a word
    that no ending explains."""

    language: str
    function: frozenset[str]
    glue: frozenset[str]
    alike: Mapping[str, frozenset[str]]
    regular: Mapping[str, str]
    idioms: re.Pattern[str]

    def stem(self, word: str) -> str:
        return _stem(self.regular.get(word, word), self.language)


@dataclass(frozen=True, slots=True)
class _Held:
    """The stems of some texts, and their neighbouring words written as one."""

    stems: frozenset[str]
    joined: frozenset[str]

    def has(self, word: str, stem: str) -> bool:
        return stem in self.stems or word in self.joined or word.removesuffix("s") in self.joined


def carriers(sentence: str, pieces: Sequence[tuple[str, bool]]) -> list[str]:
    """Of the sentences quoted, those that this one is made from: the one that shares most of its words, and others that share two.

    A word is not borrowed from a sentence that has nothing else in common with what is said. True beside a piece: it is a whole line, such
    as an item or a row, and may be shorter.
    """
    if len(pieces) < 2:
        return [text for text, _ in pieces]
    wording = _wording_of(sentence)
    told = (word for word in tokens(_composed(sentence)) if word not in wording.function and word not in wording.glue)
    said = {wording.stem(word) for word in told if not _NUMBER.fullmatch(word)}
    shared = [len(said & _held([text], wording).stems) for text, _ in pieces]
    return [text for (text, alone), count in zip(pieces, shared, strict=True) if count >= (1 if alone else 2) or count == max(shared)]


def uncarried(sentence: str, quotes: Sequence[str], places: Sequence[str], asked: Sequence[str]) -> str | None:
    """Why the words of a sentence are not carried; None where they are. Numbers count as carried: others compare them.

    `places` are titles, headings and leads. `asked` are the question and, behind it, the texts of the quoted chunks: where a quote leans on
    what stands before it ("It must be …"), a word of the question counts too, if it stands in one of these. In any other case it does not,
    or "How much leave do contractors get?" would turn the employees' leave into theirs.
    """
    wording = _wording_of(sentence)
    words = [word for word in tokens(wording.idioms.sub(" ", _composed(sentence))) if word not in wording.function]
    quoted, named = _held(quotes, wording), _held(places, wording)
    carried = 0
    for place, word in enumerate(words):
        around = words[max(0, place - 1) : place + 2]
        if _is_carried(word, around, quoted, wording):
            carried += 1
        elif word in wording.glue or _is_carried(word, around, named, wording):
            continue
        elif not _is_asked(wording.stem(word), quotes, asked, wording):
            return f"the word “{word}” is not in the quote"
    return None if carried and carried >= LEAST_CARRIED * len(words) else "most of its words are not in the quote"


def _is_carried(word: str, around: Sequence[str], held: _Held, wording: _Wording) -> bool:
    if _NUMBER.fullmatch(word):
        return True
    stem = wording.stem(word)
    if held.has(word, stem) or not held.stems.isdisjoint(wording.alike.get(stem, ())):
        return True
    pairs = (pair for pair in pairwise(around) if word in pair and (len(pair[0]) >= _SHORTEST_PART or pair[0] in _PREFIXES))
    if any(wording.stem("".join(pair)) in held.stems for pair in pairs if len(pair[1]) >= _SHORTEST_PART):
        return True
    return wording.language == "de" and _is_compound(word, held, wording)


def _is_compound(word: str, held: _Held, wording: _Wording) -> bool:
    """Whether a German word is put together from two that are held."""
    for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        if wording.stem(word[cut:]) in held.stems and any(
            wording.stem(word[:cut].removesuffix(joint)) in held.stems for joint in ("", "s", "es", "n", "en")
        ):
            return True
    return False


def _is_asked(stem: str, quotes: Sequence[str], asked: Sequence[str], wording: _Wording) -> bool:
    if not any(_LEANS.search(quote) for quote in quotes):
        return False
    return stem in _held(asked[:1], wording).stems and stem in _held(asked[1:], wording).stems


def _held(texts: Iterable[str], wording: _Wording) -> _Held:
    words = [tokens(_composed(text)) for text in texts]
    stems = frozenset(wording.stem(word) for text in words for word in text)
    return _Held(stems, frozenset(first + second for text in words for first, second in pairwise(text)))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> str:
    if language == "en":
        for pattern, replacement in _AMERICAN:
            word = pattern.sub(replacement, word)
    stem: str = snowballstemmer.stemmer(_STEMMERS[language]).stemWord(word)
    return _DOUBLED.sub(r"\1", stem)  # or "staffed" is no form of "staff"


def _wording_of(sentence: str) -> _Wording:
    words = tokens(sentence)
    return max(_wordings(), key=lambda wording: sum(word in wording.function for word in words))


@cache
def _wordings() -> Sequence[_Wording]:
    """English first: it is taken where a sentence has small words of no language."""
    stored = tomllib.loads((files("assistant") / "grounding_words.toml").read_text(encoding="utf-8"))
    return [_wording(language, part) for language, part in stored.items()]


def _wording(language: str, part: Mapping[str, str]) -> _Wording:
    families = [fold(line).split() for line in part["irregular"].splitlines()]
    regular = {form: family[0] for family in families for form in family}
    glue = {form for word in fold(part["glue"]).split() for form in _inflected(word)}
    irregular_glue = {form for family in families if family and family[0] in glue for form in family}
    groups = [frozenset(_stem(regular.get(word, word), language) for word in fold(line).split()) for line in part["alike"].splitlines()]
    alike = {stem: frozenset().union(*(group for group in groups if stem in group)) for group in groups for stem in group}
    idioms = "|".join(re.escape(line) for line in part["idioms"].splitlines() if line)
    function = frozenset(fold(part["function"]).split())
    return _Wording(language, function, frozenset(glue | irregular_glue), alike, regular, re.compile(rf"\b(?:{idioms or '(?!)'})\b", re.I))


def _inflected(word: str) -> set[str]:
    """The regular English forms of a word, and some that are none."""
    forms = {word, *(word + ending for ending in ("s", "es", "ed", "d", "ing"))}
    if word.endswith("e"):
        forms.add(word[:-1] + "ing")
    if word.endswith("y"):
        forms |= {word[:-1] + "ies", word[:-1] + "ied"}
    return forms | {word + word[-1] + ending for ending in ("ed", "ing")}
