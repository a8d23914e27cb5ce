"""The readable sources of the office files: plain Markdown of a few forms, as blocks, plain text and HTML.

Headings, paragraphs, lists, pipe tables and, for a slide's speaker notes, `>`; blocks are separated by empty lines. YAML front matter
holds a mail's headers, or `scan: true` for a PDF that is an image only.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    ordered: bool
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; the first row is the header."""

    rows: tuple[tuple[str, ...], ...]


Block = Heading | Text | Note | Items | Grid


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    head: dict[str, object]
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        return next(b.text for b in self.blocks if isinstance(b, Heading))


def read_source(path: Path, name: str) -> Source:
    text = path.read_text(encoding="utf-8")
    head: dict[str, object] = {}
    if text.startswith("---\n"):
        front, text = text.removeprefix("---\n").split("\n---\n", 1)
        head = yaml.safe_load(front)
    return Source(name, head, tuple(parse_block(part) for part in re.split(r"\n\s*\n", text.strip())))


def parse_block(part: str) -> Block:
    lines = part.splitlines()
    if mark := re.match(r"(#+) ", part):
        return Heading(len(mark[1]), part[mark.end() :])
    if part.startswith("|"):
        cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
        return Grid((cells[0], *cells[2:]))
    if part.startswith("> "):
        return Note(part.removeprefix("> "))
    if re.match(r"- |\d+\. ", part):
        return Items(part[0] != "-", tuple(re.sub(r"^(- |\d+\. )", "", line) for line in lines))
    return Text("\n".join(lines))


def plain(text: str) -> str:
    return text.replace("*", "")


def marked_up(text: str, tag: str) -> str:
    """Emphasis as tags, line ends as breaks; for reportlab's paragraphs and for HTML alike."""
    return re.sub(r"\*([^*]+)\*", rf"<{tag}>\1</{tag}>", html.escape(text, quote=False)).replace("\n", "<br/>")


def sections(blocks: Iterable[Block], level: int) -> Iterator[tuple[str, list[Block]]]:
    """The blocks under each heading down to a level, with the heading's text."""
    title, under = "", list[Block]()
    for block in blocks:
        if isinstance(block, Heading) and block.level <= level:
            if title:
                yield title, under
            title, under = block.text, []
        else:
            under.append(block)
    yield title, under


def as_plain(block: Block) -> str:
    match block:
        case Items(ordered, items):
            return "\n".join(f"{f'{i}.' if ordered else '-'} {plain(item)}" for i, item in enumerate(items, 1))
        case Grid(rows):
            widths = [max(len(plain(row[c])) for row in rows) for c in range(len(rows[0]))]
            return "\n".join("  ".join(plain(cell).ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
        case Heading(text=text):
            return plain(text).upper()
        case Text(text) | Note(text):
            return plain(text)


def as_html(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{marked_up(text, 'em')}</h{level}>"
        case Items(ordered, items):
            tag = "ol" if ordered else "ul"
            return f"<{tag}>\n" + "\n".join(f"<li>{marked_up(i, 'em')}</li>" for i in items) + f"\n</{tag}>"
        case Grid(rows):
            lines = [html_row(row, "td" if i else "th") for i, row in enumerate(rows)]
            return "<table>\n" + "\n".join(lines) + "\n</table>"
        case Text(text) | Note(text):
            return f"<p>{marked_up(text, 'em')}</p>"


def html_row(cells: tuple[str, ...], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{marked_up(cell, 'em')}</{tag}>" for cell in cells) + "</tr>"
