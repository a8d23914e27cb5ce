"""Change one number in a document of the sample company: a model that insists on the old one is not let through by grounding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from assistant.ground import Dropped, ground
from assistant.types import Chunk, Claim, Evidence, Hit
from ingest.parsing import FileParser

DATA = Path(__file__).parents[2] / "data"
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True)
class Case:
    """Words of a document that answer a question, one number of them, and the same text with another number in its place."""

    id: str
    question: str
    words: str
    number: str
    changed: str
    document: str

    @property
    def evidence(self) -> list[Evidence]:
        chunk = Chunk("c", "d", "d.md", "Policy", ("Rules",), 0, len(self.document), self.document)
        return [Evidence(1, Hit(chunk, 1.0, 1))]

    def dropped(self, *quotes: str) -> tuple[Dropped, ...]:
        """What becomes of a model that says the old words, with these quotes."""
        result = ground([Claim(self.words, 1, quote) for quote in quotes], self.evidence, self.question)
        assert not result.statements, result.statements
        return result.dropped


@cache
def text_of(source: str) -> str:
    file = DATA / "policies" / source
    return " ".join(FileParser().parse(file.name, file.read_bytes()).text.split())


def other(number: str) -> str:
    """Another number of the same form."""
    return f"{number[:-1]}{(int(number[-1]) + 4) % 10}"


def cases() -> Iterator[Case]:
    for line in (DATA / "eval/questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for piece in row["evidence"] if row["answerable"] else ():
            source, words = piece["doc"].removeprefix("corpus/"), " ".join(piece["text"].split())
            document = text_of(source) if source.endswith((".md", ".txt", ".html", ".eml")) else ""
            if document.count(words) == 1:
                yield from _changes(row["id"], row["question"], words, document)


def _changes(name: str, question: str, words: str, document: str) -> Iterator[Case]:
    for match in NUMBER.finditer(words):
        changed = f"{words[: match.start()]}{other(match[0])}{words[match.end() :]}"
        yield Case(f"{name}-{match[0]}", question, words, match[0], changed, document.replace(words, changed))


CASES = list(cases())


def test_there_are_numbers_enough() -> None:
    assert len(CASES) > 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_who_insists_on_the_old_number_is_dropped(case: Case) -> None:
    beside = [part.strip(" ,.;:") for part in case.changed.split(other(case.number))]
    assert case.dropped(case.words)[0].reason == "the quote does not stand in [1]"
    assert case.dropped(case.changed)[0].reason.endswith(("is not in the quote", "more than one sentence"))
    assert all(case.dropped(part) for part in beside if part)
    assert case.dropped(*[part for part in beside if part], case.words, case.changed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_who_says_the_new_number_is_heard(case: Case) -> None:
    (statement,) = ground([Claim(case.changed, 1, case.changed)], case.evidence, case.question).statements
    assert case.changed == " ".join(statement.text.split())
