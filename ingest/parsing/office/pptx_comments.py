"""Comments on PowerPoint slides, in both forms that the program stores: notes, and threads with answers. python-pptx reads neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ingest.parsing.office.ooxml import children, local, root_of, value

if TYPE_CHECKING:
    from pptx.slide import Slide

_SAID = frozenset(["cm", "reply"])
_AUTHORS = ("/commentAuthors", "/authors")
_COMMENTS = "/comments"


def authors(show: Any) -> dict[str | None, str | None]:
    """Names by the numbers that comments refer to."""
    return {value(one, "id"): value(one, "name") for root in _parts(show.part, _AUTHORS) for one in root}


def comments(slide: Slide, names: dict[str | None, str | None]) -> list[tuple[str | None, str]]:
    """Each with its author, answers behind what they answer."""
    said = [one for root in _parts(slide.part, _COMMENTS) for one in root.iter() if local(one) in _SAID]
    return [(names.get(value(one, "authorId")), " ".join(_words(one))) for one in said]


def _parts(part: Any, kinds: str | tuple[str, ...]) -> Iterator[Any]:
    for relation in part.rels.values():
        if relation.reltype.endswith(kinds) and not relation.is_external:
            yield root_of(relation.target_part.blob)


def _words(comment: Any) -> Iterator[str]:
    """Answers lie inside what they answer."""
    for child in comment:
        if local(child) == "text":
            yield child.text or ""
        elif local(child) == "txBody":
            yield from ("".join(one.text or "" for one in paragraph.iter() if local(one) == "t") for paragraph in children(child, "p"))
