"""The numbers of lists and headings as a program draws them: "3", "c", "iv"."""

from __future__ import annotations

from string import ascii_lowercase

# fmt: off
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"),
    (4, "iv"), (1, "i"),
)
# fmt: on
_MOST_ROMAN = 4999


def numeral(number: int, kind: str) -> str:
    """A number as "1", "a", "A", "i" or "I" counts (of which letters go on with "aa", "bb"); of any other kind as decimal digits."""
    if kind in ("a", "A") and 0 < number <= _MOST_ROMAN:
        turns, letter = divmod(number - 1, len(ascii_lowercase))
        drawn = ascii_lowercase[letter] * (turns + 1)
    elif kind in ("i", "I") and 0 < number <= _MOST_ROMAN:
        drawn = _roman(number)
    else:
        return str(number)
    return drawn.upper() if kind.isupper() else drawn


def _roman(number: int) -> str:
    drawn = ""
    for size, letters in _ROMAN:
        count, number = divmod(number, size)
        drawn += letters * count
    return drawn
