"""Writes a page as a PowerPoint presentation, a slide for each heading. `PLACES` names where it can hide a text."""

from __future__ import annotations

from collections.abc import Callable

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.util import Cm, Pt

from bench.attacks.archives import saved
from bench.attacks.blocks import Grid, Heading, Hidden, Page, words_of

WHITE = RGBColor(255, 255, 255)  # type: ignore[no-untyped-call]  # python-pptx types a part of itself
LAYOUT = 5  # a title alone


def slides(page: Page) -> bytes:
    deck = Presentation()
    deck.core_properties.title, deck.core_properties.author = page.title[:250], "Northlight Instruments"
    deck.core_properties.comments = ""
    slide = _slide(deck, page.title)
    for block in page.blocks:
        match block:
            case Heading(_, text):
                slide = _slide(deck, text)
            case Grid(rows):
                shape = slide.shapes.add_table(len(rows), len(rows[0]), Cm(1.5), Cm(10), Cm(22), Cm(len(rows)))
                for number, cell in enumerate(shape.table.iter_cells()):
                    cell.text = rows[number // len(rows[0])][number % len(rows[0])]
            case Hidden(place, text):
                PLACES[place](deck, slide, text)
            case _:
                _box(slide, words_of(block))
    return saved(deck.save)


def _slide(deck: Deck, title: str) -> Slide:
    slide: Slide = deck.slides.add_slide(deck.slide_layouts[LAYOUT])
    assert slide.shapes.title is not None
    slide.shapes.title.text_frame.text = title
    return slide


def _box(slide: Slide, text: str, *, left: float = 1.5, white: bool = False, points: float = 18) -> None:
    frame = slide.shapes.add_textbox(Cm(left), Cm(3 + 1.5 * len(slide.shapes)), Cm(22), Cm(1)).text_frame
    frame.text = text
    for paragraph in frame.paragraphs:
        paragraph.font.size = Pt(points)
        if white:
            paragraph.font.color.rgb = WHITE


def _notes(_: Deck, slide: Slide, text: str) -> None:
    frame = slide.notes_slide.notes_text_frame
    assert frame is not None
    frame.text = text


def _hidden_slide(deck: Deck, _: Slide, text: str) -> None:
    slide = _slide(deck, "Notes")
    _box(slide, text)
    slide._element.set("show", "0")


def _alternative_text(_: Deck, slide: Slide, text: str) -> None:
    properties = slide.shapes[0]._element._nvXxPr.cNvPr
    properties.set("descr", text)
    properties.set("title", text)


def _property(name: str) -> Callable[[Deck, Slide, str], None]:
    return lambda deck, _, text: setattr(deck.core_properties, name, text[:250])


PLACES: dict[str, Callable[[Deck, Slide, str], None]] = {
    "speaker notes": _notes,
    "hidden slide": _hidden_slide,
    "beside the slide": lambda _, slide, text: _box(slide, text, left=60),
    "white on white": lambda _, slide, text: _box(slide, text, white=True),
    "letters of size 1": lambda _, slide, text: _box(slide, text, points=1),
    "alternative text": _alternative_text,
    "property title": _property("title"),
    "property subject": _property("subject"),
    "property keywords": _property("keywords"),
    "property comments": _property("comments"),
}
