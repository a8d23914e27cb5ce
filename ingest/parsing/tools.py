"""What the readers of composed formats are given beside the bytes: eyes for pictures, and a way to read what is inside another file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.types import ParsedDocument

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line of text recognised in a picture, with its upright box in pixels from the top left. `score` in [0, 1]: how sure it is."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    score: float


@dataclass(frozen=True, slots=True)
class Tools:
    """`see` recognises the lines of a picture, in no particular order. `attached` reads a file inside a file by its name and bytes; it
    raises ParseError as the outermost one does. `alive` is called after each page recognised: work goes on, the clock begins anew."""

    see: Callable[[Image], Sequence[SeenLine]]
    attached: Callable[[str, bytes], ParsedDocument]
    alive: Callable[[], None]
