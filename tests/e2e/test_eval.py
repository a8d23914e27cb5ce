"""`footnote eval` as an owner has it, on the sample company; and its figures beside those that a stranger measures over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_product import SAMPLE, Shell
from tests.http_scorer import score
from tests.servers import footnote_server

SET = SAMPLE.parent / "eval"
SCORER = Path(__file__).parents[3] / "shared" / "eval" / "score.py"
# Our measures by the names that the public sets' own program gives them, in its part on searches and its part on replies.
SEARCHED = {name: name for name in ("evidence@4000c", "evidence@1", "evidence@5", "evidence@10", "document@5", "mrr@10")}
ASKED = {
    "answer_rate": "answered_when_answerable",
    "right_when_answered": "right_when_answered",
    "refusal_rate": "refused_when_unanswerable",
    "citation_precision": "citation_precision",
    "citation_recall": "citation_recall",
    "auroc": "auroc_confidence",
    "truthfulness": "truthfulness",
    "truthfulness_refuse_all": "truthfulness_refuse_all",
    "quotes": "quotes",
    "quotes_not_verbatim": "quotes_not_verbatim",
    "answers_without_citation": "answers_without_citation",
    "answers_with_wrong_marks": "answers_with_wrong_marks",
    "refusals_that_cite": "refusals_that_cite",
    "quote_characters_p50": "quote_chars_p50",
    "quote_characters_p95": "quote_chars_p95",
    "cost_unknown": "cost_unknown",
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    made = Shell(tmp_path_factory.mktemp("home") / "footnote", tmp_path_factory.mktemp("cwd"))
    done = made.run("ingest", str(SAMPLE))
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def url(shell: Shell) -> Iterator[str]:
    with footnote_server(shell.home, shell.folder) as address:
        yield address


@pytest.fixture(scope="module")
def whole(shell: Shell) -> dict[str, Any]:
    """Every question of the sample company."""
    found: dict[str, Any] = shell.json("footnote", "eval", str(SET))
    return found


def test_no_trace_is_left_behind(shell: Shell, whole: dict[str, Any]) -> None:
    """Runs before anything is asked otherwise."""
    assert len(whole["rows"]) == len((SET / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    assert shell.json("footnote", "traces") == []


def test_every_label_fits_the_sample(whole: dict[str, Any]) -> None:
    assert whole["warnings"] == []
    assert whole["measures"]["quotes_not_verbatim"] == 0
    assert whole["curve"][-1]["answers"] == sum(row["reply"]["kind"] == "answer" for row in whole["rows"])


def test_the_figures_are_those_that_are_measured_over_http(whole: dict[str, Any], url: str) -> None:
    measured = score(SET / "questions.jsonl", url)

    assert {name: whole["measures"][name] for name in measured} == pytest.approx(measured, abs=5e-5)
    assert len(measured) >= 16


@pytest.mark.skipif(not SCORER.exists(), reason="the public sets, with their own program, are not beside this repository")
def test_the_figures_are_those_of_the_public_sets_own_program(whole: dict[str, Any], url: str) -> None:
    done = subprocess.run([sys.executable, str(SCORER), str(SET), "--url", url], capture_output=True, encoding="utf-8", check=True)
    theirs = json.loads(done.stdout)

    assert {name: whole["measures"][name] for name in SEARCHED} == {ours: theirs["search"][their] for ours, their in SEARCHED.items()}
    assert {name: whole["measures"][name] for name in ASKED} == {ours: theirs["ask"][their] for ours, their in ASKED.items()}
    assert whole["reasons"] == theirs["ask"]["reasons"]


def test_an_owner_saves_draws_compares_and_sets_limits(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text(
        "\n".join(
            [
                json.dumps({"id": "new", "question": "May I bring my dog?", "answerable": None}),
                json.dumps({"id": "football", "question": "Who won the football world cup in 1974?", "answerable": False}),
                json.dumps({
                    "id": "carry",
                    "question": "How many days of leave may I carry over into the next year?",
                    "answerable": True,
                    "evidence": [{"doc": "hr/leave.md", "text": "Up to 5 days may be carried into the next year without asking."}],
                }),
            ]
        ),
        encoding="utf-8",
    )  # fmt: skip
    saved, drawn = str(tmp_path / "saved.json"), tmp_path / "curve.svg"
    first = shell.run("footnote", "eval", str(tmp_path), "--output", saved, "--svg", str(drawn), "--fail-under", "truthfulness=1")
    again = shell.run("footnote", "eval", str(tmp_path), "--compare", saved, "--fail-over", "answer_rate=0.5")

    assert (first.returncode, first.stderr) == (0, "")
    assert 'not labelled yet and were skipped: set "answerable" in line 1.' in first.stdout.replace("was", "were")
    assert "operating point" in drawn.read_text(encoding="utf-8")
    assert (again.returncode, again.stderr) == (1, "footnote: answer_rate is 1, over 0.5.\n")
    assert "2 questions compared." in again.stdout
    assert "0 questions worse" in again.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--fail-under", "evidence=1"), "evidence is no measure"),
        (("--compare", "none.json"), "cannot be read"),
        (("--svg", "no/such/curve.svg"), "does not exist"),
        (("--prefix", "elsewhere/"), "holds none of the documents"),
    ],
)
def test_wrong_use_is_told(shell: Shell, options: tuple[str, ...], says: str) -> None:
    done = shell.run("footnote", "eval", str(SET), *options)

    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_without_an_index_there_is_nothing_to_score(tmp_path: Path) -> None:
    done = Shell(tmp_path / "empty", tmp_path).run("footnote", "eval", str(SET))

    assert (done.returncode, "Run `ingest PATH`" in done.stderr) == (1, True), done.stderr
