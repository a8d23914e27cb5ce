"""A document under construction: blocks are added in reading order and come out as one text with exact offsets."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

from ingest.types import Block, BlockKind, ParsedDocument

# Unseen characters that would break a search or hide text from a reader: soft hyphen, zero-width space and word joiner, byte order
# mark, direction controls, interlinear marks, fillers, variation selectors, tag characters.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# Joiners shape letters of other scripts and emoji; beside ASCII they are noise.
_STRAY_JOINER = re.compile("(?:^|(?<=[\x00-\x7f]))[\u200c\u200d]+|[\u200c\u200d]+(?=[\x00-\x7f]|$)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_NO_TITLE = re.compile(
    r"(?i)(untitled( \w+)?|document|presentation|workbook|book|slide|sheet|page|title|home|index|word document|powerpoint[- ]pr\S+)[ -]?\d*"
    r"|microsoft \w+ - .*|.*\.(docx?|pptx?|xlsx?|pdf|rtf|odt|html?|md|txt|indd|qxd|tmp)|\W*|\(\w+\)|\S*_\S*"
)
_LONGEST_TITLE = 200
# Longer ones are texts that were given the wrong style or element. They would be repeated with every chunk below them.
LONGEST_HEADING = 1_000
LONGEST_HEADER = 4_000
DEEPEST_HEADING = 9  # as in Word


def visible(text: str) -> str:
    """The text without characters that nobody sees; newlines and tabs stay."""
    text = _UNSEEN.sub("", text)
    text = _STRAY_JOINER.sub("", text)
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text))


def one_line(text: str) -> str:
    """The text with every run of white space made one blank."""
    return " ".join(visible(text).split())


def sensible_title(text: str | None) -> str | None:
    """A title from a document's properties, or None where it is a file name, a program's default or too long to be one."""
    title = one_line(text or "")
    return None if len(title) > _LONGEST_TITLE or _NO_TITLE.fullmatch(title) else title


class Draft:
    """Collects blocks. Between two items of a list or two rows of a table stands one newline, else an empty line."""

    def __init__(self) -> None:
        self._pieces: list[tuple[BlockKind, str, int, int | None]] = []
        self._apart: set[int] = set()

    def add(self, kind: BlockKind, text: str, level: int = 0, page: int | None = None) -> None:
        """Adds one block; text without a visible character adds nothing."""
        clean = _code(text) if kind == "code" else one_line(text)
        if kind == "heading":
            kind, level = ("heading", min(level, DEEPEST_HEADING)) if len(clean) <= LONGEST_HEADING else ("paragraph", 0)
        elif kind == "table_header" and len(clean) > LONGEST_HEADER:
            kind = "table_row"
        if clean:
            self._pieces.append((kind, clean, level, page))

    def row(self, cells: Iterable[str], *, header: bool = False, page: int | None = None) -> None:
        """Adds a table's row: cells joined by " | ", empty cells kept so that columns can be counted, except at the end."""
        clean = [one_line(cell) for cell in cells]
        while clean and not clean[-1]:
            clean.pop()
        self.add("table_header" if header else "table_row", " | ".join(clean), page=page)

    def apart(self) -> None:
        """Ends a list or table: an empty line follows, even where another list or table does."""
        self._apart.add(len(self._pieces))

    def first(self, kind: BlockKind, level: int = 1) -> str | None:
        return next((text for k, text, lv, _ in self._pieces if k == kind and lv == level), None)

    def document(self, title: str | None = None, front_matter: Mapping[str, object] | None = None) -> ParsedDocument:
        """The finished document. Without a title given, the first heading of level 1 is the title."""
        parts: list[str] = []
        blocks: list[Block] = []
        at = 0
        for index, (kind, text, level, page) in enumerate(self._pieces):
            gap = self._gap(index)
            parts += (gap, text)
            blocks.append(Block(kind, at + len(gap), at + len(gap) + len(text), level, page))
            at += len(gap) + len(text)
        title = one_line(title or "")[:LONGEST_HEADING] or self.first("heading")
        return ParsedDocument("".join(parts), tuple(blocks), title, front_matter or {})

    def _gap(self, index: int) -> str:
        if index == 0:
            return ""
        kinds = {self._pieces[index - 1][0], self._pieces[index][0]}
        together = kinds == {"list_item"} or (kinds <= {"table_header", "table_row"} and self._pieces[index][0] == "table_row")
        return "\n" if together and index not in self._apart else "\n\n"


def _code(text: str) -> str:
    """Code keeps its lines and its indentation, relative to the first line."""
    lines = [line.rstrip() for line in visible(text.expandtabs(4)).split("\n")]
    return textwrap.dedent("\n".join(lines)).strip()
