"""Rich text (.rtf), by this project's own walk over the file's control words.

striprtf was compared: all four passages of the test file, as here, but it gives lines of text without structure, reads out hidden and
deleted text and page numbers, loses footnotes and text boxes, and cuts letters beyond the first 65,536 in two. Unstructured reads rich
text through pandoc, which pip does not install.

Headings by outline level, of the paragraph or its style, and by the styles Title and Subtitle; numbers of items as the program drew
them. The content of a text box follows the paragraph that it is anchored in, footnotes stand at the end. Left out: hidden and deleted
text, comments, page headers and footers, field codes, page numbers, tables of contents, pictures and embedded files.
"""

from __future__ import annotations

import re
import sys
from copy import copy

from assistant.errors import ParseError
from ingest.parsing.draft import Draft, sensible_title
from ingest.parsing.legacy.code_pages import code_page
from ingest.parsing.properties import stated
from ingest.parsing.text.rtf_flow import Flow, Piece, add_pieces
from ingest.parsing.text.rtf_tokens import charset, tokens, whole
from ingest.parsing.text.rtf_words import (
    CAPTURED,
    DEFAULT_PAGES,
    FIELDS_NOT_READ,
    FLOWS,
    LETTERS,
    NUMBERS,
    ROLES,
    SKIPPED,
    STARRED,
    SWITCHES,
    Group,
    Style,
)
from ingest.types import BlockKind, ParsedDocument

_HEADING = re.compile(r"heading (\d)|title|subtitle")
_DEEPEST = 10_000  # groups in each other
_BASES = 20  # styles based on each other


def read(data: bytes) -> ParsedDocument:
    return _Reader().read(data)


class _Reader:
    """One pass over the tokens, with a stack of groups in place of recursion."""

    def __init__(self) -> None:
        body = Flow()
        self._group = Group(body, body.text)
        self._stack: list[Group] = []
        self._starred = False
        self._ignored = 0  # characters that stand in for one that old programs do not know
        self._pending = bytearray()
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._described = 0  # the font that the table of fonts is at
        self._font = 0  # the default one
        self._styles: dict[int, Style] = {}
        self._style = Style()
        self._notes: list[Piece] = []
        self._title = ""
        self._properties: list[tuple[str, str]] = []

    def read(self, data: bytes) -> ParsedDocument:
        body = self._group.flow
        for kind, value, number in tokens(data):
            if kind == "text" or kind == "byte":
                self._letters(value)
                continue
            self._flush()
            if kind == "word":
                self._word(value, number)
            elif kind == "open":
                self._open()
            else:
                self._close()
        self._flush()
        while self._stack:
            self._close()
        draft = Draft()
        add_pieces(draft, body.finish(*self._kind()) + self._notes)
        return draft.document(sensible_title(self._title), stated(self._properties))

    def _letters(self, data: bytes) -> None:
        if self._group.role in ("text", "captured", "style"):
            dropped = min(self._ignored, len(data))
            self._ignored -= dropped
            self._pending += data[dropped:]

    def _flush(self) -> None:
        """Bytes become letters where nothing stands between them, because some letters are made of two."""
        if self._pending:
            self._write(self._pending.decode(self._fonts.get(self._group.font, self._page), "replace"))
            self._pending.clear()

    def _write(self, text: str) -> None:
        if not (self._group.hidden or self._group.deleted):
            self._group.sink.append(text)

    def _open(self) -> None:
        if len(self._stack) == _DEEPEST:
            raise ParseError(f"The file nests groups deeper than {_DEEPEST:,} levels. Open it in its program and save it again.")
        self._stack.append(self._group)
        self._group = copy(self._group)
        self._group.begins = None
        self._starred = False
        self._ignored = 0
        if self._group.role == "styles":
            self._group.begin("style", b"style")
            self._style = Style(name=self._group.sink)

    def _close(self) -> None:
        if not self._stack:
            return
        group, self._group, self._ignored = self._group, self._stack.pop(), 0
        if group.begins in FLOWS:
            pieces = group.flow.finish(*self._kind(group))
            (self._notes if group.begins == b"footnote" else self._group.flow.boxes).extend(pieces)
        elif group.role == "style" and group.begins == b"style":
            self._styles.setdefault(self._style.number, self._style)
        elif group.role == "captured" and group.begins is not None:
            self._keep(group.begins, whole("".join(group.sink)).strip())

    def _keep(self, name: bytes, text: str) -> None:
        if name in (b"listtext", b"pntext"):
            bullet = not any(map(str.isalnum, text)) or (len(text) == 1 and not text.isdigit())
            self._group.flow.begin_item("" if bullet else f"{text} ")
        elif name == b"fldinst":
            self._group.instruction = text.partition(" ")[0].upper()
        elif name == b"title":
            self._title = text
        elif name == b"propname":
            self._properties.append((text, ""))
        elif self._properties:
            self._properties[-1] = (self._properties[-1][0], text)

    def _word(self, word: bytes, number: int | None) -> None:
        group = self._group
        if group.role == "skip":
            return
        if self._ignored and not word.isalpha():
            self._ignored -= 1
            return
        self._ignored = 0
        starred, self._starred = self._starred, word == b"*"
        if (starred and word not in STARRED) or word in SKIPPED or (word == b"fldrslt" and group.instruction in FIELDS_NOT_READ):
            group.role = "skip"
        elif word in CAPTURED and group.role in ("text", "info"):
            group.begin("captured", word)
        elif word in FLOWS:
            group.begin("text", word)
        elif word in ROLES:
            group.begin(ROLES[word], word)
        elif group.role == "fonts":
            self._font_word(word, number)
        elif group.role == "style":
            self._style_word(word, number)
        elif group.role in ("text", "captured"):
            self._text_word(word, number)

    def _font_word(self, word: bytes, number: int | None) -> None:
        if word == b"f":
            self._described = number or 0
        elif word == b"fcharset":
            self._fonts[self._described] = charset(number, self._page)
        elif word == b"cpg":
            self._fonts[self._described] = code_page(number or 0) or self._page

    def _style_word(self, word: bytes, number: int | None) -> None:
        if word == b"s":
            self._style.number = number or 0
        elif word == b"outlinelevel":
            self._style.outline = number
        elif word == b"sbasedon":
            self._style.base = number

    def _text_word(self, word: bytes, number: int | None) -> None:
        group = self._group
        if word in LETTERS:
            self._write(LETTERS[word])
        elif word == b"u" and number is not None:
            self._write(chr(number if 0 < number <= sys.maxunicode else number % 0x10000))
            self._ignored = group.fallbacks
        elif word in SWITCHES:
            setattr(group, SWITCHES[word], number != 0)
        elif word in NUMBERS:
            setattr(group, NUMBERS[word], number or 0)
        elif word == b"plain":
            group.hidden, group.deleted, group.font = False, False, self._font
        elif word == b"pard":
            group.plain_paragraph()
        elif word == b"field":
            group.instruction = ""
        elif group.role == "text":
            self._structure_word(word, number)

    def _structure_word(self, word: bytes, number: int | None) -> None:
        flow = self._group.flow
        if word in (b"par", b"sect", b"\r", b"\n"):
            flow.end_paragraph(*self._kind(), self._group.in_table)
        elif word == b"cell":
            flow.end_cell()
        elif word == b"row":
            flow.end_row()
        elif word == b"trowd":
            flow.header = flow.heads = False
        elif word == b"trhdr":
            flow.header = True
        elif word == b"tbllkhdrrows":
            flow.heads = True
        elif word == b"ansicpg":
            self._page = code_page(number or 0) or self._page
        elif word == b"deff":
            self._font = self._group.font = number or 0
        elif word in DEFAULT_PAGES:
            self._page = DEFAULT_PAGES[word]

    def _kind(self, group: Group | None = None) -> tuple[BlockKind, int]:
        group = group or self._group
        if level := self._heading(group):
            return "heading", level
        return ("list_item", group.level + 1) if group.listed or group.flow.item else ("paragraph", 0)

    def _heading(self, group: Group) -> int:
        """The level of a paragraph as a heading, 0 where it is none; what a style does not say, the one it is based on says."""
        outline, style = group.outline, self._styles.get(group.style)
        for _ in range(_BASES):
            if outline is not None or style is None:
                break
            if named := _HEADING.fullmatch("".join(style.name).strip(" ;").lower()):
                return int(named[1] or (2 if named[0] == "subtitle" else 1))
            outline, style = style.outline, self._styles.get(style.base) if style.base is not None else None
        return outline + 1 if outline is not None and 0 <= outline < 9 else 0
