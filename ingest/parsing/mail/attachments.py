"""Files inside a message: each is read as a file of its own and stands behind the message under a heading with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from assistant.errors import ParseError
from ingest.parsing.draft import Draft, one_line
from ingest.types import ParsedDocument

MOST = 100
DEEPEST = 3  # messages inside messages
_LONGEST_NAME = 120

# What an attachment is called, and how to read it; the latter raises ParseError.
Attachment = tuple[str, Callable[[], ParsedDocument]]


def add_attachments(draft: Draft, attachments: Iterable[Attachment]) -> tuple[str, ...]:
    """Adds what can be read of the first hundred. Returns what is not in the text, and why: the failure of one is its own."""
    found = list(islice(attachments, MOST + 1))
    warnings = [said for name, read in found[:MOST] for said in _add(draft, file_name(name), read)]
    return (*warnings, *([f"Only its first {MOST} attachments are in the text."] if len(found) > MOST else []))


def append(draft: Draft, document: ParsedDocument, shift: int = 0) -> None:
    """Adds the blocks of a document as they stand, its headings `shift` levels further down."""
    draft.apart()
    end = 0
    for block in document.blocks:
        if document.text.count("\n", end, block.start) > 1:
            draft.apart()
        level = block.level + shift if block.kind == "heading" else block.level
        draft.add(block.kind, document.text[block.start : block.end], level, block.page)
        end = block.end
    draft.apart()


def file_name(name: str) -> str:
    """A name without folders, on one line; its ending survives where it is too long."""
    name = one_line(name.replace("\\", "/").rpartition("/")[2])
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 20]}…{name[-19:]}"


def _add(draft: Draft, name: str, read: Callable[[], ParsedDocument]) -> list[str]:
    try:
        document = read()
    except ParseError as error:
        return [f'The attachment "{name}" is not in the text: {error}']
    if "groups" in {key.lower() for key in document.front_matter}:
        # Here it would stand under the permissions of the message.
        return [f'The attachment "{name}" is not in the text: it states who may read it. Save it as a file of its own.']
    if not document.blocks:
        return [f'The attachment "{name}" holds no text.', *_said(name, document)]
    draft.add("heading", f"Attachment: {name}", 1)
    append(draft, document, shift=1)
    return _said(name, document)


def _said(name: str, document: ParsedDocument) -> list[str]:
    return [f'The attachment "{name}": {warning}' for warning in document.warnings]
