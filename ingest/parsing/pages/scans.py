"""What is drawn on a PDF's page and is not in its text layer: scans, pictures with words in them, letters that no program can tell."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.parsing.tools import SeenLine

if TYPE_CHECKING:
    from PIL.Image import Image

_DOTS = 200  # an inch; at 150 and at 300 as many letters are read rightly
_LARGEST = 9_000_000  # pixels of a page as drawn
_DEEPEST = 15  # forms within forms
_MOST = 100_000_000  # pixels of a picture inside, which pdfium unpacks whole
_SCAN = 0.5  # of the page: pictures that cover so much may be a scan of it
_LEAST = 0.05  # of the page: smaller pictures are ornaments
_FEW = 200  # letters: on a page of pictures, so few are a stamp or a page number, not what the scan says
_DRAWING = 50  # lines and shapes: fewer are rules and frames, not outlines of letters
_INK = 24  # of 255: the least difference between ink and paper


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points from the page's lower left, before it is turned."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def area(self) -> float:
        return max(self.right - self.left, 0.0) * max(self.top - self.bottom, 0.0)

    def within(self, other: Box) -> Box:
        return Box(max(self.left, other.left), max(self.bottom, other.bottom), min(self.right, other.right), min(self.top, other.top))

    def holds(self, place: tuple[float, float]) -> bool:
        return self.left <= place[0] <= self.right and self.bottom <= place[1] <= self.top


@dataclass(frozen=True, slots=True)
class Unread:
    """Parts of a page to look at. `whole`: next to nothing is known of the page otherwise; `alone`: nothing at all, and what its text
    layer holds cannot be told. `drawing`: it holds more than rules and frames."""

    boxes: tuple[Box, ...] = ()
    whole: bool = False
    alone: bool = False
    drawing: bool = False


def unread(page: Any, text_page: Any, letters: Sequence[int]) -> Unread:
    """What of a page is to be looked at. `letters` are the indexes of those of its text layer that can be told."""
    paper = Box(*page.get_bbox())
    objects = list(page.get_objects(max_depth=1))
    pictures = [box.within(paper) for item in objects if _is_picture(item, page) if (box := _bounds(item)) is not None]
    if not letters:
        drawing = bool(pictures) or len(objects) >= _DRAWING
        return Unread((paper,), True, True, drawing) if objects else Unread()
    if len(letters) < _FEW and sum(box.area for box in pictures) >= _SCAN * paper.area:
        return Unread() if _is_hidden(text_page, letters) else Unread((paper,), True, False, True)
    large = [box for box in pictures if box.area >= _LEAST * paper.area]
    places = [_place(text_page, index) for index in letters] if large else []
    return Unread(tuple(box for box in large if sum(map(box.holds, places)) < _FEW * box.area / paper.area))


def _is_picture(item: Any, page: Any) -> bool:
    from pypdfium2 import raw  # type: ignore[import-untyped]  # pypdfium2 ships no types

    if item.type == raw.FPDF_PAGEOBJ_FORM:
        return any(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST, form=item, level=1))
    return bool(item.type == raw.FPDF_PAGEOBJ_IMAGE)


def _bounds(item: Any) -> Box | None:
    import pypdfium2

    try:
        return Box(*item.get_bounds())
    except pypdfium2.PdfiumError:  # an empty form has none
        return None


def _is_hidden(text_page: Any, letters: Sequence[int]) -> bool:
    """Whether most letters are drawn without ink, as text recognition lays them over a scan."""
    from pypdfium2 import raw

    modes = (raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(text_page, index)) for index in letters)
    hidden = [mode for mode in modes if mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE]
    return len(hidden) > len(letters) / 2


def _place(text_page: Any, index: int) -> tuple[float, float]:
    left, bottom, right, top = text_page.get_charbox(index)
    return (left + right) / 2, (bottom + top) / 2


def too_large(page: Any) -> bool:
    """Whether a picture of the page has so many pixels that it must not be unpacked."""
    from pypdfium2 import raw

    sizes = (item.get_px_size() for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST))
    return any(width * height > _MOST for width, height in sizes)


def look(page: Any, parts: Unread, see: Callable[[Image], Sequence[SeenLine]]) -> list[Sequence[SeenLine]]:
    """The lines of each part. The page is changed: what its text layer tells is taken off."""
    if not parts.alone:
        _take_text_off(page)
    width, height = page.get_size()
    scale = min(_DOTS / 72, math.sqrt(_LARGEST / max(width * height, 1.0)))
    drawn = page.render(scale=scale).to_pil().convert("RGB")
    found = []
    for box in parts.boxes:
        picture = drawn if parts.whole else drawn.crop(_pixels(page, box, drawn.size))
        low, high = picture.convert("L").getextrema()
        found.append(see(picture) if high - low >= _INK else ())
    return found


def _take_text_off(page: Any) -> None:
    from pypdfium2 import raw

    for item in list(page.get_objects(max_depth=1)):
        form = item.type == raw.FPDF_PAGEOBJ_FORM and not _is_picture(item, page)
        if form or item.type == raw.FPDF_PAGEOBJ_TEXT:
            page.remove_obj(item)


def _pixels(page: Any, box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box in pixels of the page as drawn, which may be turned."""
    from pypdfium2 import raw

    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for left, bottom in ((box.left, box.bottom), (box.right, box.top)):
        raw.FPDF_PageToDevice(page, 0, 0, *size, 0, left, bottom, x, y)
        corners.append((x.value, y.value))
    (a, b), (c, d) = corners
    return max(min(a, c), 0), max(min(b, d), 0), min(max(a, c, 1), size[0]), min(max(b, d, 1), size[1])
