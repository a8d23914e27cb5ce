"""Recognises text in pictures, with the PP-OCRv6 models that the package rapidocr ships (Apache-2.0). Nothing is downloaded.

rapidocr fetches a model or a font where a path is missing; here every path is given, and no file is loaded whose sha256 is not that of
the release. Its classifier of line directions errs on about one line in thirty, so a line's direction is judged by which reading is surer.
"""

from __future__ import annotations

import hashlib
import math
import re
import statistics
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ParseError
from ingest.parsing.tools import SeenLine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[np.uint8]
    Corners = NDArray[np.float32]

_MODELS = {
    "Det": ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
    "Rec": ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
}
# Lines are found in a smaller picture than they are read in: at 1.5 million pixels a page of 7-point letters loses none of its lines,
# and the search takes 1.6 s and 380 MB, at 3.9 million 5 s and 900 MB.
_SEARCHED = 1_500_000
_READ = 9_000_000  # pixels; A4 at 300 dots an inch
_UNLIMITED = 100_000  # pixels of a side
_SURE = 0.9  # below, other directions are tried: upright lines score .95 and more, upside-down ones rarely .8
_LEGIBLE = 0.6  # below, most letters are wrong
_SPARSE = 0.2  # letters on a line's height of its length; fewer are what is left of a script that the model has not learnt
_TALL = 1.5  # height to width of a box whose line runs up or down
_BATCH = 32  # lines
_MOST_LINES = 3000  # a page of a newspaper has up to a thousand
_LONG = 8  # letters of a line that shows how the picture is skewed


@dataclass(frozen=True, slots=True)
class _Reading:
    """A line as read: its text, its corners in the picture (from the top left, clockwise), how sure it is, and by how many quarters
    counter-clockwise it had to be turned."""

    text: str
    corners: Corners
    score: float
    turn: int


class Eyes:
    """An engine of text recognition, made at the first picture (0.5 s, 120 MB). Safe to share between threads; one sees at a time.

    `alive` is called after every 32 lines.
    """

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        self._alive = alive
        self._engine: Any = None
        self._lock = threading.Lock()

    def see(self, picture: Image) -> Sequence[SeenLine]:
        """The lines of a picture. Their boxes are in its pixels after it is turned so that most of them are upright and level.

        Raises ParseError where the picture cannot be worked on, MemoryError where it takes more than there is.
        """
        import numpy as np

        pixels, scale = _shrunk(np.asarray(picture.convert("RGB"))[:, :, ::-1], _READ)
        with self._lock:
            self._engine = self._engine or _engine()
            readings = self._look(pixels)
            if turn := _turn(readings):
                readings = self._look(np.ascontiguousarray(np.rot90(pixels, turn)))
        return _levelled(readings, scale)

    def _look(self, pixels: Pixels) -> list[_Reading]:
        small, scale = _shrunk(pixels, _SEARCHED)
        with _trouble():
            found = self._engine(small, use_det=True, use_cls=False, use_rec=False).boxes
        boxes = [] if found is None else [(corners / scale).astype("float32") for corners in found]
        readings: list[_Reading] = []
        for start in range(0, len(boxes), _BATCH):
            readings += self._lines(pixels, boxes[start : start + _BATCH])
            self._alive()
        return [reading for reading in readings if reading.score >= _LEGIBLE and reading.text and not _is_sparse(reading)]

    def _lines(self, pixels: Pixels, boxes: Sequence[Corners]) -> list[_Reading]:
        """A line across may stand on its head; a tall box holds a line that runs up or down, or one slim letter."""
        cuts = [(box, cut) for box in boxes if (cut := _cut(pixels, box)) is not None]
        ways = [(1, 3, 0) if cut.shape[0] >= _TALL * cut.shape[1] else (0, 2) for _, cut in cuts]
        best = self._read([(*cut, way[0]) for cut, way in zip(cuts, ways, strict=True)])
        again = [(index, way) for index, reading in enumerate(best) if reading.score < _SURE for way in ways[index][1:]]
        for (index, _), reading in zip(again, self._read([(*cuts[index], way) for index, way in again]), strict=True):
            best[index] = max(best[index], reading, key=lambda r: r.score)
        return best

    def _read(self, cuts: Sequence[tuple[Corners, Pixels, int]]) -> list[_Reading]:
        import numpy as np

        if not cuts:
            return []
        with _trouble():
            found = self._engine.recognize_txt([np.ascontiguousarray(np.rot90(cut, turn)) for _, cut, turn in cuts])
        lines = zip(cuts, found.txts, found.scores, strict=True)
        return [_Reading(text.strip(), box, float(score), turn) for (box, _, turn), text, score in lines]


def _engine() -> Any:
    import rapidocr

    settings: dict[str, object] = {
        "Global.log_level": "critical",
        "Global.use_preprocess_img": False,
        "Global.text_score": 0.0,
        # Else a strip is padded to an eighth of its width, whatever that comes to.
        "Global.width_height_ratio": -1,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.limit_type": "max",
        "Det.limit_side_len": _UNLIMITED,
        "Det.max_candidates": _MOST_LINES,
        # One line at a time: faster on a processor, where the padding of shorter lines is worked on too, and half the memory.
        "Rec.rec_batch_num": 1,
    }
    paths = models(Path(rapidocr.__file__).parent / "models")
    return rapidocr.RapidOCR(params=settings | {f"{part}.model_path": str(path) for part, path in paths.items()})


def models(folder: Path) -> dict[str, Path]:
    """Paths of the models below `folder`, given rather than searched: what has a path is never downloaded."""
    for name, expected in _MODELS.values():
        try:
            actual = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError:
            actual = "none"
        if actual != expected:
            raise ParseError(f"The model {name}, which reads pictures, is missing or altered. Install Footnote anew: `make setup`.")
    return {part: folder / name for part, (name, _) in _MODELS.items()}


@contextmanager
def _trouble() -> Iterator[None]:
    """Tells a lack of memory from a picture that the libraries fail on."""
    import cv2
    from rapidocr.ch_ppocr_det.utils import ResizeImgError
    from rapidocr.inference_engine.onnxruntime.main import ONNXRuntimeError

    try:
        yield
    except (cv2.error, ResizeImgError, ONNXRuntimeError) as error:
        if re.search(r"(?i)bad.?alloc|memory|allocate", str(error)):
            raise MemoryError from error
        raise ParseError("The text of its picture cannot be recognised. Save the picture in another size.") from error


def _shrunk(pixels: Pixels, most: int) -> tuple[Pixels, float]:
    """The picture with at most so many pixels, and its size in proportion to the one given."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    scale = min(1.0, math.sqrt(most / (height * width)))
    if scale == 1.0:
        return np.ascontiguousarray(pixels), scale
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), scale


def _cut(pixels: Pixels, corners: Corners) -> Pixels | None:
    """What lies within the corners, made a rectangle; None where that is nothing."""
    import cv2
    import numpy as np

    width, height = (int(side) for side in _sides(corners))
    if min(width, height) < 1:
        return None
    straight = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    how = cv2.getPerspectiveTransform(corners, straight)
    cut = cv2.warpPerspective(pixels, how, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, dtype=np.uint8)


def _sides(corners: Corners) -> tuple[float, float]:
    (a, b, c, d) = corners.tolist()
    return max(math.dist(a, b), math.dist(d, c)), max(math.dist(a, d), math.dist(b, c))


def _is_sparse(reading: _Reading) -> bool:
    short, long = sorted(_sides(reading.corners))
    return len(reading.text) < _SPARSE * long / short


def _turn(readings: Sequence[_Reading]) -> int:
    """By how many quarters counter-clockwise most of the text must be turned."""
    letters: Counter[int] = Counter()
    for reading in readings:
        letters[reading.turn] += len(reading.text)
    return letters.most_common(1)[0][0] if letters else 0


def _levelled(readings: Sequence[_Reading], scale: float) -> list[SeenLine]:
    """Turns the boxes about the origin until long lines are level, and gives them in pixels of the picture before it was shrunk."""
    edges = [(r.corners[1] - r.corners[0]).tolist() for r in readings if r.turn == 0 and len(r.text) >= _LONG]
    angle = statistics.median(math.atan2(y, x) for x, y in edges) if edges else 0.0
    sine, cosine = math.sin(angle), math.cos(angle)
    lines: list[SeenLine] = []
    for reading in readings:
        x, y = reading.corners.mean(axis=0).tolist()
        x, y = (x * cosine + y * sine) / scale, (y * cosine - x * sine) / scale
        width, height = (side / scale / 2 for side in _sides(reading.corners))
        lines.append(SeenLine(reading.text, x - width, y - height, x + width, y + height, reading.score))
    return lines
