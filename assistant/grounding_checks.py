"""What code can check of a sentence against its quotes, and the cleaning that takes out everything a sentence must not carry.

These checks do not understand. They stop the errors that can be seen on the surface: another number, another name, a lost "not".
"""

# ruff: noqa: RUF001 - typographic quotation marks and dashes are what this module is about

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.grounding_numbers import missing_quantity, without_dates
from assistant.grounding_turns import turned
from assistant.grounding_words import carriers, uncarried
from assistant.retrieval.analysis import fold
from assistant.unseen import seen

LONGEST_SENTENCE = 600
SHORTEST_QUOTE = 8

_MARKUP = (
    (re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?"), " "),  # an image
    (re.compile(r"\[([^\[\]]*)\]\([^)]*\)"), r"\1"),  # a link keeps its words
    (re.compile(r"</?[A-Za-z!?][^<>]*>"), " "),  # a tag or <https://…>
    (re.compile(r"[\[【]\s*\^?\d+(?:\s*[-,;–]\s*\d+)*\s*[\]】]"), " "),  # [1], [2, 3], [^4]
    (re.compile(r"(?<!\d)(?:\*+|~~|`+)|(?:\*+|~~|`+)(?!\d)"), ""),
    (re.compile(r"(?<!\w)_+|_+(?!\w)"), ""),
    (re.compile(r"^\s*(?:[#>•·▪‣|]+|[-*+](?=\s))\s*|\s*\|+\s*$"), ""),  # a heading, quotation, bullet or table edge
    (re.compile(r"\s*\|+\s*"), ", "),
)
_MARKED = re.compile(r"[\[\]【<>*~`_#|•·▪‣]|^[-+]\s|\s[.,;:!?]")
_VERDICT = re.compile(r"^(?:yes|no|ja|nein|oui|non)\s*[,:;–—-]\s+(?=\w)", re.IGNORECASE)
_BROKEN_MARKUP = re.compile(r"(?<=!)(?=\[)|(?<=\])(?=\()|(?<=<)(?=[/A-Za-z!?])")
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s<>\"]+|(?:mailto|javascript|data|tel):[^\s<>\"]+|//[^\s<>\"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b(?:[/:?][^\s<>\"]*)?",
    re.IGNORECASE,
)
_USUAL = frozenset("0123456789 .,;:!?'\"()/%&€$£+-‐‑–—…“”„‘’‚«»")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(\S+)[.!?…]+[\"'”’)\]]*\s+(?=[\"'“‘(]?[^\W\d_a-zß-ÿ])|[。！？](?=.)")
_NEGATION = re.compile(
    r"\b(?:not|no(?!\.\s*\d)|never|none|nobody|nothing|nowhere|neither|cannot|without|unless|except"
    r"|nicht|kein\w*|nie|niemals|niemand|ohne|weder|außer|pas|jamais|aucune?|sans|nunca)\b|n['’]t\b",
    re.IGNORECASE,
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|oder|ist|sind|nicht|für|mit|von|ein|eine|einen|im|zu|bei|auf|haben|werden)\b", re.IGNORECASE)


def clean(text: str) -> str:
    """One line without control and format characters, Markdown, HTML, images, link targets and citation marks.

    A leading "Yes," or "No," goes too: no quote can carry a verdict, and it would count as a negation.
    """
    text = " ".join(seen(" ".join(text.split())).split())
    before = None if _MARKED.search(text) else text  # most texts have no marks, and looking for each takes long
    while before != text:  # removing one mark may join the halves of another
        before = text
        for pattern, replacement in _MARKUP:
            text = pattern.sub(replacement, text)
        text = re.sub(r"\s+(?=[.,;:!?](?:\s|$))", "", " ".join(text.split()))
    text = _BROKEN_MARKUP.sub(" ", text)
    rest = _VERDICT.sub("", text)
    return text if rest == text else rest[:1].upper() + rest[1:]


def bad_form(sentence: str) -> str | None:
    """Why a cleaned text is not one readable sentence; None where it is."""
    if len(sentence) > LONGEST_SENTENCE:
        return f"the sentence is longer than {LONGEST_SENTENCE} characters"
    for end in _SENTENCE_END.finditer(sentence):
        if end[1] is None or (len(end[1].strip("(\"'")) > 3 and "." not in end[1]):  # "Dr." and "e.g." end no sentence
            return "more than one sentence"
    return None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a sentence leans on: the sentences it quotes, each with whether it is a whole line; titles, headings and leads, which may supply
    names and words; how often the quotes negate, with what governs them; the question, and the texts of the quoted chunks."""

    pieces: Sequence[tuple[str, bool]]
    places: Sequence[str]
    negations: int
    asked: Sequence[str]


def unsupported(sentence: str, basis: Basis) -> str | None:
    """Why the quotes do not carry the cleaned sentence; None where nothing speaks against it."""
    quotes = carriers(sentence, basis.pieces)
    quoted, places = "\n".join([*map(seen, quotes), *map(clean, quotes)]), "\n".join(basis.places)
    if (address := _foreign_address(sentence, quoted)) is not None:
        return f"the address {address} is not in the quote"
    if (quantity := missing_quantity(sentence, quoted)) is not None:
        return f"{quantity} is not in the quote"
    if (name := _missing_name(sentence, f"{quoted}\n{places}")) is not None:
        return f"the name {name} is not in the quote"
    if count_negations(sentence) != basis.negations:
        return "the sentence and its quote do not negate alike"
    words = [_ADDRESS.sub(" ", clean(quote)) for quote in quotes]  # an address carries itself, and no words
    if (reason := uncarried(_ADDRESS.sub(" ", without_dates(sentence)), words, basis.places, basis.asked)) is not None:
        return reason
    if (sign := _foreign_sign(sentence, f"{quoted}\n{places}")) is not None:
        return f"the sign “{sign}” is not in the quote"
    return turned(sentence, quotes)


def count_negations(text: str) -> int:
    """How often a text says not, never, unless and the like (English, German, some French and Spanish)."""
    return len(_NEGATION.findall(text))


def meaningful(text: str) -> int:
    """How many letters and digits a text has."""
    return sum(character.isalnum() for character in text)


def _foreign_address(sentence: str, basis: str) -> str | None:
    """The first address that the basis does not hold as a whole: a piece of one leads elsewhere."""
    known = set(_addresses(basis))
    known |= {address.partition("://")[2] for address in known}
    return next((address for address in _addresses(sentence) if address not in known), None)


def _addresses(text: str) -> list[str]:
    return [match[0].rstrip(".,;:!?)'\"”’") for match in _ADDRESS.finditer(text)]


def _foreign_sign(sentence: str, basis: str) -> str | None:
    """The first character that is no plain letter, digit or usual mark and that the basis does not hold: one can strike out a word, or nod,
    or be a letter in disguise."""
    odd = [c for c in unicodedata.normalize("NFC", sentence) if c not in _USUAL and not _is_plain_letter(c)]
    return next((c for c in odd if c not in unicodedata.normalize("NFC", basis)), None) if odd else None


def _is_plain_letter(character: str) -> bool:
    return character.isalpha() and unicodedata.is_normalized("NFKC", character)


def _missing_name(sentence: str, basis: str) -> str | None:
    """The first name that the basis does not hold. German capitalises every noun, so there only acronyms and codes count."""
    known = {_stem(word) for word in _WORD.findall(basis)}
    german = len(_GERMAN.findall(sentence)) >= 2
    words: list[str] = _WORD.findall(without_dates(sentence))
    for position, word in enumerate(words):
        if _is_name(word, capital_counts=position > 0 and not german) and _stem(word) not in known:
            return word
    return None


def _is_name(word: str, capital_counts: bool) -> bool:
    if len(word) < 2:
        return False
    code = word[0].isalpha() and any(c.isdigit() for c in word)
    acronym = sum(c.isupper() for c in word) >= 2
    return code or acronym or (capital_counts and word[0].isupper())


def _stem(word: str) -> str:
    folded = fold(word)
    return folded[:-1] if folded.endswith("s") and len(folded) > 3 else folded
