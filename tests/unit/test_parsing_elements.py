"""unstructured behind its adapter: what its elements become, and that it neither fetches nor sends anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import docx
import pytest

from ingest.parsing.draft import Draft
from ingest.parsing.office import elements

OFFLINE = """
import socket, sys

def refuse(*args, **kwargs):
    sys.exit(f"a socket was asked for: {args}")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from pathlib import Path
from ingest.parsing import FileParser
print(FileParser().parse("leave.docx", Path(sys.argv[1]).read_bytes()).text)
"""


def test_a_word_document_is_read_without_network_home_or_model(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Staff get 25 days. They take them in summer.")
    document.save(str(tmp_path / "leave.docx"))
    (tmp_path / "home").mkdir()
    environment = {"PATH": os.defpath, "HOME": str(tmp_path / "home"), "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, tmp_path / "leave.docx"], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "Staff get 25 days. They take them in summer.\n", "")
    assert list((tmp_path / "home").iterdir()) == []


def test_unstructured_asks_for_its_language_model_where_it_is_replaced() -> None:
    from unstructured.nlp import tokenize

    assert hasattr(tokenize, "_get_nlp")
    elements.offline()
    before = elements.sentences.cache_info()

    assert tokenize.sent_tokenize("Asked by this test alone. Two sentences.") == ["Asked by this test alone.", "Two sentences."]
    after = elements.sentences.cache_info()
    assert after.hits + after.misses > before.hits + before.misses


def test_elements_become_blocks() -> None:
    from unstructured.documents import elements as found

    def depth(level: int) -> found.ElementMetadata:
        return found.ElementMetadata(category_depth=level)

    table = found.ElementMetadata(text_as_html="<table><tr><td>Grade</td><td>Days</td></tr><tr><td>A</td><td>25</td></tr></table>")
    draft = Draft()
    elements.add_elements(
        draft,
        [
            found.Header("Acme"),
            found.Title("Leave", metadata=depth(0)),
            found.Title("Annual", metadata=depth(1)),
            found.PageBreak(""),
            found.ListItem("One", metadata=depth(1)),
            found.NarrativeText("A sentence."),
            found.EmailAddress("hr@example.com"),
            found.Table("Grade Days A 25", metadata=table),
            found.Table("Grade Days A 25", metadata=table),
            found.Table("Without rows"),
            found.Footer("Page 1"),
        ],
        [True, False, True],
    )
    document = draft.document()

    assert [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks] == [
        ("heading", 1, "Leave"),
        ("heading", 2, "Annual"),
        ("list_item", 2, "One"),
        ("paragraph", 0, "A sentence."),
        ("paragraph", 0, "hr@example.com"),
        ("table_header", 0, "Grade | Days"),
        ("table_row", 0, "A | 25"),
        ("table_row", 0, "Grade | Days"),
        ("table_row", 0, "A | 25"),
        ("paragraph", 0, "Without rows"),
    ]


@pytest.mark.parametrize("content", ["", "PK"])
def test_a_package_that_cannot_be_opened_is_a_value_error(content: str) -> None:
    with pytest.raises(ValueError, match="DOCX"):
        elements.word_elements(content.encode())
