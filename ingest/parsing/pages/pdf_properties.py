"""What a PDF states of itself in its document information, beside the standard entries (PDF 32000-1, 14.3.3)."""

from __future__ import annotations

import re
from typing import Any

from ingest.parsing.properties import KEYS, stated

# The title is a standard entry, which most programs fill in.
_OWN = sorted(KEYS - {"title"})
_NAME = re.compile(rb"/(" + "|".join(_OWN).encode() + rb")(?![A-Za-z])", re.IGNORECASE)
_EMPTY_GROUPS = re.compile(rb"/groups\s*(?:\(\s*\)|<\s*>|<FEFF>|\(\xfe\xff\))", re.IGNORECASE)


def stated_in(data: bytes, document: Any) -> dict[str, object]:
    """pdfium gives an entry by its exact name alone, and no sign whether it is there: so names are also looked for in the file, where
    groups without a value are seen, too."""
    names = {name for key in _OWN for name in (key, key.capitalize(), key.upper())}
    names |= {match[1].decode("ascii") for match in _NAME.finditer(data)}
    found = [(name, value) for name in sorted(names) if (value := document.get_metadata_value(name).strip())]
    return stated([*found, *([("groups", "")] if _EMPTY_GROUPS.search(data) else [])])
