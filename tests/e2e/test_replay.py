"""`footnote replay` as an operator uses it: the installed command, the bundled embedder, models behind a server that speaks OpenAI's
protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_openai import Behaviour, FakeOpenAI, answers, claims

BIN = Path(sys.executable).parent
LEAVE = "# Leave\n\n## Annual leave\n\nFull-time employees have 25 days of paid annual leave a year. Requests go to the line manager.\n"
QUESTION = "How many days of paid annual leave do full-time employees have?"
SENTENCE = "Full-time employees have 25 days of paid annual leave a year."
ANOTHER = "Requests go to the line manager."
LIE = SENTENCE.replace("25", "30")
USUAL = claims((SENTENCE, 1, SENTENCE))
CHEAP = claims((ANOTHER, 1, ANOTHER), (LIE, 1, SENTENCE))


def by_model(asked: Mapping[str, Any]) -> Behaviour:
    """Two models behind one address."""
    name = str(asked["model"])
    return replace(answers(CHEAP if name == "gpt-5-nano" else USUAL), model=name)


@dataclass(frozen=True)
class Operator:
    home: Path
    documents: Path
    fake: FakeOpenAI

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        provider = {"FOOTNOTE_MODEL": "openai:gpt-5-mini", "OPENAI_BASE_URL": self.fake.url, "OPENAI_API_KEY": "sk-not-a-key"}
        environment = os.environ | {"FOOTNOTE_HOME": str(self.home)} | provider | settings
        program = [str(BIN / command[0]), *command[1:]]
        return subprocess.run(
            program, capture_output=True, text=True, env=environment, cwd=self.documents, check=False, timeout=300
        )  # fmt: skip

    def json(self, *command: str) -> Any:
        done = self.run("footnote", *command, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    documents = tmp_path_factory.mktemp("documents")
    (documents / "leave.md").write_text(LEAVE, encoding="utf-8")
    with FakeOpenAI(by_model) as fake:
        made = Operator(tmp_path_factory.mktemp("home"), documents, fake)
        assert made.run("ingest", str(documents)).returncode == 0
        yield made


@pytest.fixture(scope="module")
def asked(operator: Operator) -> Any:
    """A reply of the usual model."""
    return operator.json("ask", QUESTION)


def the_only(shown: Any) -> Any:
    (one,) = shown["replays"]
    return one


def test_another_model_is_compared_and_the_first_is_not_paid_again(operator: Operator, asked: Any) -> None:
    before = len(operator.fake.served)
    shown = operator.json("replay", asked["trace_id"], "--with", "openai:gpt-5-nano")
    one = the_only(shown)

    assert [record.model for record in operator.fake.served[before:]] == ["gpt-5-nano"]
    assert (one["recorded"]["trace_id"], one["recorded"]["model"]) == (asked["trace_id"], "openai:gpt-5-mini")
    assert (one["again"]["model"], one["again"]["prompt"]) == ("openai:gpt-5-nano", one["recorded"]["prompt"])
    assert [(line["fate"], line["text"]) for line in one["sentences"]] == [("gone", SENTENCE), ("new", ANOTHER)]
    assert [dropped["text"] for dropped in one["again"]["dropped"]] == [LIE]
    assert 0 < shown["again"]["usd_per_question"] < shown["recorded"]["usd_per_question"]


def test_an_operator_reads_what_differs(operator: Operator, asked: Any) -> None:
    done = operator.run("footnote", "replay", asked["trace_id"], "--with", "openai:gpt-5-nano")

    assert (done.returncode, done.stderr) == (0, "")
    assert {f"- {SENTENCE}", f"+ {ANOTHER}"} <= {line.rstrip() for line in done.stdout.splitlines()}


def test_the_index_of_then_is_asked_while_it_is_kept(operator: Operator, asked: Any) -> None:
    (operator.documents / "leave.md").write_text(LEAVE.replace("25", "28"), encoding="utf-8")
    assert operator.run("ingest").returncode == 0
    one = the_only(operator.json("replay", "--last", "1"))

    assert (one["alike"], one["notes"]) == (True, [])
    assert one["again"]["generation"] == one["recorded"]["generation"] == asked["generation"]
    assert asked["generation"] != (operator.home / "CURRENT").read_text(encoding="ascii").strip()


@pytest.mark.usefixtures("asked")
def test_the_ledger_adds_up_to_the_bill(operator: Operator) -> None:
    operator.json("replay", "--last", "1")
    total, charged = operator.json("costs")["total"], operator.fake.charged()

    assert (total["input_tokens"], total["output_tokens"]) == (charged.input_tokens, charged.output_tokens)
    assert total["calls"] == len(operator.fake.served) >= 2


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [((), 2, "--last N"), (("some", "--last", "3"), 2, "not both"), (("none",), 1, "no trace none")],
)
def test_wrong_use_is_told(operator: Operator, command: tuple[str, ...], status: int, says: str) -> None:
    done = operator.run("footnote", "replay", *command)

    assert (done.returncode, says in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(("model", "says"), [("nobody:none", "nobody:none"), ("openai:priced-by-nobody", "FOOTNOTE_PRICES")])
def test_a_model_that_cannot_be_had_is_told_before_anything_is_asked(operator: Operator, model: str, says: str) -> None:
    served = len(operator.fake.served)
    done = operator.run("footnote", "replay", "--last", "1", "--with", model, FOOTNOTE_BUDGET_DAY="1")

    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(operator.fake.served) == served
