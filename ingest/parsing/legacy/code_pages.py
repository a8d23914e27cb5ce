"""Microsoft's numbers of encodings."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from types import MappingProxyType

# Those that Python does not know by "cp" and the number.
_NAMES: Mapping[int, str] = MappingProxyType(
    {
        936: "gbk",
        1200: "utf-16-le",
        1361: "johab",
        10000: "mac_roman",
        20127: "ascii",
        20866: "koi8-r",
        21866: "koi8-u",
        50220: "iso2022_jp",
        50221: "iso2022_jp",
        51932: "euc_jp",
        51949: "euc_kr",
        54936: "gb18030",
    }
)
_ISO_8859 = 28590  # and the number of the part


def code_page(number: int) -> str | None:
    """Python's name of the encoding, None where it has none."""
    other = f"iso8859-{number - _ISO_8859}" if 0 < number - _ISO_8859 < 16 else f"cp{number}"
    try:
        return codecs.lookup(_NAMES.get(number, other)).name
    except LookupError:
        return None
