"""Cuts a parsed document into chunks: at headings, then between blocks, then between sentences.

A chunk never crosses a heading, every character of a block that is no heading lies in exactly one chunk, and
`parsed.text[chunk.start:chunk.end] == chunk.text`.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.retrieval.sentences import sentences
from assistant.types import Chunk, Document, Span
from ingest.types import Block, ParsedDocument

# Characters. Smaller chunks tell look-alike clauses apart, larger ones hold whole rules; of 300 to 900, 500 was the best compromise.
TARGET = 500
# How far a list may outgrow the target rather than be parted from its introduction.
UNIT = 1.8
# A line this short that ends in no punctuation announces what follows.
LABEL = 60
MOST_LEAD = 300
ID_LENGTH = 24


@dataclass(frozen=True, slots=True)
class _Section:
    """The blocks under one heading. A section without text below it stands for itself: its heading is its one block."""

    headings: tuple[str, ...]
    blocks: tuple[Block, ...]


def chunk_document(document: Document, parsed: ParsedDocument, target: int = TARGET) -> list[Chunk]:
    """The chunks of a document in order, of about `target` characters; a list with its introduction may take up to `UNIT` times that."""
    chunks: list[Chunk] = []
    for section in _sections(parsed, document.title):
        leads = _Leads(parsed.text, section.blocks)
        groups = _pack(_units(parsed.text, section.blocks, target), target)
        chunks += [_chunk(document, parsed.text, section, group, leads.of(group[0])) for group in groups]
    return chunks


def _sections(parsed: ParsedDocument, title: str) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    heading: Block | None = None
    body: list[Block] = []
    for block in parsed.blocks:
        if block.kind != "heading":
            body.append(block)
            continue
        deeper = heading is not None and block.level > heading.level
        yield from _section(path, heading, body, title, leaf=not deeper)
        while path and path[-1][0] >= block.level:
            path.pop()
        path.append((block.level, " ".join(parsed.text[block.start : block.end].split())))
        heading, body = block, []
    yield from _section(path, heading, body, title, leaf=True)


def _section(path: list[tuple[int, str]], heading: Block | None, body: list[Block], title: str, *, leaf: bool) -> Iterator[_Section]:
    names = [name for _, name in path]
    if body:
        yield _Section(_without_title(names, title), tuple(body))
    elif heading is not None and leaf:
        yield _Section(_without_title(names[:-1], title), (heading,))


def _without_title(names: list[str], title: str) -> tuple[str, ...]:
    plain = " ".join(title.split()).casefold()
    return tuple(name for name in names if name.casefold() != plain)


def _units(text: str, blocks: Sequence[Block], target: int) -> list[list[Block]]:
    """Blocks, cut where they are too long, in groups that should not be parted: a list stays with its introduction, a table's first
    row with its header, and what a line such as `4.2 Expenses` announces with that line."""
    units: list[list[Block]] = []
    for block in blocks:
        for piece in _pieces(text, block, target):
            if units and _belongs(text, units[-1], piece) and piece.end - units[-1][0].start <= target * UNIT:
                units[-1].append(piece)
            else:
                units.append([piece])
    return units


def _belongs(text: str, unit: list[Block], piece: Block) -> bool:
    last = unit[-1]
    if last.kind == "table_header":
        return piece.kind == "table_row"
    if last.kind == "list_item" and piece.kind == "list_item":
        return unit[0].kind == "paragraph"
    return last.kind == "paragraph" and (_introduces(text, last) or _announces(text, last))


def _introduces(text: str, block: Block) -> bool:
    return text[block.start : block.end].rstrip().endswith(":")


def _announces(text: str, block: Block) -> bool:
    return block.end - block.start <= LABEL and text[block.end - 1].isalnum()


def _pieces(text: str, block: Block, target: int) -> Iterator[Block]:
    if block.end - block.start <= target:
        yield block
        return
    start = end = block.start
    for stop in _stops(text, block, target):
        if stop - start > target and end > start:
            yield replace(block, start=start, end=end)
            start = end + _space(text, end, block.end)
        end = stop
    yield replace(block, start=start, end=block.end)


def _stops(text: str, block: Block, target: int) -> Iterator[int]:
    """Where the block may be cut: after sentences, and after words where a sentence is too long."""
    for span in sentences(text[block.start : block.end]):
        start, end = block.start + span.start, block.start + span.end
        while end - start > target:
            cut = max(text.rfind(" ", start + 1, start + target + 1), text.rfind("\n", start + 1, start + target + 1))
            cut = cut if cut > start else start + target
            yield cut
            start = cut + _space(text, cut, end)
        yield end


def _space(text: str, start: int, end: int) -> int:
    return len(text[start:end]) - len(text[start:end].lstrip())


def _pack(units: list[list[Block]], target: int) -> Iterator[list[Block]]:
    """Fills chunks in order; what is left over is spread, so that no section ends in a scrap."""
    if not units:
        return
    total = units[-1][-1].end - units[0][0].start
    aim = total / -(-total // target)
    group: list[Block] = []
    for unit in units:
        if group and (unit[-1].end - group[0].start > target or _nearer(group, unit, aim)):
            yield group
            group = []
        group = group + unit
    yield group


def _nearer(group: list[Block], unit: list[Block], aim: float) -> bool:
    """Is the group nearer to the wanted size without the unit?"""
    return (group[-1].end - group[0].start) + (unit[-1].end - group[0].start) > 2 * aim


def _chunk(document: Document, text: str, section: _Section, group: list[Block], leads: tuple[Span, ...]) -> Chunk:
    start, end = group[0].start, group[-1].end
    chunk = Chunk(
        id="",
        document_id=document.id,
        source=document.source,
        title=document.title,
        headings=section.headings,
        start=start,
        end=end,
        text=text[start:end],
        page=group[0].page,
        leads=leads,
        groups=document.groups,
        owner=document.owner,
        url=document.url,
        effective=document.effective,
    )
    return replace(chunk, id=_identity(chunk))


def _identity(chunk: Chunk) -> str:
    content = "\0".join([chunk.source, str(chunk.start), str(chunk.end), chunk.indexed_text])
    return hashlib.sha256(content.encode()).hexdigest()[:ID_LENGTH]


class _Leads:
    """What a chunk that begins inside a table or a list needs to be understood. Each table or list of a section is looked at once,
    because a million rows may have one header."""

    def __init__(self, text: str, blocks: Sequence[Block]) -> None:
        self._text = text
        self._starts = [block.start for block in blocks]
        self._openers: list[Block | None] = []
        self._known: dict[int, tuple[Span, ...]] = {}
        for index, block in enumerate(blocks):
            before = blocks[index - 1] if index else None
            self._openers.append(self._openers[-1] if before is not None and before.kind == block.kind else before)

    def of(self, first: Block) -> tuple[Span, ...]:
        """The leads of a chunk that begins with this block, or with this piece of one."""
        opener = self._openers[bisect_right(self._starts, first.start) - 1]
        if opener is None or first.kind not in ("table_row", "list_item"):
            return ()
        if opener.start not in self._known:
            self._known[opener.start] = self._read(opener, first)
        return self._known[opener.start]

    def _read(self, opener: Block, first: Block) -> tuple[Span, ...]:
        if first.kind == "table_row":
            header = Span(opener.start, opener.end, self._text[opener.start : opener.end])
            return (header,) if opener.kind == "table_header" else ()
        introduction = _introduction(self._text, opener)
        return (introduction,) if introduction else ()


def _introduction(text: str, block: Block) -> Span | None:
    """The last sentence of the paragraph before a list, where it announces one."""
    found = sentences(text[block.start : block.end]) if block.kind == "paragraph" else []
    if not found or not found[-1].text.endswith(":") or len(found[-1].text) > MOST_LEAD:
        return None
    return Span(block.start + found[-1].start, block.start + found[-1].end, found[-1].text)
