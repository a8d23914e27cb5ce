"""An owner's own questions: how rows are read, what replies to them are worth, where their labels have grown old."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from assistant.errors import FootnoteError, InvalidRequest
from assistant.evaluation.asking import ask_cases, not_verbatim, wrong_marks
from assistant.evaluation.curve import risk_coverage
from assistant.evaluation.labels import doubts
from assistant.evaluation.questions import Asking, Questions, read_questions
from assistant.evaluation.results import Result
from assistant.evaluation.summary import MEANS, MEASURES, counted_in, reasons, summarise, values
from assistant.evaluation.thresholds import missed, read_thresholds
from assistant.types import LOCAL, Filters, Principal, Turn
from tests.builders import citation, reply
from tests.evaluations import evaluated, judged, result, results
from tests.fakes import FakeChatModel, first_sentence
from tests.worlds import OPEN_GATE, SHUT_GATE, World

LEAVE = "Full-time employees have 25 days of paid annual leave. It is granted by the line manager."
GOLD = "Full-time employees have 25 days of paid annual leave."


def row(answerable: bool | None = True, **more: Any) -> dict[str, Any]:
    evidence = [{"doc": "corpus/leave.md", "text": GOLD}] if answerable else []
    question = "How many days of annual leave do employees have?"
    return {"id": "leave", "question": question, "answerable": answerable, "answers": ["25 days"], "evidence": evidence} | more


def written(folder: Path, *rows: dict[str, Any] | str) -> Path:
    lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in rows]
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def read(folder: Path, *rows: dict[str, Any] | str, **asking: Any) -> Questions:
    return read_questions(written(folder, *rows), Asking(**asking))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "world")
    made.write("leave.md", LEAVE)
    made.write("secret/pay.md", "---\ngroups: [hr]\n---\nSalaries are paid on the 25th day of each month.")
    made.ingest()
    return made


class TestReading:
    def test_a_row_becomes_a_question_with_its_conversation(self, tmp_path: Path) -> None:
        history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "text": "Ask me."}]
        (case,) = read(tmp_path, row(history=history)).cases

        assert (case.id, case.line, case.answerable) == ("leave", 1, True)
        assert case.question.history == (Turn("user", "Hello"), Turn("assistant", "Ask me."))
        assert case.question.principal == LOCAL

    def test_another_field_is_asked_where_a_row_has_it(self, tmp_path: Path) -> None:
        rows = row(question_titled="Leave: how many days?"), row(id="other")
        titled, plain = read(tmp_path, *rows, field="question_titled").cases

        assert (titled.question.text, plain.question.text) == ("Leave: how many days?", rows[1]["question"])

    def test_a_question_that_stands_alone_needs_no_conversation(self, tmp_path: Path) -> None:
        given = row(history=[{"role": "user", "content": "Hello"}], question_standalone="How much annual leave is there?")

        assert read(tmp_path, given, field="question_standalone").cases[0].question.history == ()

    def test_scope_and_prefix_make_the_filter(self, tmp_path: Path) -> None:
        given = row(scope="corpus/leave.md")

        assert read(tmp_path, given, scope=True, prefix="hr/").cases[0].question.filters == Filters(("hr/leave.md",))
        assert read(tmp_path, given).cases[0].question.filters == Filters()

    def test_what_is_absent_has_no_answer(self, tmp_path: Path) -> None:
        questions = read(tmp_path, row(), row(None, id="new"), absent=True)

        assert [case.answerable for case in questions.cases] == [False, False]
        assert questions.unlabelled == ()

    def test_a_sample_is_always_the_same(self, tmp_path: Path) -> None:
        rows = [row(id=str(number)) for number in range(30)]
        first, second = (read(tmp_path, *rows, limit=5).cases for _ in range(2))

        assert [case.id for case in first] == [case.id for case in second] != [str(number) for number in range(5)]
        assert len(first) == 5
        assert len(read(tmp_path, *rows, limit=50).cases) == 30

    def test_rows_that_nobody_has_labelled_are_left_out_and_named(self, tmp_path: Path) -> None:
        questions = read(tmp_path, row(None, id="a"), row(), row(None, id="b"))

        assert ([case.line for case in questions.cases], questions.unlabelled) == ([2], (1, 3))
        with pytest.raises(InvalidRequest, match="no row is labelled yet"):
            read(tmp_path, row(None))

    def test_a_row_without_an_id_is_known_by_its_words(self, tmp_path: Path) -> None:
        (case,) = read(tmp_path, {"question": "How much leave?", "answerable": False}).cases
        (moved,) = read(tmp_path, "", {"question": "How much leave?", "answerable": False}).cases

        assert case.id == moved.id
        assert (case.line, moved.line) == (1, 2)

    @pytest.mark.parametrize(
        ("bad", "says"),
        [
            ("{", "line 2: is no JSON: Expecting property name enclosed in double quotes at character 2"),
            ("[]", "line 2: "),
            ({"answerable": True}, 'line 2: has no "question"'),
            ({"question": "How?"}, 'line 2: has no "answerable" (true, false, or null while nobody has decided)'),
            ({"question": "How?", "answerable": "yes"}, 'line 2: "answerable": '),
            (row(id="b", question=" "), 'line 2: "question" is empty'),
            (row(id="b", question="x" * 5000), "at most 4,000"),
            (row(id="b", evidence=[{"doc": "a.md"}]), 'has no "evidence.0.text"'),
            (row(id="b", evidence=[{"doc": "a.md", "text": " – "}]), '"evidence.0.text"'),  # noqa: RUF001  # a text without words
            (row(id="b", evidence_mode="some"), '"evidence_mode"'),
            (row(id="b", history=[{"role": "bot", "content": "x"}]), '"history.0.role"'),
            (row(), 'its "id" leave is that of line 1'),
        ],
    )
    def test_a_bad_row_is_told_with_its_line(self, tmp_path: Path, bad: dict[str, Any] | str, says: str) -> None:
        with pytest.raises(InvalidRequest) as told:
            read(tmp_path, row(), bad)

        assert str(told.value).startswith(str(tmp_path / "questions.jsonl"))
        assert says in str(told.value)

    def test_every_bad_row_is_told_at_once_but_not_without_end(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequest) as told:
            read(tmp_path, *["{"] * 30)

        assert str(told.value).count("line ") >= 10
        assert "and 20 more" in str(told.value)

    def test_a_folder_without_questions_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequest, match="there is no such file"):
            read_questions(tmp_path, Asking())

    def test_a_line_separator_inside_a_question_ends_no_line(self, tmp_path: Path) -> None:
        assert read(tmp_path, row(question="How\u2028much?")).cases[0].question.text == "How\u2028much?"


class TestLabels:
    def told(self, world: World, folder: Path, *rows: dict[str, Any], principal: Principal = LOCAL, prefix: str = "") -> tuple[str, ...]:
        return doubts(read(folder, *rows), world.snapshot(), principal, prefix)

    def test_labels_that_fit_are_not_spoken_of(self, world: World, tmp_path: Path) -> None:
        assert self.told(world, tmp_path, row(), row(False, id="none")) == ()

    def test_a_document_that_is_gone_is_told_once_with_its_lines_and_a_hint(self, world: World, tmp_path: Path) -> None:
        moved = [{"doc": "old/leave.md", "text": GOLD}]
        (told,) = self.told(world, tmp_path, row(), row(id="b", evidence=moved), row(id="c", evidence=moved))

        assert told == "line 2, 3: the evidence is in old/leave.md, which is not in the index for this asker. Did you mean leave.md?"

    def test_what_the_asker_may_not_read_is_not_in_the_index_for_them(self, world: World, tmp_path: Path) -> None:
        pay = row(id="pay", evidence=[{"doc": "secret/pay.md", "text": "Salaries are paid on the 25th day of each month."}])

        assert self.told(world, tmp_path, row(), pay) == ()
        (told,) = self.told(world, tmp_path, row(), pay, principal=Principal("guest"))
        assert "secret/pay.md, which is not in the index for this asker." in told

    def test_words_that_no_longer_stand_there_are_told(self, world: World, tmp_path: Path) -> None:
        (told,) = self.told(world, tmp_path, row(evidence=[{"doc": "leave.md", "text": "Employees have 24 days."}]))

        assert told.startswith("line 1: the evidence does not stand in leave.md in these words")

    def test_marks_and_case_are_no_words(self, world: World, tmp_path: Path) -> None:
        assert self.told(world, tmp_path, row(evidence=[{"doc": "leave.md", "text": f"**{GOLD.upper()}**"}])) == ()

    def test_a_row_to_judge_nothing_by_is_told(self, world: World, tmp_path: Path) -> None:
        (told,) = self.told(world, tmp_path, row(), row(id="bare", evidence=[], answers=["x" * 81]))

        assert told.startswith('line 2: has neither "evidence" nor a short answer')
        assert self.told(world, tmp_path, row(), row(id="short", evidence=[])) == ()

    def test_an_index_without_any_of_the_documents_is_another_one(self, world: World, tmp_path: Path) -> None:
        with pytest.raises(
            InvalidRequest, match=r"holds none of the documents.*other/leave\.md in line 1.*Did you mean leave\.md.*--prefix"
        ):
            self.told(world, tmp_path, row(), prefix="other/")


class TestAsking:
    async def asked(self, world: World, folder: Path, *rows: dict[str, Any], gate: Any = OPEN_GATE, **asking: Any) -> tuple[Result, ...]:
        questions = read(folder, *rows, **asking)
        with world.assistant(gate) as assistant:
            return await ask_cases(assistant, questions.cases, asking.get("prefix", ""), 1, lambda _: None)

    async def test_a_reply_is_judged_by_its_row(self, world: World, tmp_path: Path) -> None:
        good, bad = await self.asked(world, tmp_path, row(), row(False, id="none"))

        assert good.retrieval["evidence@1"] == 1
        assert good.reply
        assert (good.reply.kind, good.reply.right, good.reply.recall, good.points) == ("answer", True, 1.0, 1)
        assert bad.reply
        assert (bad.reply.right, bad.reply.precision, bad.retrieval, bad.search_ms, bad.points) == (False, None, {}, None, -1)
        assert good.reply.quotes_not_verbatim == bad.reply.quotes_not_verbatim == 0
        assert set(good.reply.cited) == {"leave.md"}

    async def test_a_refusal_is_worth_nothing_where_there_is_an_answer_and_a_point_where_there_is_none(
        self, world: World, tmp_path: Path
    ) -> None:
        found = await self.asked(world, tmp_path, row(), row(False, id="none"), gate=SHUT_GATE)

        assert [one.points for one in found] == [0, 1]
        assert [one.reply and one.reply.right for one in found] == [None, None]
        assert reasons(found) == {"insufficient_evidence": 2}

    async def test_ranked_rows_are_searched_for_and_not_asked(self, world: World, tmp_path: Path) -> None:
        (ranked,) = await self.asked(world, tmp_path, row(qrels={"leave": 1}))

        assert (ranked.retrieval, ranked.reply, ranked.points) == ({"ndcg@10": 1.0}, None, None)

    async def test_a_prefix_is_taken_off_what_was_found(self, world: World, tmp_path: Path) -> None:
        pay = row(
            evidence=[{"doc": "pay.md", "text": "Salaries are paid on the 25th day of each month."}], question="When are salaries paid?"
        )
        (found,) = await self.asked(world, tmp_path, pay, prefix="secret/")

        assert found.retrieval["document@5"] == 1
        assert found.reply
        assert "pay.md" in found.reply.cited

    async def test_a_member_of_no_group_finds_nothing_restricted(self, world: World, tmp_path: Path) -> None:
        evidence = [{"doc": "secret/pay.md", "text": "Salaries are paid on the 25th day of each month."}]
        pay = row(evidence=evidence, question="On which day of the month are salaries paid?")
        (found,) = await self.asked(world, tmp_path, pay, principal=Principal("guest"))
        (all_read,) = await self.asked(world, tmp_path, pay)

        assert (found.retrieval["document@5"], all_read.retrieval["document@5"]) == (0, 1)
        assert found.reply
        assert all_read.reply
        assert "secret/pay.md" not in found.reply.cited
        assert "secret/pay.md" in all_read.reply.cited

    async def test_calls_to_a_model_are_counted(self, world: World, tmp_path: Path) -> None:
        questions = read(tmp_path, row(), row(False, id="none", question="Who pays for the annual leave of employees?"))
        done: list[int] = []
        with world.assistant(OPEN_GATE, FakeChatModel(first_sentence)) as assistant:
            found = await ask_cases(assistant, questions.cases, "", 4, done.append)
        measures = summarise(found)

        assert (measures["calls"], measures["cost_usd"], measures["cost_unknown"]) == (2, 0.00003, 0)
        assert [one.id for one in found] == ["leave", "none"]
        assert done == [1, 2]

    async def test_an_index_that_is_replaced_meanwhile_is_told(self, world: World, tmp_path: Path) -> None:
        questions = read(tmp_path, row(), row(id="again"))

        def replace_index(done: int) -> None:
            if done == 1:
                world.write("new.md", "Something new.")
                world.ingest()

        with world.assistant(OPEN_GATE) as assistant, pytest.raises(FootnoteError, match="Another generation was published"):
            await ask_cases(assistant, questions.cases, "", 1, replace_index)

    async def test_a_quote_that_does_not_stand_in_the_document_is_counted(self, world: World, tmp_path: Path) -> None:
        questions = read(tmp_path, row())
        with world.assistant(OPEN_GATE) as assistant:
            said = await assistant.ask(questions.cases[0].question)
        moved = tuple(replace(one, start=one.start + 1) for one in said.citations)

        assert not_verbatim(said, world.snapshot(), LOCAL) == 0
        assert not_verbatim(replace(said, citations=moved), world.snapshot(), LOCAL) == len(moved) > 0
        assert not_verbatim(said, world.snapshot(), Principal("guest")) == 0


@pytest.mark.parametrize(
    ("text", "markers", "wrong"),
    [
        ("One [1]. Two [2].", (1, 2), False),
        ("One [1]. Two.", (1,), True),
        ("One [1]. Two [3].", (1, 2), True),
        ("One [1].", (1, 2), True),
        ("One [1].\n", (1, 1), False),
    ],
)
def test_marks_are_those_of_the_citations_and_every_word_stands_before_one(text: str, markers: tuple[int, ...], wrong: bool) -> None:
    assert wrong_marks(replace(reply(), text=text, citations=tuple(map(citation, markers)))) is wrong


class TestSummary:
    def test_each_measure_is_what_its_questions_say(self) -> None:
        found = [
            result("a", True, judged("answer", right=True, confidence=0.9, precision=0.5, recall=1.0), {"evidence@5": 1.0}),
            result("b", True, judged("answer", right=False, confidence=0.7, precision=0.0, recall=0.0), {"evidence@5": 0.5}),
            result("c", True, judged("refusal", confidence=0.2), {"evidence@5": 0.0}),
            result("d", False, judged("refusal", confidence=0.2)),
            result("e", False, judged("answer", right=False, confidence=0.8)),
        ]
        measures = summarise(found)

        assert measures["evidence@5"] == 0.5
        assert (measures["answer_rate"], measures["right_when_answered"], measures["refusal_rate"]) == (0.6667, 0.5, 0.5)
        assert (measures["citation_precision"], measures["citation_recall"]) == (0.25, 0.5)
        assert measures["truthfulness"] == pytest.approx((1 - 1 + 0 + 1 - 1) / 5)
        assert measures["truthfulness_refuse_all"] == 0.4
        assert measures["auroc"] == pytest.approx((2 + 1 + 0.5) / 6, abs=1e-4)
        assert (measures["ndcg@10"], measures["quotes"]) == (None, 3)
        assert counted_in("right_when_answered", found) == 2

    def test_what_cannot_be_judged_counts_nowhere(self) -> None:
        found = [result("a", True, judged("answer", right=None)), result("b", True, judged("answer", right=True))]

        assert summarise(found)["truthfulness"] == 1
        assert summarise(found)["right_when_answered"] == 1
        assert summarise(found)["answer_rate"] == 1

    def test_faults_are_counted(self) -> None:
        answer = judged("answer", right=True, cited=(), quotes_not_verbatim=2, wrong_marks=True)
        measures = summarise([result("a", True, answer), result("b", True, judged("refusal", cited=("x.md",)))])

        assert [measures[name] for name in ("quotes_not_verbatim", "answers_without_citation", "answers_with_wrong_marks")] == [2, 1, 1]
        assert measures["refusals_that_cite"] == 1

    def test_an_unknown_price_makes_no_sum_look_complete(self) -> None:
        measures = summarise([result("a", True, judged("refusal", usd=None, calls=1)), result("b", True, judged("refusal", usd=0.5))])

        assert (measures["cost_usd"], measures["cost_unknown"], measures["calls"]) == (0.5, 1, 1)

    def test_nothing_asked_is_nothing_measured(self) -> None:
        assert set(summarise([]).values()) == {None}

    @given(results)
    def test_every_mean_lies_between_its_values(self, found: Sequence[Result]) -> None:
        measures = summarise(found)
        for name in MEANS:
            seen = [values(one)[name] for one in found if name in values(one)]
            value = measures[name]
            assert (value is None) == (not seen)
            assert value is None or min(seen) - 1e-4 <= value <= max(seen) + 1e-4


class TestCurve:
    def test_the_curve_by_hand(self) -> None:
        found = [
            result("a", True, judged("answer", right=True, confidence=0.9)),
            result("b", False, judged("answer", right=False, confidence=0.8)),
            result("c", True, judged("answer", right=False, confidence=0.7)),
            result("d", True, judged("answer", right=True, confidence=0.7)),
            result("e", True, judged("refusal", confidence=0.1)),
        ]

        assert [(point.confidence, point.coverage, point.risk, point.answers) for point in risk_coverage(found)] == [
            (0.9, 0.25, 0.0, 1),
            (0.8, 0.25, 0.5, 2),
            (0.7, 0.75, 0.5, 4),
        ]

    def test_without_answerable_questions_there_is_none(self) -> None:
        assert risk_coverage([result("a", False, judged("answer", right=False))]) == ()

    @given(results)
    def test_coverage_grows_as_confidence_falls_up_to_what_is_answered(self, found: Sequence[Result]) -> None:
        curve = risk_coverage(found)
        assert [point.coverage for point in curve] == sorted(point.coverage for point in curve)
        assert [point.answers for point in curve] == sorted({point.answers for point in curve})
        assert [point.confidence for point in curve] == sorted((point.confidence for point in curve), reverse=True)
        assert all(0 <= point.risk <= 1 and 0 <= point.coverage <= 1 for point in curve)
        answers = [one for one in found if one.reply and one.reply.kind == "answer" and one.points is not None]
        if curve:
            assert curve[-1].answers == len(answers)
            assert curve[-1].risk == pytest.approx(sum(one.points == -1 for one in answers) / len(answers), abs=1e-4)


class TestThresholds:
    def test_what_is_missed_is_told_and_equal_is_enough(self) -> None:
        limits = read_thresholds(["evidence@4000c=0.7", "truthfulness=.3"], ["quotes_not_verbatim=0", "ask_ms_p95=100"])
        measures = dict.fromkeys(MEASURES, 0.0) | {"evidence@4000c": 0.652, "truthfulness": 0.3, "ask_ms_p95": 250.0}

        assert list(missed(limits, measures)) == ["evidence@4000c is 0.652, under 0.7.", "ask_ms_p95 is 250, over 100."]

    def test_what_was_not_measured_does_not_hold(self) -> None:
        (told,) = missed(read_thresholds(["ndcg@10=0.1"], []), evaluated([]).measures)

        assert told.startswith("ndcg@10 was not measured")

    @pytest.mark.parametrize(
        ("under", "over", "says"),
        [
            (["evidence@4000=1"], [], "--fail-under: evidence@4000 is no measure. Did you mean evidence@4000c? There are evidence@4000c, "),
            ([], ["truthfulness"], "--fail-over: truthfulness needs a number: truthfulness=0.7"),
            (["truthfulness=high"], [], "needs a number"),
            (["truthfulness=nan"], [], "needs a number"),
        ],
    )
    def test_what_is_no_threshold_is_told(self, under: list[str], over: list[str], says: str) -> None:
        with pytest.raises(InvalidRequest) as told:
            read_thresholds(under, over)

        assert says in str(told.value)
