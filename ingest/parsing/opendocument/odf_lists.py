"""The labels of OpenDocument lists and headings: the file stores how a level counts, the program draws the number."""

from __future__ import annotations

from typing import Any

from ingest.parsing.labels import numeral
from ingest.parsing.office.ooxml import value
from ingest.parsing.opendocument.odf import Styles

_DEEPEST = 10  # levels that a list style describes
_KINDS = ("1", "a", "A", "i", "I")
_NOT_BEGUN = -1
_Levels = dict[int, Any]


class Numbers:
    """Counts the items of a document's lists, and its numbered headings, in reading order."""

    def __init__(self, styles: Styles) -> None:
        self._levels: dict[str | None, _Levels] = {name: _by_level(node) for name, node in styles.lists.items()}
        self._outline = _by_level(styles.outline)
        self._headings: list[int] = []
        self._of_style: dict[str | None, list[int]] = {}
        self._of_list: dict[str, list[int]] = {}

    def begin(self, element: Any) -> list[int]:
        """The counters of a list that begins: new ones, or those of the list that it continues."""
        style, before, name = value(element, "style-name"), value(element, "continue-list"), value(element, "id")
        counters: list[int] = []
        if before in self._of_list:
            counters = self._of_list[before]
        elif value(element, "continue-numbering") == "true":
            counters = self._of_style.get(style, counters)
        self._of_style[style] = counters
        if name:
            self._of_list[name] = counters
        return counters

    def item(self, style: str | None, counters: list[int], depth: int, start: str | None) -> str:
        """The label of the next item at a depth (from 1), empty for a bullet. `start` is the number that the item itself states."""
        return _label(self._levels.get(style, {}), counters, depth, start)

    def heading(self, level: int, start: str | None) -> str:
        return _label(self._outline, self._headings, level, start)


def _by_level(style: Any) -> _Levels:
    found = [] if style is None else [(value(node, "level") or "", node) for node in style]
    return {int(level): node for level, node in found if level.isdigit()}


def _label(levels: _Levels, counters: list[int], depth: int, start: str | None) -> str:
    depth = min(depth, _DEEPEST)
    counters += [_NOT_BEGUN] * (depth - len(counters))
    del counters[depth:]
    if start is not None or counters[-1] == _NOT_BEGUN:
        counters[-1] = _whole(start if start is not None else value(levels.get(depth), "start-value"))
    else:
        counters[-1] += 1
    return _drawn(levels, counters)


def _drawn(levels: _Levels, counters: list[int]) -> str:
    """What the level of the last counter draws, with the numbers of as many levels above as it shows. A level above without
    an item counts as begun."""
    depth = len(counters)
    kind = value(levels.get(depth), "num-format")
    if not kind:
        return ""
    drawn = []
    for at in range(max(depth - _whole(value(levels[depth], "display-levels")), 0), depth):
        own = value(levels.get(at + 1), "num-format")
        drawn += [numeral(1 if counters[at] == _NOT_BEGUN else counters[at], own)] if own in _KINDS else []
    return f"{value(levels[depth], 'num-prefix') or ''}{'.'.join(drawn)}{value(levels[depth], 'num-suffix') or ''} "


def _whole(written: str | None) -> int:
    return int(written) if written and len(written) < 10 and written.isascii() and written.isdigit() else 1
