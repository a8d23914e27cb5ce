"""The properties that people add to Office files (in the program under File, Info, Properties, Advanced)."""

from __future__ import annotations

import zipfile
from typing import Any

from ingest.parsing.office.ooxml import children, local, value, xml
from ingest.parsing.properties import stated

_DATE_LENGTH = 10  # of 2026-01-31T00:00:00Z


def stated_in(parts: zipfile.ZipFile) -> dict[str, object]:
    """What they state of the document. Raises ParseError, or lxml's error of syntax, where that cannot be made out."""
    return stated((value(one, "name"), _text(one)) for one in children(xml(parts, "docProps/custom.xml"), "property"))


def _text(one: Any) -> str:
    """A property holds one element with its value; that of a list holds several."""
    leaves = [leaf for leaf in one.iter() if leaf is not one and not len(leaf) and (leaf.text or "").strip()]
    return ";".join(leaf.text.strip()[:_DATE_LENGTH] if local(leaf) == "filetime" else leaf.text.strip() for leaf in leaves)
