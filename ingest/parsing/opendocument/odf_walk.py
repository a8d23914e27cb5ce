"""A walk over the content of OpenDocument files: headings, paragraphs, lists and tables become blocks.

The content of a text box follows the paragraph that it is anchored in; footnotes are kept for the end. Left out: tracked deletions,
hidden text, comments, tables of contents and indexes, which say everything twice, page numbers, forms, descriptions of pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.parsing.draft import Draft
from ingest.parsing.office.ooxml import children, first, local, value
from ingest.parsing.opendocument.odf import Styles
from ingest.parsing.opendocument.odf_lists import Numbers

# fmt: off
_SKIPPED = frozenset([
    "tracked-changes", "annotation", "annotation-end", "hidden-text", "ruby-text", "page-number", "number", "sequence-decls",
    "variable-decls", "user-field-decls", "dde-connection-decls", "forms", "event-listeners", "table-of-content", "illustration-index",
    "table-index", "object-index", "user-index", "alphabetical-index",
])
# fmt: on
_BLANKS = frozenset(["s", "tab", "line-break"])
_ROW_GROUPS = frozenset(["table-header-rows", "table-rows", "table-row-group"])
_CELLS = ("table-cell", "covered-table-cell")
_DRAWING = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_COPIES = 1024
_COPIED = 10_000  # characters that one element may become by being repeated


class Walk:
    """One document's walk. `page` is given to every block."""

    def __init__(self, draft: Draft, styles: Styles, numbers: Numbers, notes: list[Any], page: int | None = None) -> None:
        self._draft = draft
        self._styles = styles
        self._numbers = numbers
        self._notes = notes
        self._page = page
        self._boxes: list[Any] = []

    def over(self, container: Any) -> None:
        for element in container:
            self._block(element)

    def _block(self, element: Any) -> None:
        name = local(element)
        if name in _SKIPPED or value(element, "placeholder") == "true" or (name == "section" and value(element, "display") == "none"):
            return
        if name in ("p", "h"):
            self._paragraph(element)
        elif name == "list":
            self._draft.apart()
            self._list(element, value(element, "style-name"), self._numbers.begin(element), 1)
            self._draft.apart()
        elif name == "numbered-paragraph":
            level = value(element, "level") or "1"
            self._item(list(element), "", int(level) if level.isdigit() else 1)
        elif name == "table":
            self.table(element)
        else:
            self.over(element)

    def _paragraph(self, element: Any, label: str = "") -> None:
        style = value(element, "style-name")
        level = self._styles.heading(style)
        if local(element) == "h":
            written = value(element, "outline-level") or "1"
            level = int(written) if written.isdigit() else 1
            if not label and value(element, "is-list-header") != "true":
                label = self._numbers.heading(level, value(element, "start-value"))
        if text := self.words(element).strip():
            self._draft.add("heading" if level else "paragraph", label + text, level, self._page)
        self._open_boxes()

    def _open_boxes(self) -> None:
        boxes, self._boxes = self._boxes, []
        self.over(boxes)

    def _list(self, element: Any, style: str | None, counters: list[int], depth: int) -> None:
        for item in element:
            parts = list(item)
            lead = next((local(part) for part in parts if local(part) not in _SKIPPED), "")
            label = ""
            if local(item) == "list-item" and lead in ("p", "h"):
                own = value(item, "style-override") or style
                label = self._numbers.item(own, counters, depth, value(item, "start-value"))
            self._item(parts, label, depth, style, counters)

    def _item(self, parts: list[Any], label: str, depth: int, style: str | None = None, counters: list[int] | None = None) -> None:
        """Paragraphs beside each other are one item; what else stands in an item follows it."""
        held: list[str] = []

        def flush() -> None:
            nonlocal label
            if text := " ".join(held).strip():
                self._draft.add("list_item", label + text, depth, self._page)
                label = ""
            held.clear()

        for part in parts:
            if local(part) == "p" and not self._styles.heading(value(part, "style-name")):
                held.append(self.words(part))
                continue
            flush()
            if local(part) in ("p", "h"):
                self._paragraph(part, label)
            elif local(part) == "list" and counters is not None:
                self._list(part, value(part, "style-name") or style, counters, depth + 1)
            else:
                self._block(part)
        flush()
        self._open_boxes()

    def words(self, element: Any) -> str:
        """The visible text of a paragraph. Text boxes in it are put aside, and so are notes."""
        hidden = self._styles.hides("paragraph" if local(element) in ("p", "h") else "text", value(element, "style-name"))
        if hidden or any(value(mark, "is-hidden") == "true" for mark in children(element, "hidden-paragraph")):
            return ""
        return (element.text or "") + "".join(self._inline(child) + (child.tail or "") for child in element)

    def _inline(self, element: Any) -> str:
        name = local(element)
        if name in _BLANKS:
            return " "
        if name == "note":
            self._notes.append(first(element, "note-body"))
        elif str(element.tag).startswith(_DRAWING):
            self._boxes.append(element)
        elif name not in _SKIPPED:
            return self.words(element)
        return ""

    def table(self, element: Any) -> None:
        """A table that never has two cells beside each other is a frame around text."""
        found = list(table_rows(element))
        if all(sum(local(cell) in _CELLS for cell in row) < 2 for row, _ in found):
            for row, _ in found:
                self.over([block for cell in children(row, "table-cell") for block in cell])
            return
        self._draft.apart()
        for index, (row, header) in enumerate(found):
            header = index == 0 and len(found) > 1 and (header or self._names_columns(row))
            self._draft.row(self._cells(row), header=header, page=self._page)
        self._draft.apart()
        self._open_boxes()

    def _names_columns(self, row: Any) -> bool:
        """Whether every cell's text is in the style that LibreOffice gives to the heads of columns."""
        paragraphs = [p for cell in children(row, "table-cell") for p in children(cell, "p")]
        return bool(paragraphs) and all(self._styles.of_table_heads(value(p, "style-name")) for p in paragraphs)

    def _cells(self, row: Any) -> list[str]:
        texts: list[str] = []
        for cell in row:
            if local(cell) in _CELLS:
                text = "" if local(cell) == "covered-table-cell" else self.cell(cell)
                texts += [text] * copies(cell, "number-columns-repeated", text)
        return texts

    def cell(self, cell: Any) -> str:
        """All text of a cell, or of anything else that holds blocks."""
        if all(local(part) == "p" for part in cell):  # as nearly all are, and a walk of its own takes twice as long
            return "\n".join(map(self.words, cell)).strip()
        inner = Draft()
        Walk(inner, self._styles, self._numbers, self._notes).over(cell)
        return inner.document().text

    def finish(self) -> None:
        """Adds the notes, in the order of their marks."""
        while self._notes:
            note = self._notes.pop(0)
            if note is not None:
                self.over(note)


def table_rows(table: Any) -> Iterator[tuple[Any, bool]]:
    """A table's rows as stored, and whether each is among its header rows."""
    for element in table:
        if local(element) == "table-row":
            yield element, local(table) == "table-header-rows"
        elif local(element) in _ROW_GROUPS:
            for row, header in table_rows(element):
                yield row, header or local(element) == "table-header-rows"


def repeated(element: Any, attribute: str) -> int:
    """How often a cell, row or column stands in the table, as it states."""
    written = value(element, attribute) or "1"
    return max(int(written), 1) if len(written) < 10 and written.isascii() and written.isdigit() else 1


def copies(element: Any, attribute: str, text: str) -> int:
    """How often a cell or row with that text is written: as it states, as far as that can be meant."""
    return max(1, min(repeated(element, attribute), _COPIES, _COPIED // (len(text) + 1)))
