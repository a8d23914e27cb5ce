"""Pictures: PNG, JPEG, TIFF (each of its pages), BMP, GIF and WebP (the first picture of an animation). The text is recognised.

What a picture claims to measure is checked before a pixel of it is unpacked.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.errors import ParseError
from ingest.parsing.pages import flow
from ingest.parsing.pages.layout import lines_of
from ingest.parsing.tools import Tools
from ingest.types import ParsedDocument

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_MOST = 80_000_000  # pixels: A3 at 600 dots an inch
_LONGEST = 60_000  # pixels of a side
_ENOUGH = 9_000_000  # pixels: A4 at 300 dots an inch
_REDUCED = ("L", "LA", "RGB", "RGBA", "CMYK")
_MOST_PAGES = 500
_SUBFILE, _THUMBNAIL = 254, 1  # TIFF: what a page is
_DARK = 128


def read(data: bytes, tools: Tools) -> ParsedDocument:
    from PIL import UnidentifiedImageError
    from PIL.Image import DecompressionBombError, DecompressionBombWarning

    lines: list[flow.Line] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tags that it cannot read
            warnings.simplefilter("error", DecompressionBombWarning)
            for number, page in _pages(data):
                lines += lines_of(tools.see(page), number)
                tools.alive()
    except (DecompressionBombError, DecompressionBombWarning) as error:
        raise ParseError(f"The picture has more than {_MOST / 1e6:.0f} million pixels. Save it smaller.") from error
    except UnidentifiedImageError as error:
        raise ParseError("The picture is damaged, or of a kind that is not read. Save it as PNG or JPEG.") from error
    return flow.document(lines)


def _pages(data: bytes) -> Iterator[tuple[int | None, Image]]:
    """The pictures to look at, with their numbers where there may be several."""
    with _opened(data) as file:
        several = file.format == "TIFF"
        count = getattr(file, "n_frames", 1) if several else 1
    if count > _MOST_PAGES:
        raise ParseError(f"It holds {count} pages; at most {_MOST_PAGES} are read. Split it.")
    for index in range(count):
        # Opened anew for each, and closed before it is looked at: what is unpacked takes hundreds of megabytes.
        with _opened(data) as file:
            if several:
                file.seek(index)
            page = None if _is_thumbnail(file) else _upright(file)
        if page is not None:
            yield index + 1 if several else None, page


def _opened(data: bytes) -> ImageFile:
    from PIL import Image

    return Image.open(io.BytesIO(data), formats=_FORMATS)


def _is_thumbnail(file: ImageFile) -> bool:
    kind = getattr(file, "tag_v2", {}).get(_SUBFILE, 0)
    return isinstance(kind, int) and bool(kind & _THUMBNAIL)


def _upright(file: ImageFile) -> Image:
    """The picture as it is meant to be seen, on paper, with no more pixels than are of use."""
    from PIL import ImageOps

    if file.width * file.height > _MOST or max(file.size) > _LONGEST:
        raise ParseError(
            f"The picture has {file.width} x {file.height} pixels; at most {_MOST / 1e6:.0f} million are read. Save it smaller."
        )
    share = math.sqrt(_ENOUGH / (file.width * file.height))
    if share < 1:
        file.draft("RGB", (int(file.width * share), int(file.height * share)))
    ImageOps.exif_transpose(file, in_place=True)
    picture = file.convert("L") if file.mode == "1" else file
    times = int(math.sqrt(picture.width * picture.height / _ENOUGH))
    return _on_paper(picture.reduce(times) if times > 1 and picture.mode in _REDUCED else picture)


def _on_paper(picture: Image) -> Image:
    """Three channels of eight bits. What is transparent becomes white, or black behind light ink."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        return _eight_bits(picture).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    inked = picture.convert("RGBA")
    ink = inked.getchannel("A").point(lambda share: 255 if share > _DARK else 0)
    brightness = inked.convert("L").histogram(ink)
    light = sum(brightness[_DARK:]) > sum(brightness[:_DARK])
    covered = ink.histogram()[255] > 0.5 * picture.width * picture.height
    paper = Image.new("RGBA", inked.size, "black" if light and not covered else "white")
    return Image.alpha_composite(paper, inked).convert("RGB")


def _eight_bits(picture: Image) -> Image:
    """Sixteen or more bits a pixel, from the darkest that occurs to the lightest."""
    import numpy as np
    from PIL import Image

    values = np.asarray(picture, dtype=np.float32)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return Image.fromarray(np.nan_to_num((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8))
