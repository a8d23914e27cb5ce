"""What stands beside a document's text: comments on it, and the heads and feet of its pages. Both come at the end, each said once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingest.parsing.draft import Draft, one_line

# A page's number in the words and signs that stand around it.
_PAGE_NUMBER = re.compile(r"(?i)(page|pages|pg|p|seite|von|pagina|página|pag|pág|di|de|sur|of|\W|\d|_)*")


def add_comments(draft: Draft, comments: Iterable[tuple[str | None, str]], level: int = 2, page: int | None = None) -> None:
    """Adds comments, each with its author and its text, under a heading of their own."""
    said = [(one_line(author or ""), one_line(text)) for author, text in comments if one_line(text)]
    if said:
        draft.add("heading", "Comments", level, page)
    for author, text in said:
        draft.add("paragraph", text if not author or text.startswith(f"{author}:") else f"{author}: {text}", page=page)


def add_heads_and_feet(draft: Draft, lines: Iterable[str]) -> None:
    """Adds the lines of page headers and footers that say more than a page's number and that the text does not hold already: a
    document's version, its class or its owner often stand there alone."""
    text = draft.document().text
    own = [line for line in dict.fromkeys(map(one_line, lines)) if not _PAGE_NUMBER.fullmatch(line) and line not in text]
    if own:
        draft.add("heading", "Page headers and footers", 2)
    for line in own:
        draft.add("paragraph", line)
