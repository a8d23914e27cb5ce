from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import SettingsError
from assistant.features import features
from assistant.gate import Coefficient, Gate, OperatingPoint, load_gate
from assistant.retrieval.search import SearchIndex, build_index, query_stats, search
from assistant.types import LOCAL, Chunk, Filters, Principal
from tests.fakes import FakeEmbedder

TEXTS = (
    "Parental leave lasts sixteen weeks for every parent.",
    "Expenses above 500 euros are approved by the head of Finance in Oslo.",
    "The canteen opens at noon.",
    "Laptops are replaced after four years.",
    "Visitors sign in at the desk.",
)
GATE = Gate(0.0, {"cosine": Coefficient(0.5, 0.1, 2.0)}, answerable_from=0.6, related_from=0.3)


def index_of(*texts: str, groups: tuple[str, ...] = ()) -> SearchIndex:
    chunks = [Chunk(f"c{i}", f"d{i}", f"{i}.md", "Handbook", (), 0, len(t), t, groups=groups if i else ()) for i, t in enumerate(texts)]
    return build_index(chunks, FakeEmbedder().embed([chunk.indexed_text for chunk in chunks]))


def seen(question: str, index: SearchIndex, principal: Principal = LOCAL) -> dict[str, float]:
    hits = search(index, question, FakeEmbedder().embed([question])[0], principal, Filters(), 20)
    return features(question, query_stats(index, question, principal), hits, index.analyzer)


def test_what_the_asker_may_not_read_changes_nothing() -> None:
    guest = Principal("guest", frozenset())
    alone, among_secrets = index_of(TEXTS[0]), index_of(*TEXTS, groups=("board",))
    for question in ("How long is parental leave?", "When does the canteen open?"):
        assert seen(question, among_secrets, guest) == pytest.approx(seen(question, alone, guest), abs=1e-5)


@given(st.text(max_size=80))
def test_features_are_finite_whatever_is_asked(question: str) -> None:
    for index in (index_of(), index_of(*TEXTS)) if question.strip() else (index_of(*TEXTS),):
        values = seen(question, index)
        assert values.keys() == load_gate().coefficients.keys()
        assert all(math.isfinite(value) for value in values.values())


def test_probability_is_the_logistic_of_the_standardised_features() -> None:
    assert GATE.probability({"cosine": 0.5}) == pytest.approx(0.5)
    assert GATE.probability({"cosine": 0.6}) == pytest.approx(1 / (1 + math.exp(-2)))
    with pytest.raises(KeyError):
        GATE.probability({})


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_probability_stays_within_bounds_and_grows_with_a_good_sign(low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert 0 < GATE.probability({"cosine": low}) <= GATE.probability({"cosine": high}) < 1


def test_decisions_follow_the_thresholds() -> None:
    assert [GATE.decide(p) for p in (0.0, 0.29, 0.3, 0.59, 0.6, 1.0)] == [
        "no_evidence", "no_evidence", "insufficient_evidence", "insufficient_evidence", "pass", "pass",
    ]  # fmt: skip


def test_the_shipped_gate_is_sane() -> None:
    gate = load_gate()
    assert 0 < gate.related_from < gate.answerable_from < 1
    assert all(coefficient.scale > 0 for coefficient in gate.coefficients.values())
    assert gate.coefficients["fused"].weight > 0
    assert gate.coefficients["cosine"].weight > 0
    assert gate.coefficients["missing"].weight < 0


def test_the_shipped_gate_promises_less_wrong_the_further_it_shuts() -> None:
    points = load_gate().points
    assert len(points) > 20
    assert [point.answerable_from for point in points] == sorted(point.answerable_from for point in points)
    assert [point.wrong for point in points] == sorted((point.wrong for point in points), reverse=True)
    assert [point.coverage for point in points] == sorted((point.coverage for point in points), reverse=True)


POINTS = (OperatingPoint(0.3, 0.4, 0.95), OperatingPoint(0.5, 0.2, 0.8), OperatingPoint(0.7, 0.05, 0.4))


@pytest.mark.parametrize(("wrong", "stands_at"), [(0.9, 0.3), (0.4, 0.3), (0.39, 0.5), (0.2, 0.5), (0.05, 0.7)])
def test_the_gate_is_as_open_as_the_most_wrong_answers_allow(wrong: float, stands_at: float) -> None:
    gate = replace(GATE, points=POINTS).at_most(wrong)
    assert gate.answerable_from == stands_at
    assert gate.related_from <= gate.answerable_from
    assert gate.coefficients == GATE.coefficients


def test_what_no_operating_point_can_promise_is_refused_and_the_least_is_named() -> None:
    with pytest.raises(SettingsError, match=r"FOOTNOTE_MOST_WRONG=0\.01: the gate can promise no less than 0\.05"):
        replace(GATE, points=POINTS).at_most(0.01)


def test_the_least_that_is_named_can_be_had() -> None:
    gate = replace(GATE, points=(OperatingPoint(0.7, 0.114, 0.4),))
    with pytest.raises(SettingsError, match=r"no less than 0\.12"):
        gate.at_most(0.11)
    assert gate.at_most(0.12).answerable_from == 0.7


def test_a_rare_word_that_the_fullest_chunk_lacks_is_missed() -> None:
    index = index_of(*TEXTS)
    assert seen("parental leave lasts weeks", index)["missing"] == 0
    assert 0 < seen("parental leave lasts weeks canteen", index)["missing"] < seen("parental leave unicorns", index)["missing"] <= 1


@pytest.mark.parametrize(
    ("question", "negated"),
    [("What is not reimbursed?", 1), ("Why can\u2019t visitors park?", 1), ("Who goes without a laptop?", 1), ("Who knows the notary?", 0)],
)
def test_a_question_for_what_is_not_is_marked(question: str, negated: float) -> None:
    assert seen(question, index_of(*TEXTS))["negated"] == negated


def test_a_gate_is_loaded_from_a_given_file(tmp_path: Path) -> None:
    stored = {
        "answerable_from": 0.7, "related_from": 0.2, "intercept": 1.5, "trained": "2026-01-01",
        "operating_points": [{"answerable_from": 0.5, "wrong": 0.2, "coverage": 0.8}],
        "coefficients": {"cosine": {"mean": 0.1, "scale": 2.0, "weight": 3.0}},
    }  # fmt: skip
    path = tmp_path / "gate.json"
    path.write_text(json.dumps(stored), encoding="utf-8")
    assert load_gate(path) == Gate(1.5, {"cosine": Coefficient(0.1, 2.0, 3.0)}, 0.7, 0.2, POINTS[1:2])
