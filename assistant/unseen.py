"""Characters that nobody sees: they hide words from readers, and carry words past them.

Besides controls and format characters (Unicode's Cc and Cf) these are what has no glyph by default (Default_Ignorable_Code_Point: variation
selectors, fillers, invisible letters) and the blank Braille pattern. Of variation selectors a text needs one at a time, for an emoji.
"""

from __future__ import annotations

import re
import unicodedata

_CATEGORIES = ("Cc", "Cf", "Co", "Cs", "Cn")
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def seen(text: str) -> str:
    """The text without them; lines and tabs stay."""
    if text.isascii() and text.isprintable():  # nearly all are, and asking each character takes long
        return text
    return _IGNORABLE.sub("", "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _CATEGORIES))
