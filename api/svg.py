"""The risk-coverage curve as a picture that needs no library and no font, and is read on light ground and on dark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from assistant.evaluation.results import Point

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 56
STEPS = 5

# Plain colours, and others for dark ground: variables would be shorter, but not every viewer knows them.
_STYLE = (
    "text{fill:#1b1f24;font:13px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.ground{fill:#fff}.grid{stroke:#d5dae0}"
    ".curve{fill:none;stroke:#0b62c4;stroke-width:2}.point{fill:#c2410c;stroke:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6e9ed}.ground{fill:#15191e}.grid{stroke:#3a424c}"
    ".curve{stroke:#6cb2ff}.point{fill:#ffa066;stroke:#15191e}}"
)


def risk_coverage_picture(curve: Sequence[Point], name: str) -> str:
    """An SVG document, WIDTH by HEIGHT pixels: coverage to the right from 0 to 1, risk upwards from 0 to the next tenth above the
    greatest, the operating point marked. Without points it says that there are none."""
    most = max(0.1, math.ceil(max((point.risk for point in curve), default=0.0) * 10 - 1e-9) / 10)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
            f"<title>Risk and coverage: {escape(name)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
            _text(LEFT, 28, f"Risk and coverage: {name}", "start", "title"),
            *_axes(most),
            *(_drawn(curve, most) if curve else [_text(WIDTH / 2, HEIGHT / 2, "No answer to an answerable question", "middle")]),
            "</svg>",
            "",
        ]
    )


def _axes(most: float) -> Iterator[str]:
    for step in range(STEPS + 1):
        share = step / STEPS
        x, y = _x(share), _y(share * most, most)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield _text(x, HEIGHT - BOTTOM + 20, f"{share:.0%}", "middle")
        yield _text(LEFT - 8, y + 4, f"{share * most:.0%}", "end")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "coverage: answerable questions that are answered", "middle")
    yield f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2:.1f}) rotate(-90)" text-anchor="middle">risk: wrong answers</text>'


def _drawn(curve: Sequence[Point], most: float) -> Iterator[str]:
    """The curve, its last point, and above the picture what that point stands for, where no line can cross it."""
    places = " ".join(f"{_x(point.coverage):.1f},{_y(point.risk, most):.1f}" for point in curve)
    yield f'<polyline class="curve" points="{places}"/>'
    last = curve[-1]
    yield f'<circle class="point" cx="{_x(last.coverage):.1f}" cy="{_y(last.risk, most):.1f}" r="6"/>'
    yield f'<circle class="point" cx="{LEFT + 6}" cy="{TOP - 15}" r="5"/>'
    yield _text(LEFT + 18, TOP - 10, f"operating point: coverage {last.coverage:.0%}, risk {last.risk:.0%}", "start")


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def _x(coverage: float) -> float:
    return LEFT + coverage * (WIDTH - LEFT - RIGHT)


def _y(risk: float, most: float) -> float:
    return HEIGHT - BOTTOM - risk / most * (HEIGHT - TOP - BOTTOM)
