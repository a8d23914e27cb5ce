"""What the control words of RTF do, and what they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ingest.parsing.text.rtf_flow import Flow

# What is done with the text of a group. "aside" is skipped, but may hold groups that are text.
Role = Literal["text", "skip", "aside", "fonts", "styles", "style", "info", "captured"]
# fmt: off
SKIPPED = frozenset([
    b"colortbl", b"pict", b"nonshppict", b"shprslt", b"header", b"headerl", b"headerr", b"headerf", b"footer", b"footerl", b"footerr",
    b"footerf", b"xe", b"tc", b"tcn", b"rxe", b"filetbl", b"private", b"nonesttables", b"mmathPict", b"ftnsep", b"ftnsepc", b"ftncn",
    b"aftnsep", b"aftnsepc", b"aftncn", b"listtable", b"listoverridetable", b"revtbl", b"annotation", b"bkmkstart", b"bkmkend",
])
CAPTURED = frozenset([b"title", b"propname", b"staticval", b"fldinst", b"listtext", b"pntext"])
# Groups that begin a text of their own.
FLOWS = frozenset([b"footnote", b"shptxt", b"dptxbxtext"])
# Marked as unknown to old programs, but known here.
STARRED = frozenset([b"shpinst", b"do", b"fldinst", b"userprops", b"ud", b"moMath", b"moMathPara"]) | FLOWS
FIELDS_NOT_READ = frozenset(["PAGE", "NUMPAGES", "SECTIONPAGES", "PAGEREF", "TOC", "INDEX"])
# fmt: on
ROLES: Mapping[bytes, Role] = MappingProxyType(
    {
        b"fonttbl": "fonts",
        b"stylesheet": "styles",
        b"info": "info",
        b"userprops": "info",
        b"object": "aside",
        b"upr": "aside",
        b"shpinst": "aside",
        b"do": "aside",
        b"ud": "text",
        b"result": "text",
    }
)
LETTERS: Mapping[bytes, str] = MappingProxyType(
    {b"tab": " ", b"line": " ", b"page": " ", b"column": " ", b"nestcell": " ", b"nestrow": " ", b"lquote": "\u2018", b"rquote": "\u2019"}
    | {
        b"ldblquote": "\u201c",
        b"rdblquote": "\u201d",
        b"bullet": "\u2022",
        b"endash": "\u2013",
        b"emdash": "\u2014",
        b"enspace": " ",
        b"emspace": " ",
    }
    | {b"qmspace": " ", b"~": " ", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}"}
)
DEFAULT_PAGES: Mapping[bytes, str] = MappingProxyType({b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"})
SWITCHES: Mapping[bytes, str] = MappingProxyType({b"v": "hidden", b"deleted": "deleted", b"intbl": "in_table", b"ls": "listed"})
NUMBERS: Mapping[bytes, str] = MappingProxyType(
    {b"f": "font", b"uc": "fallbacks", b"s": "style", b"outlinelevel": "outline", b"ilvl": "level"}
)


@dataclass(slots=True)
class Style:
    number: int = 0
    name: list[str] = field(default_factory=list)
    outline: int | None = None
    base: int | None = None


@dataclass(slots=True)
class Group:
    """What holds from a brace to its counterpart. `begins` is the word that made this group what it is, None in groups inside it;
    `instruction` is the first word of the field that the group is about."""

    flow: Flow
    sink: list[str]
    role: Role = "text"
    begins: bytes | None = None
    instruction: str = ""
    hidden: bool = False
    deleted: bool = False
    font: int = 0
    fallbacks: int = 1
    style: int = 0
    outline: int | None = None
    in_table: bool = False
    listed: bool = False
    level: int = 0

    def begin(self, role: Role, word: bytes) -> None:
        self.role, self.begins = role, word
        if role in ("captured", "style"):
            self.sink = []
        elif word in FLOWS:
            self.flow = Flow()
            self.sink = self.flow.text
            self.plain_paragraph()

    def plain_paragraph(self) -> None:
        self.style, self.outline, self.in_table, self.listed, self.level = 0, None, False, False, 0
