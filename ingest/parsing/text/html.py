"""HTML, by a walk over lxml's tree.

unstructured's `partition_html` was compared: all 15 passages of the test pages, as here, but 2,603 of 2,678 on the 248 pages of
ConditionalQA (here all: it drops what stands in a table's row without a cell). It reads out hidden elements, leaves out alternative
texts, makes a page laid out by tables one table, and breaks words in cells ("H 2 O"). It takes 7 ms a page, the walk 0.5 ms. Markdown and
mail need the walk too.

Left out: scripts, styles, navigation, page footers, hidden elements, comments, struck-out text (`del`, `s`), form fields, and
everything outside `<main>` where a page has one. A list's numbers are drawn by the browser, so they are no words of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from assistant.errors import ParseError
from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft, sensible_title
from ingest.parsing.properties import stated
from ingest.types import ParsedDocument

_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_LISTS = frozenset(["ul", "ol", "menu", "dir"])
# fmt: off
_SKIPPED = frozenset([
    "script", "style", "template", "noscript", "nav", "svg", "iframe", "canvas", "audio", "video", "select", "textarea", "input",
    "datalist", "head", "del", "s", "strike", "annotation", "annotation-xml", "dialog", "map", "noframes",
])
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "li", "main", "p", "pre", "section",
    "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr",
]) | frozenset(_HEADINGS) | _LISTS
# fmt: on
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_BREAK = "\0"  # a line break until its block is complete; decoded text holds none
_PARAGRAPH_BREAK = re.compile(r"\0\s*(?:\0\s*)+")
_SPAN_DIGITS = 4
_SHOWN = 40  # letters of a value in a message


def read(data: bytes) -> ParsedDocument:
    return from_text(decode(data, declared_encoding(data)))


def declared_encoding(data: bytes) -> str | None:
    """What a page says of its encoding."""
    declared = _CHARSET.search(data[:4096])
    return declared[1].decode("ascii") if declared else None


def from_text(text: str) -> ParsedDocument:
    """A page as blocks. Its title is the first heading of level 1, else what the page calls itself."""
    draft = Draft()
    root = tree(text)
    if root is not None:
        Walk(draft).over(_content(root))
    title = None if root is None else sensible_title(root.findtext(".//title"))
    front_matter, warnings = ({}, ()) if root is None else _stated(root)
    return replace(draft.document(draft.first("heading") or title, front_matter), warnings=warnings)


def _stated(root: Any) -> tuple[dict[str, object], tuple[str, ...]]:
    """What the page's `meta` elements state of it. Programs write some of the names for ends of their own: of those that may stand for
    something else the first counts, and what is no date is left out. About groups there is no doubt."""
    given = [((e.get("name") or "").strip().lower(), (e.get("content") or "").strip()) for e in root.iter("meta")]
    found: dict[str, str] = {}
    warnings = []
    for name, content in given:
        if name in ("effective", "expires") and not _is_date(content):
            warnings.append(f'What the page states as "{name}" is no date: "{content[:_SHOWN]}".')
        elif name != "groups":
            found.setdefault(name, content)
    return stated([*found.items(), *(pair for pair in given if pair[0] == "groups")]), tuple(warnings)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def add_markup(draft: Draft, text: str) -> None:
    """Adds the blocks of a piece of HTML to a draft."""
    root = tree(text)
    if root is not None:
        Walk(draft).over(root)


def tree(text: str) -> Any:
    """lxml's root element, or None where there is none. lxml ships no types, so elements are `Any` here."""
    from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(text.replace("\0", " ").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing but comments or white space
        return None
    if parser.error_log.filter_types([etree.ErrorTypes.ERR_RESOURCE_LIMIT]):
        # lxml drops the rest of the page without a word.
        raise ParseError("The page nests elements deeper than 2,000 levels. Save it from a browser in a simpler form.")
    return root


def _content(root: Any) -> Any:
    mains = [e for e in root.iter("main") if "".join(e.itertext()).strip()]
    return mains[0] if len(mains) == 1 else root


class Walk:
    """One pass over a tree, without recursion: text collects until a block element begins or ends, then becomes a block."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._held: list[str] = []
        self._lists = 0
        self._items: list[int] = []
        self._heading = 0

    def over(self, root: Any) -> None:
        from lxml import etree

        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "start" and not self._enter(element):
                walk.skip_subtree()
            elif event == "end":
                self._leave(element)
                if element is not root:
                    self._held.append(element.tail or "")
        self._flush()

    def _enter(self, element: Any) -> bool:
        """Begins an element; False where its content is not to be walked."""
        tag = element.tag
        if skipped(element):
            return False
        if tag == "pre" or (tag == "table" and _is_data(element)):
            self._flush()
            self._whole(element)
            return False
        if tag in _BLOCKS:
            self._begin(tag, element)
        self._held.append(own_text(element))
        return True

    def _whole(self, element: Any) -> None:
        self._draft.apart()
        if element.tag == "pre":
            self._draft.add("code", inline_text(element).replace(_BREAK, "\n"))
        else:
            self._draft.add("paragraph", " ".join(inline_text(e) for e in element.iterchildren("caption")).replace(_BREAK, " "))
            for cells, header in rows(element):
                self._draft.row(cells, header=header)
        self._draft.apart()

    def _begin(self, tag: str, element: Any) -> None:
        if not (self._items and tag in ("p", "div")):
            self._flush()
        self._held.append(" ")
        if tag in _LISTS:
            self._lists += 1
        elif tag == "li" and not _is_layout(element):
            self._items.append(max(self._lists, 1))
        elif tag in _HEADINGS:
            self._heading = _HEADINGS[tag]

    def _leave(self, element: Any) -> None:
        tag = element.tag
        if tag not in _BLOCKS or skipped(element) or tag == "pre" or (tag == "table" and _is_data(element)):
            return
        if not (self._items and tag in ("p", "div")):
            self._flush()
        self._held.append(" ")
        if tag in _LISTS:
            self._lists -= 1
            if self._lists == 0:
                self._draft.apart()
        elif tag == "li" and not _is_layout(element):
            self._items.pop()
        elif tag in _HEADINGS:
            self._heading = 0

    def _flush(self) -> None:
        text = "".join(self._held)
        self._held = []
        if self._heading:
            self._draft.add("heading", text.replace(_BREAK, " "), self._heading)
        elif self._items:
            self._draft.add("list_item", text.replace(_BREAK, " "), self._items[-1])
        else:
            for part in _PARAGRAPH_BREAK.split(text):
                self._draft.add("paragraph", part.replace(_BREAK, " "))


def skipped(element: Any) -> bool:
    """Whether a reader of the page does not see the element as part of its text."""
    if element.tag in _SKIPPED or element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if element.get("role") in ("navigation", "search") or _HIDDEN_STYLE.search(element.get("style") or ""):
        return True
    return element.tag == "footer" and element.getparent() is not None and element.getparent().tag in ("body", "html")


def own_text(element: Any) -> str:
    """The text before an element's first child: a line break for `br`, the alternative text of a picture."""
    if element.tag == "br":
        return _BREAK
    if element.tag == "img":
        return f" {element.get('alt') or ''} "
    return element.text or ""


def inline_text(element: Any) -> str:
    """All visible text below an element; what stands in a block of its own is set off by a blank."""
    from lxml import etree

    held: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, child in walk:
        block = child.tag in _BLOCKS and child is not element
        if event == "end":
            held.append((" " if block else "") + ((child.tail or "") if child is not element else ""))
        elif child is not element and skipped(child):
            walk.skip_subtree()
        else:
            held.append((" " if block else "") + own_text(child))
    return "".join(held)


def rows(table: Any) -> Iterator[tuple[list[str], bool]]:
    """A table's rows with whether it is the header: the first row, where it stands in `thead` or has `th` cells alone.

    Below a cell that spans rows stand empty cells, so that columns can be counted.
    """
    first = True
    spans: dict[int, tuple[int, int]] = {}  # by its first column, how many columns and further rows a cell above fills
    for row in (e for e in table.iter("tr") if _owner(e) is table and not skipped(e)):
        cells = [e for e in row if e.tag in ("td", "th") and not skipped(e)]
        texts = _beside_spans(cells, spans)
        if any(text.strip() for text in texts):
            yield texts, first and (row.getparent().tag == "thead" or all(e.tag == "th" for e in cells))
            first = False


def _beside_spans(cells: list[Any], spans: dict[int, tuple[int, int]]) -> list[str]:
    """The texts of a row's cells, empty ones where a cell above reaches down; takes this row off `spans` and adds its own cells."""
    texts: list[str] = []
    above = {column: width for column, (width, left) in spans.items() if left}
    spans |= {column: (width, spans[column][1] - 1) for column, width in above.items()}
    at = 0
    for cell in cells:
        while at in above:
            texts.append("")
            at += above[at]
        texts.append(inline_text(cell).replace(_BREAK, " "))
        spans[at] = (_span(cell, "colspan"), _span(cell, "rowspan") - 1)
        at += spans[at][0]
    return texts


def _span(cell: Any, direction: str) -> int:
    """How many columns or rows a cell fills."""
    written = (cell.get(direction) or "").strip()[:_SPAN_DIGITS]
    return max(int(written), 1) if written.isascii() and written.isdigit() else 1


def _owner(element: Any) -> Any:
    return next(element.iterancestors("table"), None)


def _is_data(table: Any) -> bool:
    """Tables that lay out a page hold other tables or headings, or never two cells beside each other."""
    if table.get("role") in ("presentation", "none"):
        return False
    own = [e for e in table.iter("tr") if _owner(e) is table]
    wide = any(sum(c.tag in ("td", "th") for c in row) > 1 for row in own)
    heads = any(c.tag == "th" for row in own for c in row)
    nested = any(e.tag == "table" or e.tag in _HEADINGS for e in table.iterdescendants())
    return wide and (heads or not nested)


def _is_layout(item: Any) -> bool:
    """A list item that holds headings is a part of the page, not an item."""
    return any(e.tag in _HEADINGS for e in item.iterdescendants())
