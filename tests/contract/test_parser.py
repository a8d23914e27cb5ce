"""What every parser promises: the one that reads in this process, and the one that has workers do it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.errors import ParseError
from ingest.parsing import SUPPORTED, FileParser
from ingest.ports import Parser
from ingest.sandbox import SandboxedParser

SAMPLE = Path(__file__).parents[2] / "data/policies"
FILES = sorted(path for path in SAMPLE.rglob("*") if path.suffix in SUPPORTED)


@pytest.fixture(scope="module", params=["in this process", "in workers"])
def parser(request: pytest.FixtureRequest) -> Iterator[Parser]:
    parser: Parser = FileParser() if request.param == "in this process" else SandboxedParser(2)
    yield parser
    parser.close()


def test_a_file_becomes_text_blocks_and_what_it_states(parser: Parser) -> None:
    parsed = parser.parse("leave.md", b"---\nowner: HR\neffective: 2026-01-31\ngroups: [hr]\n---\n# Leave\n\n25 days.\n\n- one\n")

    assert parsed.text == "Leave\n\n25 days.\n\none"
    assert [parsed.text[block.start : block.end] for block in parsed.blocks] == ["Leave", "25 days.", "one"]
    assert parsed.title == "Leave"
    assert parsed.front_matter == {"owner": "HR", "effective": "2026-01-31", "groups": ["hr"]}


def test_a_file_without_text_gives_an_empty_one(parser: Parser) -> None:
    assert parser.parse("empty.txt", b" \n").text == ""


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [("x.xyz", b"x", "Supported: "), ("x.pdf", b"%PDF-1.7\nx", "damaged"), ("x.md", b"---\na: [\n---", "YAML")],
)
def test_a_file_that_cannot_be_read_says_why_and_the_next_one_is_read(parser: Parser, name: str, data: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parser.parse(name, data)

    assert parser.parse("a.txt", b"text").text == "text"


def test_names_may_hold_anything(parser: Parser) -> None:
    assert parser.parse("caf\udce9 \n\u202e.md", b"text").text == "text"


def test_many_threads_may_ask_at_once(parser: Parser) -> None:
    with ThreadPoolExecutor(8) as threads:
        texts = threads.map(lambda number: parser.parse("a.md", f"text {number}".encode()).text, range(50))

        assert list(texts) == [f"text {number}" for number in range(50)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_sample_is_read_alike(parser: Parser, path: Path) -> None:
    assert parser.parse(path.name, path.read_bytes()) == FileParser().parse(path.name, path.read_bytes())
