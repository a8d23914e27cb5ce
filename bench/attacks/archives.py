"""Makes the archives that office files are reproducible: the same bytes for the same content."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

DAY = (2026, 11, 1, 9, 0, 0)
STAMP = b">2026-11-01T09:00:00Z</dcterms:"


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    """What `save` writes, with fixed dates in the archive and in its properties."""
    written, out = io.BytesIO(), io.BytesIO()
    save(written)
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb">[^<]*</dcterms:", STAMP, content)
            new.writestr(zipfile.ZipInfo(name, DAY), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def xml_text(text: str) -> str:
    """The text without the characters that XML does not know."""
    return "".join(c for c in text if c in "\n\t" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF and ord(c) not in (0xFFFE, 0xFFFF)))
