"""Text of an RTF file that runs by itself, such as the body or a footnote: its paragraphs, and the rows of its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from ingest.parsing.draft import Draft
from ingest.parsing.text.rtf_tokens import whole
from ingest.types import BlockKind


@dataclass(frozen=True, slots=True)
class Piece:
    """A block, or a row where it has `cells`. `header`: the file says of the row that it is a header."""

    kind: BlockKind
    text: str = ""
    level: int = 0
    cells: tuple[str, ...] | None = None
    header: bool = False


@dataclass(slots=True)
class Flow:
    """`text` is the paragraph under construction, `cell` and `cells` the row; `boxes` follow the paragraph that they are anchored in.
    `header` and `heads`: the file says that the row is a header, or that its table's first row is one."""

    pieces: list[Piece] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    label: str = ""
    item: bool = False
    cell: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    boxes: list[Piece] = field(default_factory=list)
    header: bool = False
    heads: bool = False

    def begin_item(self, label: str) -> None:
        self.label, self.item = label, True

    def end_paragraph(self, kind: BlockKind, level: int, in_table: bool) -> None:
        text = whole("".join(self.text)).strip()
        text = self.label + text if text else ""
        self.text.clear()
        self.label, self.item = "", False
        if in_table:
            self.cell.append(text)
            return
        self.pieces.append(Piece(kind, text, level))
        self._open_boxes()

    def end_cell(self) -> None:
        self.end_paragraph("paragraph", 0, in_table=True)
        self.cells.append(" ".join(text for text in self.cell if text))
        self.cell.clear()

    def end_row(self) -> None:
        if self.cells:
            self.pieces.append(Piece("table_row", cells=tuple(self.cells), header=self.header or self.heads))
        self.cells.clear()
        self._open_boxes()

    def finish(self, kind: BlockKind, level: int) -> list[Piece]:
        """All pieces, with what the file leaves without an end."""
        if self.cells or self.cell:
            self.end_cell()
            self.end_row()
        self.end_paragraph(kind, level, in_table=False)
        return self.pieces

    def _open_boxes(self) -> None:
        self.pieces += self.boxes
        self.boxes.clear()


def add_pieces(draft: Draft, pieces: list[Piece]) -> None:
    for in_table, group in groupby(pieces, key=lambda piece: piece.cells is not None):
        if in_table:
            _add_table(draft, list(group))
        else:
            for piece in group:
                draft.add(piece.kind, piece.text, piece.level)


def _add_table(draft: Draft, rows: list[Piece]) -> None:
    """A table that never has two cells beside each other is a frame around text."""
    grid = [row.cells or () for row in rows]
    draft.apart()
    for index, cells in enumerate(grid):
        if all(len(other) < 2 for other in grid):
            draft.add("paragraph", " ".join(cells))
        else:
            draft.row(cells, header=index == 0 and len(grid) > 1 and rows[0].header)
    draft.apart()
