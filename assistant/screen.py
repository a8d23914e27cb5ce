"""Says whether a question is a plain attempt to pull out the assistant's instructions, or to make it drop them.

Nothing hangs on it: whatever a model says, only grounded sentences leave. It spares the money for plain attempts. So it would rather
let one pass than stop an honest question: people do ask for rules, instructions, prompts and the configuration of systems.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator

from assistant.screen_rules import ASKS_WHETHER, CLAUSE, LISTS, ORDERS, PULLS, RUN_TOGETHER

_NAME = re.compile(r"\b(?:" + "|".join(LISTS) + r")\b")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.?!]+(?!\w)|[?!:,;<>/()\[\]{}\"'*=|\u2013\u2014]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SENTENCE = re.compile(r"(?<=[.?!]) ")
_SHORT = {"can't": "cannot", "n't": " not", "cannot": "can not", "'re ": " are ", "'ve ": " have ", " i'm ": " i am "}
_SHORT |= {" what's ": " what is ", " that's ": " that is ", " u ": " you ", " ur ": " your "}
_SPACED = re.compile(r"(?<!\w)\w(?:[ ._*-]{1,3}\w(?!\w)){7,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_WORD = re.compile(r"\S+")
_LETTERS = str.maketrans("013457@$", "oieastas")


def pulls_at_prompt(question: str) -> bool:
    """In English, German, French, Spanish and Dutch; in base64, rot13, backwards, spaced out or with digits for letters, too."""
    text = "".join(c for c in unicodedata.normalize("NFKC", question) if unicodedata.category(c) != "Cf").replace("\u2019", "'")
    return _spaced_out(text) or any(_pulls(_words(reading)) for reading in _readings(text))


def _pulls(words: str) -> bool:
    return bool(_PULL.search(words)) or any(_ORDER.search(said) and not _WHETHER.search(said) for said in _SENTENCE.split(words))


def _readings(text: str) -> Iterator[str]:
    yield text
    yield codecs.encode(text, "rot13")
    yield text[::-1]
    yield _WORD.sub(lambda word: word[0] if word[0].isdigit() else word[0].translate(_LETTERS), text)
    for found in _BASE64.finditer(text):
        try:
            yield base64.b64decode(found[0] + "=" * (-len(found[0]) % 4), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue


def _spaced_out(text: str) -> bool:
    letters = ("".join(c for c in found[0] if c.isalnum()).lower() for found in _SPACED.finditer(text))
    return any(_RUN.search(run) for run in letters)


def _words(text: str) -> str:
    """The text in the form that the rules are written for; quotes, brackets and dashes as commas."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", _CAMEL.sub(" ", text).casefold()) if not unicodedata.combining(c))
    tokens = (token[-1] if token[-1] in ".?!:,<>/|" else token if token[0].isalnum() else "," for token in _TOKEN.findall(plain))
    words = f" {' '.join(tokens)} . "
    for short, long in _SHORT.items():
        words = words.replace(short, long)
    return words.strip()


def _compiled(rules: Iterable[str], before: str = r"(?<!\S)") -> re.Pattern[str]:
    return re.compile(before + "(?:" + "|".join(map(_expanded, rules)) + r")(?!\S)")


def _expanded(rule: str) -> str:
    """`~` and the names of lists written out."""
    while _NAME.search(rule):
        rule = _NAME.sub(lambda name: f"(?:{LISTS[name[0]]})", rule)
    return rule.replace(" ~ ", r" (?:[^\s.?!]+ ){0,7}?")


_PULL = _compiled(PULLS)
_ORDER = _compiled(ORDERS, before=rf"(?:^|(?<!\S)(?:{CLAUSE}))")
_WHETHER = _compiled([ASKS_WHETHER])
_RUN = re.compile(RUN_TOGETHER)
