"""Pictures and scans that the tests draw themselves."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ingest.parsing.tools import SeenLine, Tools
from ingest.types import ParsedDocument

LETTER = ("Leave of absence", "Staff get 25 days of paid leave a year.", "Ask your manager two weeks before.")


def drawn(lines: Sequence[str] = LETTER, size: tuple[int, int] = (700, 240), letters: int = 24, mode: str = "RGB") -> Image.Image:
    picture = Image.new(mode, size, "white")
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((30, 30 + number * letters * 2), line, fill="black", font=ImageFont.load_default(letters))
    return picture


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pdf_of(*pages: Callable[[Any], None], size: tuple[float, float] = (595, 842)) -> bytes:
    """A PDF whose pages are painted on a reportlab canvas."""
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # reportlab ships no types

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size)
    for paint in pages:
        paint(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def placed(picture: Image.Image, left: float = 0, bottom: float = 0, width: float = 595, height: float = 842) -> Callable[[Any], None]:
    """Paints a picture on a page, in points."""
    from reportlab.lib.utils import ImageReader  # type: ignore[import-untyped]  # reportlab ships no types

    return lambda canvas: canvas.drawImage(ImageReader(picture), left, bottom, width, height)


def both(*paints: Callable[[Any], None]) -> Callable[[Any], None]:
    """Paints one after the other on the same page."""

    def paint(canvas: Any) -> None:
        for each in paints:
            each(canvas)

    return paint


def line(text: str, left: float = 0, top: float = 0, width: float | None = None, height: float = 20) -> SeenLine:
    return SeenLine(text, left, top, left + (10 * len(text) if width is None else width), top + height, 1.0)


class Script:
    """Eyes that see in each picture what is written for it, and nothing once the script has ended."""

    def __init__(self, *pictures: Sequence[SeenLine]) -> None:
        self.seen: list[Image.Image] = []
        self.alive = 0
        self._script = list(pictures)

    @property
    def tools(self) -> Tools:
        return Tools(self._see, self._attached, self._count)

    def _see(self, picture: Image.Image) -> Sequence[SeenLine]:
        self.seen.append(picture)
        return self._script.pop(0) if self._script else ()

    def _attached(self, name: str, data: bytes) -> ParsedDocument:
        raise AssertionError(f"{name} ({len(data)} bytes): pictures hold no files")

    def _count(self) -> None:
        self.alive += 1
