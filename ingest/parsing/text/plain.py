"""Plain text: paragraphs stand between empty lines, lists at line starts; nothing else can be known."""

from __future__ import annotations

import re

from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft
from ingest.types import ParsedDocument

_BULLET = re.compile(r"\s*[-*\u2022\u2023\u25aa\u25e6\u00b7\u2013]\s+(?=\S)")
_NUMBER = re.compile(r"\s*(?:\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+(?=\S)")
_UNDERLINE = re.compile(r"\s*(={3,}|-{3,}|~{3,})\s*")
# Text wrapped by hand rarely has lines longer than this; where one is, every line is a paragraph.
_WRAPPED = 120


def read(data: bytes) -> ParsedDocument:
    return from_text(decode(data))


def from_text(text: str) -> ParsedDocument:
    """Hard-wrapped lines are joined; a numbered item keeps its number, a bullet is dropped; an underlined line is a heading."""
    draft = Draft()
    add_text(draft, text)
    return draft.document()


def add_text(draft: Draft, text: str) -> None:
    for group in re.split(r"\n[^\S\n]*(?:\n[^\S\n]*)+|\f", text):
        _group(draft, [line for line in group.split("\n") if line.strip()])


def _group(draft: Draft, lines: list[str]) -> None:
    while len(lines) > 1 and (mark := _UNDERLINE.fullmatch(lines[1])):
        draft.add("heading", lines[0], level=1 if mark[1][0] == "=" else 2)
        lines = lines[2:]
    wrapped = all(len(line) <= _WRAPPED for line in lines)
    held: list[str] = []
    for line in lines:
        if held and (not wrapped or _starts_item(line)):
            _paragraph(draft, held)
            held = []
        held.append(line)
    _paragraph(draft, held)


def _starts_item(line: str) -> bool:
    return bool(_BULLET.match(line) or _NUMBER.match(line))


def _paragraph(draft: Draft, lines: list[str]) -> None:
    text = "\n".join(lines)
    if bullet := _BULLET.match(text):
        draft.add("list_item", text[bullet.end() :], level=1)
    elif _NUMBER.match(text):
        draft.add("list_item", text, level=1)
    else:
        draft.add("paragraph", text)
