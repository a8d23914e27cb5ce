"""E-books (.epub), by this project's own code: the package says in which order its pages are read, each page is HTML.

The table of contents is left out where the package marks it; what the HTML reader leaves out is left out here. Encrypted books (DRM)
are refused. Fonts alone may be encrypted. Unstructured reads e-books through pandoc, which pip does not install.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from assistant.errors import ParseError
from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft, one_line, sensible_title
from ingest.parsing.office.ooxml import children, first, local, open_parts, part, value, xml
from ingest.parsing.properties import stated
from ingest.parsing.text.html import add_markup
from ingest.types import ParsedDocument

_PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w-]+)|<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_NAMED = 5  # pages that a warning names
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class _Book:
    """Package document, and the folder that its links start from."""

    root: Any
    folder: str


def read(data: bytes) -> ParsedDocument:
    draft = Draft()
    with open_parts(data) as parts:
        _refuse_locked(parts)
        names = frozenset(parts.namelist())
        book = _book(parts, names)
        pages = list(_pages(book))
        for name in pages:
            if name in names:
                _page(draft, part(parts, name))
    said = first(book.root, "metadata")
    title = first(said, "title")
    own = [(value(e, "name") or value(e, "property"), value(e, "content") or e.text) for e in children(said, "meta")]
    document = draft.document(sensible_title(None if title is None else title.text), stated(own))
    return replace(document, warnings=_warnings([name for name in pages if name not in names]))


def _refuse_locked(parts: zipfile.ZipFile) -> None:
    encryption = xml(parts, "META-INF/encryption.xml")
    methods = [] if encryption is None else [value(e, "Algorithm") for e in encryption.iter() if local(e) == "EncryptionMethod"]
    if any(method not in _OF_FONTS for method in methods):
        raise ParseError("The book is encrypted (DRM), so that only its own reading program can open it. Get a copy without DRM.")


def _book(parts: zipfile.ZipFile, names: frozenset[str]) -> _Book:
    container = xml(parts, "META-INF/container.xml")
    paths = [] if container is None else [value(e, "full-path") or "" for e in container.iter() if local(e) == "rootfile"]
    found = next((path for path in paths if path in names), None)
    found = found or next((name for name in sorted(names) if name.lower().endswith(".opf")), "")
    root = xml(parts, found)
    if root is None:
        raise ValueError("no package document")
    return _Book(root, posixpath.dirname(found))


def _pages(book: _Book) -> Iterator[str]:
    """The names of the pages' parts in reading order, each once."""
    items = {value(item, "id"): item for item in children(first(book.root, "manifest"), "item")}
    seen: set[str] = set()
    for reference in children(first(book.root, "spine"), "itemref"):
        item = items.get(value(reference, "idref"))
        if item is None or value(item, "media-type") not in _PAGES or "nav" in (value(item, "properties") or "").split():
            continue
        name = posixpath.normpath(posixpath.join(book.folder, unquote(urlsplit(value(item, "href") or "").path)))
        if name not in seen:
            seen.add(name)
            yield name


def _page(draft: Draft, data: bytes) -> None:
    declared = _ENCODING.search(data[:4096])
    text = decode(data, (declared[1] or declared[2]).decode("ascii") if declared else None)
    draft.apart()
    add_markup(draft, text)
    draft.apart()


def _warnings(missing: list[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    named = ", ".join(one_line(name)[:_LONGEST_NAME] for name in missing[:_NAMED])
    more = "" if len(missing) <= _NAMED else f" and {len(missing) - _NAMED} more"
    return (f"Pages that the book lists but does not hold are not in the text: {named}{more}.",)
