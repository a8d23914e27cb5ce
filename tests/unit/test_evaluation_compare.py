"""Two evaluations beside each other, and what of an evaluation is kept in files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import FootnoteError, InvalidRequest
from assistant.evaluation.compare import Difference, change_of, compare, differences
from assistant.evaluation.results import Judged, Result, as_json, read_evaluation, write_evaluation
from tests.evaluations import evaluated, judged, result, results

GOOD, BAD = judged("answer", right=True), judged("answer", right=False)
NONE = judged("refusal")
FOUND, LOST = {"evidence@4000c": 1.0}, {"evidence@4000c": 0.0}


def shares(values: Sequence[float]) -> list[Result]:
    return [result(str(number), True, None, {"evidence@4000c": value}) for number, value in enumerate(values)]


def moved(before: Sequence[float], now: Sequence[float]) -> Difference:
    (found,) = differences(list(zip(shares(before), shares(now), strict=True)))
    return found


@pytest.mark.parametrize(
    ("answerable", "before", "now", "better", "what"),
    [
        (True, (BAD, FOUND), (GOOD, FOUND), True, ("wrong → right",)),
        (True, (GOOD, FOUND), (NONE, LOST), False, ("evidence lost", "right → refused")),
        (True, (NONE, FOUND), (BAD, FOUND), False, ("refused → wrong",)),
        (True, (NONE, LOST), (NONE, FOUND), True, ("evidence found",)),
        (True, (BAD, FOUND), (GOOD, LOST), True, ("evidence lost", "wrong → right")),
        (False, (BAD, {}), (NONE, {}), True, ("wrong → refused",)),
        (False, (NONE, {}), (BAD, {}), False, ("refused → wrong",)),
    ],
)
def test_a_change_says_what_became_of_a_question(
    answerable: bool, before: tuple[Judged, dict[str, float]], now: tuple[Judged, dict[str, float]], better: bool, what: tuple[str, ...]
) -> None:
    change = change_of((result("a", answerable, *before), result("a", answerable, *now)))

    assert change
    assert (change.id, change.question, change.better, change.what) == ("a", "Question a?", better, what)


def test_what_nobody_can_judge_is_no_change() -> None:
    unjudged = judged("answer", right=None)

    assert change_of((result("a", True, unjudged), result("a", True, NONE))) is None


def test_questions_are_compared_where_words_and_labels_are_alike() -> None:
    before = evaluated([result("same", True, BAD), result("altered", True, BAD), result("gone", True, BAD)], generation="g0")
    now = evaluated([result("same", True, GOOD), result("altered", True, GOOD, digest="1"), result("new", True, GOOD)])
    found = compare(before, now)

    assert (found.compared, found.altered, found.new, found.gone, found.generation) == (1, 1, 1, 1, "g0")
    assert [change.id for change in found.changes] == ["same"]
    assert {one.name: one.questions for one in found.differences} == {"truthfulness": 1, "answer_rate": 1, "right_when_answered": 1}


def test_without_a_common_question_there_is_nothing_to_compare() -> None:
    with pytest.raises(InvalidRequest, match="no question in common"):
        compare(evaluated([result("a", True, GOOD)]), evaluated([result("b", True, GOOD)]))


def test_a_clear_gain_stands_out_and_a_small_one_does_not() -> None:
    clear, small = moved([0.0] * 40, [1.0] * 30 + [0.0] * 10), moved([0.0] * 20 + [1.0] * 20, [0.0] * 19 + [1.0] * 21)

    assert (clear.before, clear.now, clear.difference, clear.questions) == (0.0, 0.75, 0.75, 40)
    assert 0.5 < clear.low < 0.75 < clear.high < 0.95
    assert small.low <= 0 < small.difference < small.high


def test_the_same_evaluations_have_the_same_interval() -> None:
    before, now = [0.0] * 41, [(number / 41) ** 2 for number in range(41)]

    assert moved(before, now) == moved(before, now)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    """A standard error of sqrt(p (1 - p) / n) for a share p that came up from nothing."""
    found = moved([0.0] * 400, [1.0] * 100 + [0.0] * 300)
    error = (0.25 * 0.75 / 400) ** 0.5

    assert found.low == pytest.approx(0.25 - 1.96 * error, abs=0.006)
    assert found.high == pytest.approx(0.25 + 1.96 * error, abs=0.006)


def test_pairs_stay_together() -> None:
    """What differs between questions, but not between evaluations, widens nothing."""
    found = moved([0.0, 1.0] * 50, [0.0, 1.0] * 50)

    assert (found.low, found.high) == (0.0, 0.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_interval_holds_the_difference_that_was_seen(pairs: list[tuple[float, float]]) -> None:
    found = moved([before for before, _ in pairs], [now for _, now in pairs])

    assert found.low - 1e-4 <= found.difference <= found.high + 1e-4
    assert -1 <= found.low <= found.high <= 1


@given(results)
def test_an_evaluation_beside_itself_shows_nothing(found: list[Result]) -> None:
    if not found:
        return
    comparison = compare(evaluated(found), evaluated(found))

    assert (comparison.compared, comparison.changes) == (len(found), ())
    assert {(one.difference, one.low, one.high) for one in comparison.differences} <= {(0.0, 0.0, 0.0)}


@given(results)
def test_what_is_saved_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, found: list[Result]) -> None:
    evaluation, file = evaluated(found, groups=("hr",)), tmp_path_factory.getbasetemp() / "saved.json"
    write_evaluation(evaluation, file)

    assert read_evaluation(file) == evaluation


def test_what_is_no_evaluation_is_told(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    for text in ('{"rows": []}', "not JSON"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidRequest, match="is not what `footnote eval --output` writes"):
            read_evaluation(file)
    with pytest.raises(InvalidRequest, match="cannot be read: No such file"):
        read_evaluation(tmp_path / "none.json")
    with pytest.raises(FootnoteError, match="cannot be written"):
        write_evaluation(evaluated([]), tmp_path)


def test_json_printed_with_a_comparison_can_be_compared_with(tmp_path: Path) -> None:
    file = tmp_path / "printed.json"
    file.write_text(as_json(evaluated([])).removesuffix("}") + ', "comparison": {}}', encoding="utf-8")

    assert read_evaluation(file) == evaluated([])
