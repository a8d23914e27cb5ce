"""reStructuredText (.rst), by docutils, which reads it as its author meant it; `rst_walk` makes blocks of its tree.

Nothing that a file points to is read: no included file, no table from elsewhere, no raw markup, no configuration. What docutils does not
know, because Sphinx or another program adds it, is not lost: a directive's content is read as text, a role leaves its words.

The fields at the head of the file, or below its title, are its metadata (`:owner:`, `:groups:`, `:effective:`); other fields are
text. What would take docutils minutes, or nests too deeply for it, is read as plain text, with a warning, unless it states groups.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assistant.errors import ParseError
from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft
from ingest.parsing.properties import stated
from ingest.parsing.text import plain
from ingest.parsing.text.rst_walk import Walk
from ingest.types import ParsedDocument

if TYPE_CHECKING:
    from docutils import nodes

_LONGEST = 500_000  # characters: half a minute of the smallest blocks
_LONGEST_LINE = 10_000
_MOST_EFFORT = 1e9  # characters looked at: about fifteen seconds
_ITEM = re.compile(r"(?:^|\n)[ \t]*(?:[-*+\u2022]|\(?\w{1,4}[.)])[ \t]")
_TOO_MUCH = "The file is too long, nested too deeply or marked up too densely for reStructuredText"
_GROUPS = re.compile(r"^[ \t]*:[^\w\n]{0,5}groups[^\w\n]{0,5}:", re.MULTILINE | re.IGNORECASE)
_SETTINGS: Mapping[str, Any] = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "halt_level": 5,  # never
    "report_level": 2,
    "warning_stream": False,
    "traceback": True,
    "syntax_highlight": "none",
    "trim_footnote_reference_space": True,
    "line_length_limit": _LONGEST_LINE,
}
# Settings of Sphinx for a page, which say nothing to its readers.
_OF_SPHINX = frozenset(["orphan", "nocomments", "nosearch", "tocdepth", "no-search"])


def read(data: bytes) -> ParsedDocument:
    text = decode(data)
    if len(text) <= _LONGEST and _effort(text) <= _MOST_EFFORT:
        with suppress(RecursionError):
            return _document(text)
    if _GROUPS.search(text):
        raise ParseError(f"{_TOO_MUCH}, so that its groups cannot be made out. Split it, or state its groups in a .footnote.yaml.")
    return replace(plain.from_text(text), warnings=(f"{_TOO_MUCH}: its marks stand in the text as they are.",))


def _effort(text: str) -> float:
    """How many characters docutils will look at, roughly: it searches the rest of a paragraph at each mark in it, and compares all
    targets that follow each other. Lines above its limit are too much at once."""
    groups = [part for group in re.split(r"\n\s*\n", text) for part in (_ITEM.split(group) if _ITEM.match(group) else (group,))]
    marks = sum(len(group) * sum(map(group.count, "*`_|[")) for group in groups)
    targets = text.count("\n.. _")
    lines = text.split("\n")
    return float("inf") if any(len(line) > _LONGEST_LINE for line in lines) else marks + 25 * targets**2


def _document(text: str) -> ParsedDocument:
    tree = parse(text)
    front_matter = _take_front_matter(tree)
    draft = Draft()
    walk = Walk(draft, parse)
    walk.over(tree.children, 0)
    return replace(draft.document(front_matter=front_matter), warnings=tuple(walk.warnings))


def parse(text: str) -> nodes.document:
    """docutils' tree of a text. Raises RecursionError where it nests too deeply."""
    from docutils.core import publish_doctree
    from docutils.parsers.rst import Directive, directives

    class Nothing(Directive):
        """Takes any directive and leaves nothing."""

        optional_arguments = 1
        final_argument_whitespace = True
        has_content = True

        def run(self) -> list[nodes.Node]:
            return []

    for name in ("role", "default-role", "date"):
        # The first two would outlive the file: docutils keeps roles for the whole process. The third would write today's date.
        directives.register_directive(name, Nothing)
    return publish_doctree(text, settings_overrides=dict(_SETTINGS))


def _take_front_matter(tree: nodes.document) -> Mapping[str, object]:
    """Takes the fields that are metadata out of the first field list, where nothing but a title stands before it."""
    from docutils import nodes

    def leading(parent: nodes.Element) -> nodes.Node | None:
        passed = (nodes.title, nodes.comment, nodes.target, nodes.substitution_definition, nodes.system_message, nodes.pending)
        return next((child for child in parent.children if not isinstance(child, passed)), None)

    head = leading(tree)
    fields = leading(head) if isinstance(head, nodes.section) else head
    found: list[tuple[str, str]] = []
    for field in list(fields.children) if isinstance(fields, nodes.field_list) else []:
        name, body = (part for part in field.children[:2])
        key = name.astext().lower()
        if stated([(key, "x")]) or key in _OF_SPHINX:
            found.append((key, re.sub(r"\s+", " ", getattr(body, "rawsource", "")).strip()))
            field.parent.remove(field)
    return stated(found)
