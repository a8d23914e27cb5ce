"""What stands beside the text of a Word document: comments, and the page headers and footers that appear on a page."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any

from ingest.parsing.office.docx_clean import clean, replaced
from ingest.parsing.office.ooxml import children, first, local, value, xml

_CHANGING = re.compile(r"\s*(PAGE|NUMPAGES|SECTION|SECTIONPAGES|DATE|TIME|FILENAME|SAVEDATE|PRINTDATE)\b", re.IGNORECASE)
_BREAKS = frozenset(["br", "cr", "tab", "ptab"])


def comments(parts: zipfile.ZipFile) -> list[tuple[str | None, str]]:
    """Each with its author."""
    root = xml(parts, "word/comments.xml")
    if root is not None:
        clean(root)
    return [(value(comment, "author"), " ".join(_lines(comment))) for comment in children(root, "comment")]


def lines(parts: zipfile.ZipFile) -> list[str]:
    """The paragraphs of page headers and footers, a table's row as one, without numbers of pages and what else a program fills in."""
    found: list[str] = []
    for name in _shown(parts):
        root = xml(parts, name)
        if root is not None:
            _drop_changing(root)
            clean(root)
            found += _lines(root)
    return found


def _shown(parts: zipfile.ZipFile) -> list[str]:
    """The parts that sections refer to: those of even pages count where the document tells even from odd, and those of the first page
    where the section does."""
    places = {value(one, "Id"): value(one, "Target") for one in children(xml(parts, "word/_rels/document.xml.rels"), "Relationship")}
    facing = _is_on(first(xml(parts, "word/settings.xml"), "evenAndOddHeaders"))
    found: dict[str, None] = {}
    for section in (one for one in xml(parts, "word/document.xml").iter() if local(one) == "sectPr"):
        kinds = {"default", *(["even"] if facing else []), *(["first"] if _is_on(first(section, "titlePg")) else [])}
        for reference in (*children(section, "headerReference"), *children(section, "footerReference")):
            place = places.get(value(reference, "id"))
            if place and (value(reference, "type") or "default") in kinds:
                found[place.removeprefix("/") if place.startswith("/") else f"word/{place}"] = None
    return list(found)


def _is_on(mark: Any) -> bool:
    return mark is not None and value(mark) not in ("0", "false", "off")


def _drop_changing(root: Any) -> None:
    """Fields are one element, or runs between marks; only what is written once says something of the document."""
    for simple in [one for one in root.iter() if local(one) == "fldSimple" and _CHANGING.match(value(one, "instr") or "")]:
        replaced(simple, [])
    for paragraph in [one for one in root.iter() if local(one) == "p"]:
        depth, changing = 0, 0
        for run in [one for one in paragraph.iter() if local(one) == "r"]:
            kind = value(first(run, "fldChar"), "fldCharType")
            depth += kind == "begin"
            code = "".join(one.text or "" for one in children(run, "instrText"))
            if depth and not changing and _CHANGING.match(code):
                changing = depth
            if changing:
                for text in children(run, "t"):
                    text.text = ""
            if kind == "end":
                changing = 0 if depth == changing else changing
                depth -= 1


def _lines(root: Any) -> Iterator[str]:
    for block in root:
        if local(block) == "p":
            yield _text(block)
        elif local(block) == "tbl":
            for row in children(block, "tr"):
                yield " | ".join(filter(None, (" ".join(_lines(cell)).strip() for cell in children(row, "tc"))))
        else:
            yield from _lines(block)


def _text(paragraph: Any) -> str:
    """Its letters, and those of a watermark."""
    return "".join(_letters(one) for one in paragraph.iter())


def _letters(one: Any) -> str:
    name = local(one)
    if name == "textpath":
        return value(one, "string") or ""
    return " " if name in _BREAKS else (one.text or "") * (name == "t")
