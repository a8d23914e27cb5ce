"""What an attacked document is made of: blocks of a few forms, which each format writes in its own way.

`read_blocks` reads the sample company's texts, which use Markdown of just these forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, or several lines that the writer is to leave as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; the first row is the header."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Quotation:
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text at a place that its format's readers do not show, or not as text: the format's writer knows the place by name."""

    place: str
    text: str


Block = Heading | Text | Items | Grid | Quotation | Code | Hidden


@dataclass(frozen=True, slots=True)
class Page:
    """One document before it is written. The title is its first heading, too."""

    title: str
    blocks: tuple[Block, ...]


def read_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text without its front matter."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    return tuple(_block(part) for part in re.split(r"\n\s*\n", body.strip()))


def _block(part: str) -> Block:
    lines = part.splitlines()
    if mark := re.match(r"(#+) ", part):
        return Heading(len(mark[1]), part[mark.end() :])
    if part.startswith("|"):
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
        return Grid((rows[0], *rows[2:]))
    if re.match(r"- |\d+\. ", part):
        return Items(tuple(re.sub(r"^(- |\d+\. )", "", line) for line in lines))
    return Text(part.removeprefix("> ").replace("*", ""))


def words_of(block: Block) -> str:
    """Everything that a block says, without marks."""
    match block:
        case Items(items):
            return "\n".join(items)
        case Grid(rows):
            return "\n".join(" ".join(row) for row in rows)
        case _:
            return block.text


def all_words(blocks: Iterable[Block]) -> str:
    return "\n".join(words_of(block) for block in blocks)
