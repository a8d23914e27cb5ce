"""What Office files have in common: XML parts in a ZIP archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assistant.errors import ParseError

LARGEST = 500_000_000  # bytes, unpacked
LARGEST_PART = 200_000_000


@contextmanager
def open_parts(data: bytes) -> Iterator[zipfile.ZipFile]:
    """The archive, if it does not unpack to more than memory should hold."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > LARGEST:
            raise ParseError(f"The file unpacks to more than {LARGEST / 1e6:.0f} MB. Split it or leave it out.")
        yield archive


def xml(parts: zipfile.ZipFile, name: str) -> Any:
    """The root of a part, or None where the archive has none."""
    return root_of(part(parts, name)) if name in parts.namelist() else None


def root_of(content: bytes) -> Any:
    """The root of an XML text. Entities are not resolved, nothing is fetched."""
    from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    return etree.fromstring(content, parser)


def part(parts: zipfile.ZipFile, name: str) -> bytes:
    """The content of a part. Unpacking ends at the limit, whatever size the archive states; `ZipFile.read` would unpack everything."""
    with parts.open(name) as packed:
        content = packed.read(LARGEST_PART + 1)
    if len(content) > LARGEST_PART:
        raise ParseError(f"A part of the file unpacks to more than {LARGEST_PART / 1e6:.0f} MB. Split it or leave it out.")
    return content


def local(element: Any) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Any, name: str) -> list[Any]:
    return [] if element is None else [child for child in element if local(child) == name]


def first(element: Any, name: str) -> Any:
    """The first child of that name, or None, also of None."""
    return next(iter(children(element, name)), None)


def value(element: Any, attribute: str = "val") -> str | None:
    """An attribute by its name without its namespace."""
    if element is None:
        return None
    return next((str(v) for k, v in element.attrib.items() if k.rpartition("}")[2] == attribute), None)
