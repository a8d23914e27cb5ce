"""The bench measures what it says: its measures by hand-made cases, its figures on a small company."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.measures import Passage, auroc, covered, judge, letters, percentile, says, scores, share_inside
from assistant.extract import trained_weights
from assistant.extraction_signals import SIGNALS
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats
from assistant.types import Chunk, Evidence, Hit
from bench.__main__ import Measured, foreign_rows, main, measure_set, tables
from bench.answers import ask_all, latencies, worth
from bench.evidence_budget import Figures, asked_of, measured, rules_table, sets_table
from bench.evidence_rules import everything, joined, without_copies
from bench.retrieval import VectorStore
from bench.train_extract import Case, fit, top1
from tests.fakes import FakeEmbedder
from tests.worlds import OPEN_GATE, SHUT_GATE, World

LEAVE = "Full-time employees have 25 days of paid annual leave. It is granted by the line manager."
GOLD = "Full-time employees have 25 days of paid annual leave."


def row(answerable: bool = True, **more: Any) -> dict[str, Any]:
    evidence = [{"doc": "corpus/leave.md", "text": GOLD}] if answerable else []
    question = "How many days of annual leave do employees have?"
    return {"question": question, "answerable": answerable, "answers": ["25 days"], "evidence": evidence, **more}


@pytest.mark.parametrize(
    ("quote", "right", "precision", "recall"),
    [
        (GOLD, 1, 1, 1),
        (GOLD[:30], 1, 1, 25 / 44),
        (GOLD[:20], 1, 1, 17 / 44),
        (LEAVE, 1, 44 / 72, 1),
        ("It is granted by the line manager.", 0, 0, 0),
    ],
)
def test_an_answer_is_judged_by_what_it_quotes(quote: str, right: float, precision: float, recall: float) -> None:
    judged = judge(row(), [Passage("leave.md", quote)], quote)
    assert judged == pytest.approx({"right": right, "precision": precision, "recall": recall}, abs=0.01)


def test_the_right_words_in_another_document_are_no_evidence() -> None:
    assert judge(row(answers=[]), [Passage("travel.md", GOLD)], "") == {"right": 0.0, "precision": 0.0, "recall": 0.0}


def test_where_all_evidence_is_wanted_half_of_it_is_half() -> None:
    two = [{"doc": "corpus/leave.md", "text": GOLD}, {"doc": "corpus/leave.md", "text": "Part-time employees have their share of that."}]
    quotes = [Passage("leave.md", GOLD)]
    assert judge(row(evidence=two, evidence_mode="all"), quotes, "")["recall"] == 0.5
    assert judge(row(evidence=two, evidence_mode="any"), quotes, "")["recall"] == 1.0


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("It comes to 25 days [1].", "25 days", True),
        ("It comes to 125 days [1].", "25 days", False),
        ("Days: 25 [1] days [2].", "25 days", True),
        ("You may not. Yes, really.", "yes", False),
        ("Yes, you may.", "yes", True),
        ("Anything", "", False),
    ],
)
def test_an_answer_is_said_in_whole_words(text: str, answer: str, expected: bool) -> None:
    assert says(text, answer) is expected


def test_a_short_gold_answer_in_the_text_is_right_whatever_is_quoted() -> None:
    elsewhere = [Passage("other.md", "Everybody has 25 days off.")]
    assert judge(row(), elsewhere, "Everybody has 25 days off [1].")["right"] == 1
    assert judge(row(), elsewhere, "Everybody has 25 days off [1]. " + "And more. " * 200)["right"] == 0


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_what_is_covered_is_in_both(part: str, gold: str) -> None:
    start, end = covered(part, gold)
    assert 0 <= start <= end <= len(gold)
    assert gold[start:end] in part
    assert bool(end - start) == bool(part and gold and (part in gold or gold in part))


def test_without_evidence_a_short_answer_decides_and_without_one_nothing_does() -> None:
    bare = row(evidence=[])
    assert judge(bare, [], "It comes to 25 days [1].") == {"right": 1.0}
    assert judge(bare, [], "It comes to 26 days [1].") == {"right": 0.0}
    assert judge(row(evidence=[], answers=["x" * 81]), [], "x" * 81) == {}
    assert scores(bare, [Passage("leave.md", GOLD)]) == {}


def test_judged_documents_are_named_by_their_files_names() -> None:
    found = [Passage("a/one.txt", ""), Passage("two.md", ""), Passage("a/one.txt", "")]
    assert scores(row(qrels={"two": 1}), found) == {"ndcg@10": pytest.approx(1 / math.log2(3))}
    assert scores(row(qrels={"one": 1}), found) == {"ndcg@10": 1.0}


def test_the_share_of_a_sentence_inside_the_evidence() -> None:
    assert share_inside(row(), Passage("leave.md", "have 25 days of paid")) == 1
    assert share_inside(row(), Passage("leave.md", "It is granted by the line manager.")) == 0
    assert share_inside(row(), Passage("leave.md", "—")) == 0


def test_letters_are_compared_without_marks_case_and_entities() -> None:
    assert letters("**Caf\u00e9** &amp; _Bar_, No. 5") == "caf\u00e9barno5"


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_auroc_is_half_where_nothing_is_told_apart_and_turns_with_the_sides(positive: list[int], negative: list[int]) -> None:
    value = auroc(positive, negative)
    if not positive or not negative:
        assert math.isnan(value)
        return
    assert value == pytest.approx(1 - auroc(negative, positive))
    assert auroc(positive, positive) == pytest.approx(0.5)
    assert auroc([p + 10 for p in positive], negative) == 1


def test_percentiles_are_values_that_were_measured() -> None:
    assert [percentile([3, 1, 2, 4], share) for share in (0, 50, 95, 100)] == [1, 3, 4, 4]
    assert math.isnan(percentile([], 50))


def case(signals: npt.NDArray[np.float64], good: Sequence[bool] | npt.NDArray[np.bool_]) -> Case:
    vector, stats = np.zeros(1, dtype=np.float32), QueryStats((), (), 0.0)
    return Case({}, "", vector, (), stats, Analyzer(), True, signals, np.array(good))


def test_the_fit_finds_the_signal_that_tells_the_answer() -> None:
    chance = np.random.default_rng(0)
    told = []
    for _ in range(40):
        signals = chance.random((6, len(SIGNALS)))
        told.append(case(signals, np.arange(6) == signals[:, 1].argmax()))
    nothing = case(np.zeros((2, len(SIGNALS))), [False, False])
    weights = fit([[*told, nothing], told])
    assert max(weights, key=lambda name: abs(weights[name])) == SIGNALS[1]
    assert weights[SIGNALS[1]] > 0
    assert np.mean([top1(one, weights) for one in told]) > 0.8
    assert np.mean([top1(one, {name: -weight for name, weight in weights.items()}) for one in told]) < 0.2


def test_the_shipped_weights_are_of_the_signals_that_are_fitted() -> None:
    assert tuple(trained_weights()) == SIGNALS
    assert SIGNALS[-1] == "cosine"


async def test_replies_are_worth_what_they_say(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write("leave.md", LEAVE)
    world.ingest()
    rows = [row(), row(answerable=False, history=[{"role": "user", "text": "Hello"}])]
    with world.assistant(OPEN_GATE) as assistant:
        answered = await ask_all(assistant, rows)
    with world.assistant(SHUT_GATE) as assistant:
        refused = await ask_all(assistant, rows)
    snapshot = world.snapshot()
    good, bad = worth(answered, refused, snapshot), worth(refused, [], snapshot)
    assert (good["answered"], good["right when answered"], good["near misses refused"], good["absent refused"]) == (1, 1, 0, 1)
    assert (good["citation recall"], good["quotes not verbatim"]) == (1, 0)
    assert good["quotes"] >= 2
    assert (bad["answered"], bad["near misses refused"], bad["quotes"]) == (0, 1, 0)
    assert math.isnan(bad["right when answered"])
    assert math.isnan(bad["absent refused"])
    assert set(latencies([reply for _, reply in answered])) == {"retrieve", "gate", "answer", "total"}


def test_what_a_model_is_shown_is_measured(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write("leave.md", LEAVE)
    world.ingest()
    asked = asked_of(world.snapshot(), [row(), row(answerable=False)], "question", FakeEmbedder())
    whole, nothing = (measured(asked, rule, "Rules", len) for rule in (everything, lambda _: ()))
    assert len(asked) == 1
    assert (whole.recall, whole.passages, nothing.recall, nothing.passages) == (1, 1, 0, 0)
    assert nothing.prompt == nothing.p95 == len("Rules" + "Question: " + row()["question"])
    assert whole.prompt > nothing.prompt + len(LEAVE)
    assert "| cut | 0.00 | 1.0000 | 1.0000 tiny |" in "\n".join(rules_table({"tiny": {"everything": whole, "cut": nothing}}))
    assert "| tiny | 1.000 → 0.000 |" in "\n".join(sets_table({"tiny": whole}, {"tiny": nothing}))


def test_a_thousand_prompts_cost_their_tokens_and_what_is_written() -> None:
    free = Figures(1, 1, 0, 0).dollars("gpt-5-mini")
    assert free > 0
    assert Figures(1, 1, 2000, 0).dollars("gpt-5-mini") - free == pytest.approx(2 * (Figures(1, 1, 1000, 0).dollars("gpt-5-mini") - free))
    with pytest.raises(LookupError, match="no price of nonesuch"):
        Figures(1, 1, 0, 0).dollars("nonesuch")


def test_neighbours_are_joined_and_copies_left_out() -> None:
    def found(rank: int, source: str, start: int, text: str) -> Evidence:
        return Evidence(rank, Hit(Chunk(f"c{rank}", source, source, "", (), start, start + len(text), text), 0.5, rank))

    evidence = (found(1, "a.md", 12, "It is paid."), found(2, "b.md", 0, "It is paid!"), found(3, "a.md", 0, "Leave is 25"))
    assert [item.marker for item in without_copies(evidence)] == [1, 3]
    assert [(item.marker, item.chunk.text) for item in joined(evidence)] == [(1, "Leave is 25\nIt is paid."), (2, "It is paid!")]


def a_set(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> Path:
    (folder / name / "corpus").mkdir(parents=True)
    (folder / name / "corpus" / "leave.md").write_text(LEAVE, encoding="utf-8")
    (folder / name / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder / name


def test_a_set_is_measured_and_printed(tmp_path: Path) -> None:
    folder = a_set(tmp_path, "tiny", [row(), row(answerable=False)])
    measured = measure_set(folder, [row(answerable=False)], FakeEmbedder(), FakeEmbedder())
    assert measured.retrieval["question"]["evidence@5"] == 1
    assert measured.retrieval["question"]["questions"] == 1
    lines = list(tables([measured, Measured("abstracts", {"question": {"ndcg@10": 0.7}}, {}, {})]))
    assert any(line.startswith("| tiny | `question` | 1 | 1 | 1") for line in lines)
    assert any(line.startswith("| abstracts | `question` | – ") and line.endswith("| 0.700 |") for line in lines)  # noqa: RUF001  # the dash of an empty cell
    heads = [line for line in lines if line.startswith("| set |")]
    assert len(heads) == 3
    assert {line.count("|") for line in lines[:3]} == {heads[0].count("|")}


def test_foreign_questions_are_of_other_sets_and_stand_alone(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        a_set(tmp_path, name, [row(id=name), row(id=name, history=[{"role": "user", "content": "Hello"}])])
    assert [one["id"] for one in foreign_rows(tmp_path, "mine", ("mine", "theirs"))] == ["theirs"]
    assert foreign_rows(tmp_path, "mine", ("mine",)) == []


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path / "nowhere")])
    assert stopped.value.code == 2
    assert "nowhere holds no evaluation set" in capsys.readouterr().err
    a_set(tmp_path, "tiny", [row()])
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--sets", "tiny,handbook"])
    assert "no set called handbook; there are tiny" in capsys.readouterr().err


def test_vectors_are_computed_once(tmp_path: Path) -> None:
    first, second = FakeEmbedder(), FakeEmbedder()
    made = VectorStore(first, tmp_path).embed(["a b", "c", "a b"])
    kept = VectorStore(second, tmp_path).embed(["c", "a b", "d"])
    assert (first.embedded, second.embedded) == (2, 1)
    np.testing.assert_array_equal(made[[1, 0]], kept[:2])
