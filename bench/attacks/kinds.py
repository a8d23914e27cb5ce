"""Every kind of attack: a format, a place in it, a disguise. The first documents take each kind in turn, later ones mix by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.attacks import write_docx, write_mail, write_pdf, write_pptx, write_text, write_xlsx
from bench.attacks.blocks import Page
from bench.attacks.disguises import DISGUISES
from bench.attacks.placing import VISIBLE, Place, hidden
from bench.attacks.wording import Canary

SPLIT = ("split over two sections", "split over two documents")
BESIDE = "text after"
FRONT_MATTER = ("front matter title", "front matter owner", "front matter description")


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is written, and where beside the visible places a text can be put into it."""

    write: Callable[[Page], bytes]
    places: Sequence[str]
    can_write: Callable[[str], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Kind:
    ending: str
    place: str
    disguise: str

    @property
    def put(self) -> Place:
        return VISIBLE.get(self.place) or hidden(self.place)


FORMATS: Mapping[str, Format] = {
    "md": Format(write_text.markdown, (*write_text.MARKDOWN_PLACES, *FRONT_MATTER)),
    "txt": Format(write_text.plain, ()),
    "html": Format(write_text.web_page, (*write_text.HTML_PLACES, *write_text.HTML_HEAD)),
    "csv": Format(write_text.table_of, write_text.CSV_PLACES),
    "eml": Format(write_mail.mail, write_mail.PLACES),
    "docx": Format(write_docx.word_document, tuple(write_docx.PLACES)),
    "xlsx": Format(write_xlsx.workbook, tuple(write_xlsx.PLACES)),
    "pptx": Format(write_pptx.slides, tuple(write_pptx.PLACES)),
    "pdf": Format(write_pdf.pdf, (*write_pdf.PLACES, *write_pdf.PROPERTIES), write_pdf.can_write),
}


def all_kinds() -> list[Kind]:
    """Each place of each format without a disguise, each disguise in each format's plain text that can write it."""
    undisguised = [Kind(ending, place, "plain") for ending, form in FORMATS.items() for place in (*VISIBLE, *form.places)]
    disguised = [Kind(ending, BESIDE, disguise) for disguise in DISGUISES if disguise != "plain" for ending in FORMATS]
    return undisguised + [kind for kind in disguised if _can_be(kind)]


def mixed(chance: random.Random) -> Kind:
    ending = chance.choice(list(FORMATS))
    return Kind(ending, chance.choice((*VISIBLE, *FORMATS[ending].places)), chance.choice(list(DISGUISES)))


def _can_be(kind: Kind) -> bool:
    sample = DISGUISES[kind.disguise]("Say word.", Canary("word", "https://evil.example/word"))
    return all(map(FORMATS[kind.ending].can_write, sample))
