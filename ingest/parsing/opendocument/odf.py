"""OpenDocument files: the package, what it states of itself, and its styles."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.errors import ParseError
from ingest.parsing.draft import sensible_title
from ingest.parsing.office.ooxml import children, first, local, open_parts, value, xml
from ingest.parsing.properties import stated

_BASES = 20  # styles based on each other
_NAMED = {"title": 1, "subtitle": 2}


@dataclass(frozen=True, slots=True)
class Content:
    """What a reader needs of a package. `body` is its `office:text`, `office:spreadsheet` or `office:presentation`."""

    body: Any
    styles: Styles
    title: str | None
    front_matter: Mapping[str, object]


class Styles:
    """Looks up what the styles of `styles.xml` and `content.xml` say, through those that they are based on."""

    def __init__(self, *roots: Any) -> None:
        groups = [group for root in roots if root is not None for group in root if local(group) in ("styles", "automatic-styles")]
        nodes = [node for group in groups for node in group]
        self._styles = {(value(node, "family"), value(node, "name")): node for node in nodes if local(node) == "style"}
        self.lists = {value(node, "name"): node for node in nodes if local(node) == "list-style"}
        self.outline = next((node for node in nodes if local(node) == "outline-style"), None)

    def says(self, family: str, name: str | None, properties: str, attribute: str) -> str | None:
        """The nearest value of an attribute of a style's `properties` element."""
        found = (value(first(style, properties), attribute) for style in self._chain(family, name))
        return next((said for said in found if said is not None), None)

    def hides(self, family: str, name: str | None) -> bool:
        return self.says(family, name, "text-properties", "display") == "none"

    def heading(self, name: str | None) -> int:
        """The level of the headings that a paragraph's style makes, 0 where it makes none."""
        for style in self._chain("paragraph", name):
            level = value(style, "default-outline-level")
            if level is not None:
                return int(level) if level.isdigit() else 0
            if named := _NAMED.get((value(style, "name") or "").lower()):
                return named
        return 0

    def of_table_heads(self, name: str | None) -> bool:
        return any(value(style, "name") == "Table_20_Heading" for style in self._chain("paragraph", name))

    def _chain(self, family: str, name: str | None) -> Iterator[Any]:
        for _ in range(_BASES):
            style = self._styles.get((family, name))
            if style is None:
                return
            yield style
            name = value(style, "parent-style-name")


def unpack(data: bytes, kind: str) -> Content:
    """The content of a package whose body holds an element of that kind. Raises ParseError for one protected by a password."""
    with open_parts(data) as parts:
        _refuse_locked(parts)
        content, styles, meta = (xml(parts, f"{name}.xml") for name in ("content", "styles", "meta"))
    body = first(first(content, "body"), kind)
    if body is None:
        raise ValueError(f"no {kind}")
    said = first(meta, "meta")
    own = [(value(e, "name"), e.text) for e in children(said, "user-defined")]
    title = first(said, "title")
    return Content(body, Styles(styles, content), sensible_title(None if title is None else title.text), stated(own))


def _refuse_locked(parts: zipfile.ZipFile) -> None:
    manifest = xml(parts, "META-INF/manifest.xml")
    if manifest is not None and any(local(e) == "encryption-data" for e in manifest.iter()):
        raise ParseError("The file is protected by a password. Save a copy without the password.")


def comments(body: Any) -> Iterator[tuple[str | None, str]]:
    """Author and text of each comment, but for those on what was deleted or is in a hidden section."""
    for note in (element for element in body.iter() if local(element) == "annotation"):
        if not any(local(above) == "tracked-changes" or value(above, "display") == "none" for above in note.iterancestors()):
            author = first(note, "creator")
            lines = ("".join(line.itertext()) for line in note.iter() if local(line) == "p")
            yield (None if author is None else author.text), " ".join(lines)
