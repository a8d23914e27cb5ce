"""Words in quotation marks: chunks that hold them in that order, side by side, are what is looked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.layout import Mask
from assistant.retrieval.lexical import LexicalIndex, Scores, holders
from assistant.types import Chunk

_QUOTED = re.compile('["\u201c\u201d\u201e\u00ab]([^"\u201c\u201d\u201e\u00ab\u00bb\n]{3,200})["\u201c\u201d\u00bb]')
_WORD = re.compile(r"[^\W_]+")


def quoted(query: str) -> tuple[str, ...]:
    """The phrases of two words or more that stand between quotation marks."""
    return tuple(phrase for phrase in _QUOTED.findall(query) if len(_WORD.findall(phrase)) > 1)


def shares_held(query: str, chunks: Sequence[Chunk], index: LexicalIndex, mask: Mask, analyzer: Analyzer) -> Scores | None:
    """Of each chunk, what share of the query's phrases it holds, in any case and whatever stands between the words but letters and
    digits; shape (chunks,), 0 outside the mask, None where the query has no phrase."""
    phrases = quoted(query)
    if not phrases:
        return None
    found = np.zeros(len(chunks), dtype=np.float32)
    for phrase in phrases:
        pattern = re.compile(r"(?<![^\W_])" + r"[\W_]+".join(map(re.escape, _WORD.findall(phrase))) + r"(?![^\W_])", re.IGNORECASE)
        for ordinal in np.flatnonzero(holders(index, analyzer.terms(phrase)) & mask).tolist():
            found[ordinal] += pattern.search(chunks[ordinal].indexed_text) is not None
    return found / np.float32(len(phrases))
