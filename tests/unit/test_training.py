"""What trains gate and embedder does what it says, on questions and models made for the test."""

from __future__ import annotations

import copy
import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from assistant.adapters.low_rank import adapt
from assistant.retrieval.fusion import HIGHEST
from assistant.retrieval.search import build_index, search
from assistant.types import LOCAL, Chunk, Filters
from bench.ablation import Parts, scored
from bench.gate_examples import Example, Kind
from bench.gate_report import answered_by_evidence, promises, reliability
from bench.low_rank_layers import LowRank
from bench.pairs import CLOZES, pairs, row_held_out
from bench.train_embedder import KEPT, store
from bench.train_gate import FEWEST, Line, calibration, fit, operating_points
from tests.fakes import FakeEmbedder

TEXTS = (
    "Paid time off (PTO) is granted by the line manager.",
    "Take PTO in whole days.",
    "The canteen opens at noon.",
    'The "clean desk" rule holds in every room.',
)


def example(kind: Kind, strength: float, *, found: bool = False, document: str = "a") -> Example:
    return Example("handbook", kind, document, {"fused": strength}, found)


def several(chance: random.Random) -> list[Example]:
    kinds: list[Kind] = ["answerable", "answerable", "near miss", "absent"]
    means = {"answerable": 0.7, "near miss": 0.6, "absent": 0.2}
    made = [chance.choice(kinds) for _ in range(4 * FEWEST)]
    return [example(kind, chance.gauss(means[kind], 0.1), found=kind == "answerable" and chance.random() < 0.8) for kind in made]


@pytest.mark.parametrize("query", ["paid time off", "PTO", 'what is the "clean desk" rule', "canteen"])
def test_what_the_ablation_leaves_whole_is_the_products_own_score(query: str) -> None:
    chunks = [Chunk(f"c{i}", f"d{i // 2}", f"{i // 2}.md", "Handbook", (), i, i + 1, text) for i, text in enumerate(TEXTS)]
    embedder = FakeEmbedder()
    index, vector = build_index(chunks, embedder.embed([chunk.indexed_text for chunk in chunks])), embedder.embed([query])[0]

    whole = scored(index, query, vector, Parts()) / HIGHEST

    for hit in search(index, query, vector, LOCAL, Filters(), len(chunks)):
        assert whole[chunks.index(hit.chunk)] == pytest.approx(hit.score, abs=1e-6)
    assert not np.allclose(scored(index, query, vector, Parts(words=False)) / HIGHEST, whole)


def test_the_further_a_gate_shuts_the_less_is_wrong_and_the_less_is_answered() -> None:
    found = several(random.Random(0))
    probabilities = fit(found).probability(found)

    points = operating_points(found, probabilities)

    for opener, shutter in pairwise(points):
        assert opener["answerable_from"] < shutter["answerable_from"]
        assert opener["wrong"] >= shutter["wrong"]
        assert opener["coverage"] >= shutter["coverage"]
    for point in points:
        assert (probabilities >= point["answerable_from"]).sum() >= FEWEST
    assert any("nowhere" in line for line in promises(points))


def test_where_the_most_confident_answers_are_wrong_no_opener_point_promises_less() -> None:
    found = [example("near miss", 1)] * FEWEST + [example("answerable", 0.5, found=True)] * (8 * FEWEST)
    probabilities = np.array([0.9] * FEWEST + [0.5] * (8 * FEWEST))

    points = operating_points(found, probabilities)

    assert points[-1]["wrong"] == pytest.approx(1, abs=0.01)
    assert {point["wrong"] for point in points} == {points[-1]["wrong"]}


def test_a_question_whose_evidence_was_not_found_is_not_answered_by_it() -> None:
    found = [example("answerable", 1, found=True), example("answerable", 1), example("near miss", 1), example("absent", 0)]

    assert answered_by_evidence(found).tolist() == [True, False, False, False]


def test_calibrated_probabilities_are_what_happens_and_keep_their_order() -> None:
    found = several(random.Random(1))
    raw = np.clip(fit(found).probability(found) ** 3, 1e-6, 1 - 1e-6)  # far too low

    line = calibration(found, raw)
    true = line.of(raw)

    assert np.argsort(true).tolist() == np.argsort(raw).tolist()
    assert float(true.mean()) > float(raw.mean())
    assert len(list(reliability(found, true))) > 4


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_line_with_slope_one_and_no_offset_changes_nothing(one: float, other: float) -> None:
    assert Line(1.0, 0.0).of(np.array([one, other])).tolist() == pytest.approx([one, other])


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A small one of each set that pairs are made of."""
    for name in CLOZES:
        (tmp_path / name / "corpus").mkdir(parents=True)
        row = {"id": "1", "question": f"Who grants leave in {name}?", "answerable": True, "evidence": []}
        (tmp_path / name / "questions.jsonl").write_text(json.dumps(row) + "\n")
        for number in range(12):
            leave = f"Leave number {number} is granted by the manager of the department. Ask for it two weeks before it begins, in writing."
            page = f"# Page {number}\n\nWords about the page itself stand here.\n\n## Who grants leave {number}\n\n{leave}\n"
            (tmp_path / name / "corpus" / f"{number}.md").write_text(page)
    abstracts = [
        {"id": str(n), "title": f"A study of rest {n}", "text": f"Rest number {n} helps people. We saw it in many."} for n in range(12)
    ]
    (tmp_path / "scifact" / "corpus" / "corpus.jsonl").write_text("".join(json.dumps(one) + "\n" for one in abstracts))
    return tmp_path


def test_a_passage_does_not_give_its_heading_away(sets: Path) -> None:
    found = [pair for pair in pairs(sets, random.Random(0)) if pair.kind == "heading"]

    assert found
    for pair in found:
        assert pair.query.rpartition(": ")[2] not in pair.passage


def test_what_is_held_out_and_the_judged_questions_of_other_sets_are_not_learnt_from(sets: Path) -> None:
    found = list(pairs(sets, random.Random(0)))

    assert {pair.corpus for pair in found} == set(CLOZES)
    assert {pair.kind for pair in found} == {"heading", "title", "cloze"}  # the rows here have no evidence
    assert not any("Who grants leave in" in pair.query for pair in found)
    assert row_held_out("scifact", {"id": "3", "evidence": []}) != row_held_out("scifact", {"id": "4", "evidence": []})


def test_the_part_that_is_kept_is_added_to_the_matrix(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.ModuleDict({"one": nn.Linear(4, 3)})
    plain = copy.deepcopy(model)
    frozen = nn.Linear(4, 3)
    frozen.load_state_dict(plain["one"].state_dict())
    part = LowRank(frozen, 2)
    states = torch.randn(5, 4)
    torch.testing.assert_close(part(states), model["one"](states))
    nn.init.normal_(part.b)
    store({"one": part}, tmp_path / "weights.safetensors", {"by": "a test"})

    adapt(model, tmp_path / "weights.safetensors")

    expected = plain["one"](states) + KEPT * (part(states) - plain["one"](states))
    torch.testing.assert_close(model["one"](states), expected, atol=1e-2, rtol=1e-2)
