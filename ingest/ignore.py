"""`.footnoteignore`: which files a folder keeps out of the index, in the words of `.gitignore`.

A pattern speaks for what lies below its file's folder; the nearest file and, in it, the last pattern that fits decide. What lies in a
folder that is kept out cannot be let in again. `tests/unit/test_ignore.py` holds this to what git does. pathspec was compared: a negated
folder lets in everything below it there, which git does not do, and a pattern of many asterisks takes it longer than anybody waits. Here
nothing is tried twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.errors import ParseError

IGNORE_FILE = ".footnoteignore"
LARGEST_IGNORE = 100_000  # bytes
_MOST_LINES = 1_000
_ANY_FOLDERS = "**"
_TOKEN = re.compile(
    r"\\(?P<literal>.)|(?P<stars>\*+)|(?P<one>\?)|\[(?P<none>[!^]?)(?P<of>\]?(?:\\.|\[(?!:)|[^\\\[\]])*)\]|(?P<other>[^\\\[])"
)
_MEMBER = re.compile(r"\\?(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`places` matches names, from the rules' folder down; None stands for any number of folders. A pattern without a slash speaks of
    names wherever they are."""

    places: tuple[re.Pattern[str] | None, ...]
    keeps_out: bool
    folders_only: bool
    anywhere: bool


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """One `.footnoteignore`; `depth` is how many folders lie between the root and what it speaks for."""

    depth: int
    patterns: tuple[_Pattern, ...]


def read_rules(content: bytes, depth: int) -> IgnoreRules:
    """Raises ParseError, which says what is wrong with it: where somebody meant to keep a file out, a guess may let it in."""
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ParseError(f"is not UTF-8 (byte {error.start})") from error
    if len(lines) > _MOST_LINES:
        raise ParseError(f"has more than {_MOST_LINES:,} lines")
    written = ((number, _trimmed(line.removesuffix("\r"))) for number, line in enumerate(lines, 1))
    return IgnoreRules(depth, tuple(_pattern(line, number) for number, line in written if line and not line.startswith("#")))


def ignored(rules: Sequence[IgnoreRules], parts: Sequence[str], *, folder: bool) -> bool:
    """Whether a file or folder, its path below the root in `parts`, is kept out, given that no folder above it is. `rules` are those of
    the folders above, outermost first."""
    for rule in reversed(rules):
        for pattern in reversed(rule.patterns):
            if (folder or not pattern.folders_only) and _fits(pattern, parts[rule.depth :]):
                return pattern.keeps_out
    return False


def _trimmed(line: str) -> str:
    """Blanks at the end do not count, unless a backslash stands before one."""
    bare = line.rstrip(" ")
    escaped = (len(bare) - len(bare.rstrip("\\"))) % 2
    return line[: len(bare) + escaped]


def _pattern(line: str, number: int) -> _Pattern:
    negated = line.startswith("!")
    text = line.removeprefix("!") if negated else line
    folders_only = text.endswith("/")
    names = text.removesuffix("/").removeprefix("/").split("/")
    if names == [""]:
        raise ParseError(f'has no pattern in line {number}: "{line[:80]}"')
    anchored = text.startswith("/") or len(names) > 1
    places = tuple(None if anchored and name == _ANY_FOLDERS else _name(name, number) for name in names)
    if places[-1] is None:  # `a/**` is what lies in `a`, not `a` itself
        places = (*places, re.compile(".+", re.DOTALL))
    return _Pattern(places, not negated, folders_only, not anchored)


def _name(name: str, number: int) -> re.Pattern[str]:
    """The expression for one name of a path. After each asterisk the next words are taken where they come first, for good."""
    pieces = [""]
    for piece in _pieces(name, number):
        if piece is None:
            pieces.append("")
        else:
            pieces[-1] += piece
    first, *middle = pieces
    if not middle:
        return re.compile(first, re.DOTALL)
    found = "".join(f"(?>.*?{piece})" for piece in middle[:-1])
    return re.compile(f"{first}{found}.*{middle[-1]}", re.DOTALL)


def _pieces(name: str, number: int) -> Iterator[str | None]:
    """Expressions for characters; None for asterisks."""
    at = 0
    while at < len(name):
        token = _TOKEN.match(name, at)
        if token is None:
            raise ParseError(f'has a bracket or backslash without its other half in line {number}: "{name[:80]}"')
        at = token.end()
        if token["stars"]:
            yield None
        elif token["of"] is not None:
            yield _class(token["of"], bool(token["none"]), number)
        else:
            yield "." if token["one"] else re.escape(token["literal"] or token["other"])


def _class(of: str, none: bool, number: int) -> str:
    """One of, or none of, some characters and ranges of them."""
    members = [match[1] for match in _MEMBER.finditer(of)]
    written = [match[0] for match in _MEMBER.finditer(of)]
    ranges = ""
    at = 0
    while at < len(members):
        last = at + 2 if at + 2 < len(members) and written[at + 1] == "-" else at
        if members[at] > members[last]:
            raise ParseError(f"has a range that runs backwards in line {number}: [{of[:80]}]")
        ranges += f"{re.escape(members[at])}-{re.escape(members[last])}"
        at = last + 1
    return f"[{'^' if none else ''}{ranges}]"


def _fits(pattern: _Pattern, parts: Sequence[str]) -> bool:
    """Walks along pattern and path at once; where they part, the last run of folders takes one more."""
    if pattern.anywhere:
        parts = parts[-1:]
    places = pattern.places
    place = part = 0
    again: tuple[int, int] | None = None
    while part < len(parts):
        wanted = places[place] if place < len(places) else re.compile("(?!)")
        if wanted is None:
            place, again = place + 1, (place + 1, part)
        elif wanted.fullmatch(parts[part]):
            place, part = place + 1, part + 1
        elif again is not None:
            again = (again[0], again[1] + 1)
            place, part = again
        else:
            return False
    return place == len(places)
