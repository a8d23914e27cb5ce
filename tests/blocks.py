"""What every parser promises of its blocks, to be held in property tests."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from ingest.types import ParsedDocument


def damaged(data: st.DataObject, sound: bytes) -> bytes:
    """The same file with a few of its bytes changed."""
    changed = bytearray(sound)
    for at in data.draw(st.lists(st.integers(0, len(changed) - 1), min_size=1, max_size=8)):
        changed[at] = data.draw(st.integers(0, 255))
    return bytes(changed)


def well_formed(document: ParsedDocument) -> bool:
    """Whether the blocks are what `ingest.types` promises: ordered, apart, never empty or padded, nothing but white space between."""
    edges = [(0, 0), *((b.start, b.end) for b in document.blocks), (len(document.text), len(document.text))]
    ordered = all(a[1] <= b[0] and not document.text[a[1] : b[0]].strip() for a, b in pairwise(edges))
    return ordered and all(_tight(document.text[b.start : b.end]) for b in document.blocks)


def _tight(text: str) -> bool:
    return bool(text) and text == text.strip()
