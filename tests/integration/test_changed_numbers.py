"""One number of a document is changed: what was answered before is not answered any more, not by the documents' own sentences and not by a
model that insists on what it said.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.types import LOCAL, Filters, Question, Reply
from tests.fake_openai import claims, passages
from tests.fakes import FakeChatModel
from tests.worlds import OPEN_GATE, World

DATA = Path(__file__).parents[2] / "data"
READABLE = (".md", ".txt", ".html", ".eml")
NUMBER = re.compile(r"(?<![\d.,:])\d+(?![\d.,:]*\d)")


@dataclass(frozen=True)
class Case:
    """A question, and the words of a document that answer it with a number."""

    id: str
    question: str
    source: str
    words: str

    @property
    def number(self) -> str:
        """With the characters beside it."""
        found = NUMBER.search(self.words)
        assert found is not None
        return self.words[max(0, found.start() - 12) : found.end() + 12].rstrip(".!?:;")


def cases() -> Iterator[Case]:
    for line in (DATA / "eval/questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for piece in row["evidence"][:1] if row["answerable"] else ():
            source = piece["doc"].removeprefix("corpus/")
            file = DATA / "policies" / source
            if source.endswith(READABLE) and NUMBER.search(piece["text"]) and file.read_text(encoding="utf-8").count(piece["text"]) == 1:
                yield Case(row["id"], row["question"], source, piece["text"])


CASES = list(cases())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    for file in (DATA / "policies").rglob("*"):
        if file.suffix in READABLE or file.name.endswith(".yaml"):
            target = made.folder / file.relative_to(DATA / "policies")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    made.ingest()
    return made


def insisting(case: Case) -> FakeChatModel:
    """Says the same words of the same passage, whatever stands there now."""

    def write(prompt: str) -> str:
        shown = passages(prompt)
        nearest = max(shown, key=lambda marker: len(set(case.words.split()) & set(shown[marker].split())))
        return claims((case.words, nearest, case.words))

    return FakeChatModel(write)


async def ask(world: World, case: Case, model: FakeChatModel | None) -> Reply:
    with world.assistant(OPEN_GATE, model) as assistant:
        return await assistant.ask(Question(f"{case.question} {case.words}", LOCAL, filters=Filters((case.source,))))


def test_there_are_questions_of_numbers_enough() -> None:
    assert len(CASES) > 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_a_changed_number_changes_the_answer_or_refuses_it(world: World, case: Case) -> None:
    file = world.folder / case.source
    text = file.read_text(encoding="utf-8")
    changed = NUMBER.sub(lambda found: str(int(found[0]) + 1), case.words, count=1)
    before = [await ask(world, case, None), await ask(world, case, insisting(case))]
    file.write_text(text.replace(case.words, changed), encoding="utf-8")
    world.ingest()
    after = [await ask(world, case, None), await ask(world, case, insisting(case))]
    file.write_text(text, encoding="utf-8")
    world.ingest()

    assert case.number in before[1].citations[0].quote
    assert after[0].text != before[0].text or not any(case.number in citation.quote for citation in before[0].citations)
    assert (after[1].kind, after[1].text) == ("refusal", "")
    assert not any(case.number in citation.quote for reply in after for citation in reply.citations)
