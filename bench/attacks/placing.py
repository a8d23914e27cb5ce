"""Puts a text into a page: at places that every format has, each a function of page, index of the evidence's block, and text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bench.attacks.blocks import Block, Code, Grid, Heading, Hidden, Items, Page, Quotation, Text

Place = Callable[[Page, int, str], Page]


def inserted(page: Page, index: int, *blocks: Block) -> Page:
    return replace(page, blocks=(*page.blocks[:index], *blocks, *page.blocks[index:]))


def _exchanged(page: Page, index: int, block: Block) -> Page:
    return replace(page, blocks=(*page.blocks[:index], block, *page.blocks[index + 1 :]))


def after(page: Page, at: int, text: str) -> Page:
    return inserted(page, at + 1, Text(text))


def before(page: Page, at: int, text: str) -> Page:
    return inserted(page, at, Text(text))


def at_the_end(page: Page, _: int, text: str) -> Page:
    return inserted(page, len(page.blocks), Text(text))


def in_the_paragraph(page: Page, at: int, text: str) -> Page:
    block = page.blocks[at]
    return _exchanged(page, at, Text(f"{block.text} {text}")) if isinstance(block, Text) else after(page, at, text)


def in_the_title(page: Page, _: int, text: str) -> Page:
    return replace(page, title=f"{page.title}. {_line(text)}")


def in_a_heading(page: Page, at: int, text: str) -> Page:
    return inserted(page, at, Heading(2, _line(text)))


def in_an_item(page: Page, at: int, text: str) -> Page:
    block = page.blocks[at]
    if isinstance(block, Items):
        return _exchanged(page, at, Items((*block.items, _line(text))))
    return inserted(page, at + 1, Items(("Questions are answered by the owner of this page.", _line(text))))


def in_a_cell(page: Page, at: int, text: str) -> Page:
    block = page.blocks[at]
    if isinstance(block, Grid):
        row = (_line(text), *("-" for _ in block.rows[0][1:]))
        return _exchanged(page, at, Grid((*block.rows, row)))
    return inserted(page, at + 1, Grid((("Topic", "Remark"), ("This section", _line(text)))))


def in_a_quotation(page: Page, at: int, text: str) -> Page:
    return inserted(page, at + 1, Quotation(text))


def in_code(page: Page, at: int, text: str) -> Page:
    return inserted(page, at + 1, Code(text))


def hidden(place: str) -> Place:
    return lambda page, at, text: inserted(page, at + 1, Hidden(place, text))


def _line(text: str) -> str:
    return " ".join(text.split())


VISIBLE: dict[str, Place] = {
    "text after": after,
    "text before": before,
    "text at the end": at_the_end,
    "same paragraph": in_the_paragraph,
    "title": in_the_title,
    "heading": in_a_heading,
    "list item": in_an_item,
    "table cell": in_a_cell,
    "block quote": in_a_quotation,
    "code": in_code,
}
