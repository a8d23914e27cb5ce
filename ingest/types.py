"""The words of ingestion: what a parser gives, and what is known about a file beside its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list_item", "table_header", "table_row", "code"]
FileStatus = Literal["parsed", "empty", "failed"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the parsed text that should not be torn apart without need. `text[start:end]` is the block.

    `level` is a heading's depth (1 is the outermost) or a list item's nesting depth (1 is the outermost), else 0. A table is one
    `table_header` (where it has one) followed by its `table_row` blocks. Pages count from 1, None where the format has none.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A file as text. Blocks are in order, do not overlap, and only white space lies between them. `front_matter` is what the file
    itself states about it (front matter, document properties); `warnings` say what of the file is not in the text, and why."""

    text: str
    blocks: tuple[Block, ...]
    title: str | None = None
    front_matter: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known about a document from its front matter, its folders' `.footnote.yaml` and its own properties."""

    title: str | None = None
    owner: str | None = None
    url: str | None = None
    groups: tuple[str, ...] = ()
    effective: date | None = None
    expires: date | None = None
    supersedes: tuple[str, ...] = ()
