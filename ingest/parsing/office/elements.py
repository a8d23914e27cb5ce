"""unstructured's elements as blocks: the one module that knows that library.

It tags words with a spaCy model, which it downloads where none is installed. The tags only tell a sentence from a title where a file
says nothing of it; what becomes a heading here says so in the file, so a blank pipeline that finds the ends of sentences does, and no
parse depends on which models a machine has. Importing unstructured takes about three seconds, once a process.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from ingest.parsing.draft import Draft
from ingest.parsing.text.html import rows, tree

if TYPE_CHECKING:
    from spacy.language import Language
    from unstructured.documents.elements import Element

_FURNITURE = frozenset(["Header", "Footer"])


def word_elements(data: bytes) -> list[Element]:
    """What unstructured finds in a Word document, in reading order. Raises ValueError for a package it cannot open."""
    offline()
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError
    from docx.oxml.exceptions import XmlchemyError
    from unstructured.partition.docx import partition_docx

    try:
        return partition_docx(file=io.BytesIO(data), languages=[""])  # an empty language: none is guessed
    except (OpcError, PythonDocxError, XmlchemyError) as error:
        raise ValueError(str(error)) from error


def add_elements(draft: Draft, elements: Iterable[Element], headed: Iterable[bool]) -> None:
    """Adds elements to a draft. `headed` says for each table, in order, whether its first row is a header."""
    tables = iter(headed)
    for element in elements:
        level = (element.metadata.category_depth or 0) + 1
        if element.category == "Table":
            _table(draft, element, next(tables))
        elif element.category == "Title":
            draft.add("heading", element.text, level)
        elif element.category == "ListItem":
            draft.add("list_item", element.text, level)
        elif element.category not in _FURNITURE:
            draft.add("paragraph", element.text)


def _table(draft: Draft, element: Element, headed: bool) -> None:
    """unstructured's text of a table has no rows; they stand in a field of their own, as HTML, unless they were too many."""
    markup = element.metadata.text_as_html
    if markup is None:
        draft.add("paragraph", element.text)
        return
    draft.apart()
    for index, (cells, _) in enumerate(rows(tree(markup).find(".//table"))):
        draft.row(cells, header=headed and index == 0)
    draft.apart()


@cache
def offline() -> None:
    """Makes unstructured send nothing and fetch nothing. The place of its model is its own affair, so a test watches it."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("UNSTRUCTURED_DISABLE_NOTICE", "1")
    from unstructured.nlp import tokenize

    tokenize._get_nlp = sentences


@cache
def sentences() -> Language:
    """A pipeline that ends sentences at full stops."""
    import spacy

    language = spacy.blank("en")
    language.add_pipe("sentencizer")
    return language
