"""Is it an English word? As the list says that unstructured brings along: the file is read, the package is not imported."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

_LIST = "nlp/english-words.txt"


def is_english(word: str) -> bool:
    """Of a word in small letters. True of every word where the list is missing, so that none is taken for a slip without a reason."""
    words = _words()
    return not words or b"\n%b\n" % word.encode() in words


@cache
def _words() -> bytes:
    """The whole list, five megabytes, a word a line: as a set it would take ten times as much."""
    found = find_spec("unstructured")
    file = Path(found.origin).parent / _LIST if found and found.origin else None
    return b"\n%b\n" % file.read_bytes() if file and file.is_file() else b""
