"""An evaluation as a person sees it: in the terminal, as a picture; and traces as rows for the next one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given

from api.commands import traces as command
from api.render_eval import print_comparison, print_evaluation
from api.svg import HEIGHT, WIDTH, risk_coverage_picture
from assistant.errors import InvalidRequest
from assistant.evaluation.compare import compare
from assistant.evaluation.curve import risk_coverage
from assistant.evaluation.questions import Asking, read_questions
from assistant.evaluation.results import Point, Result
from assistant.traces import Feedback, Ledger
from assistant.types import Closest, Refusal
from tests.builders import reply, trace
from tests.evaluations import evaluated, judged, result, results

ROWS = [
    result("a", True, judged("answer", right=True, confidence=0.9, precision=0.5, recall=1.0), {"evidence@4000c": 1.0}),
    result("b", True, judged("refusal", confidence=0.2), {"evidence@4000c": 0.0}),
    result("c", False, judged("answer", right=False, confidence=0.7, quotes_not_verbatim=1)),
]


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return "\n".join(" ".join(line.split()) for line in capsys.readouterr().out.splitlines())


class TestTable:
    def test_measures_stand_with_what_they_are_taken_over(self, capsys: pytest.CaptureFixture[str]) -> None:
        print_evaluation(evaluated(ROWS))
        text = shown(capsys)

        assert "questions: 3 questions, 2 of them answerable" in text
        assert "evidence@4000c 0.500 over 2 questions" in text
        assert "answer_rate 0.500 over 2 answerable questions" in text
        assert "right_when_answered 1.000 over 1 answer" in text
        assert "quotes_not_verbatim 1 of 2 quotes" in text
        assert "refusals 1 1 insufficient_evidence" in text
        assert "0.70 today 50% 50% 2" in text
        assert "ndcg@10" not in text
        assert "cost" not in text

    def test_rows_to_mend_are_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        print_evaluation(replace(evaluated(ROWS), unlabelled=(4, 9), warnings=tuple(f"line {n}: [worn]" for n in range(25))))
        text = shown(capsys)

        assert '2 rows are not labelled yet and were skipped: set "answerable" in line 4, 9.' in text
        assert "line 19: [worn]" in text
        assert "and 5 more" in text

    def test_what_it_cost_is_said_where_anything_was_called(self, capsys: pytest.CaptureFixture[str]) -> None:
        paid = judged("answer", right=True, usd=0.0021, calls=2)
        print_evaluation(evaluated([result("a", True, paid), result("b", True, judged("refusal", usd=None, calls=1))]))

        assert "cost_usd $0.0021 3 calls, 1 of unknown cost left out" in shown(capsys)

    def test_how_it_was_asked_is_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        print_evaluation(evaluated(ROWS, field="question_titled", absent=True, scope=True, limit=40, groups=()))

        assert (
            "asked by question_titled, each in its own document alone, all to be refused, a sample of 40, asked as a member of no group"
        ) in shown(capsys)

    def test_a_comparison_names_what_changed(self, capsys: pytest.CaptureFixture[str]) -> None:
        worse = [replace(ROWS[0], reply=judged("refusal")), ROWS[1], replace(ROWS[2], reply=judged("refusal"))]
        print_comparison(compare(evaluated([*ROWS, result("d", True, None)]), evaluated(worse)))
        text = shown(capsys)

        assert "3 questions compared; 1 gone, not compared." in text
        assert re.search(r"answer_rate 0\.500 0\.000 -0\.500 -1\.000 to \+0\.000", text)
        assert "1 question better\nwrong → refused c Question c?" in text
        assert "1 question worse\nright → refused a Question a?" in text


class TestPicture:
    def places(self, curve: Sequence[Point]) -> list[tuple[float, float]]:
        drawing = ElementTree.fromstring(risk_coverage_picture(curve, "a <set> & more"))
        (line,) = drawing.iter("{http://www.w3.org/2000/svg}polyline")
        return [(float(x), float(y)) for x, y in (place.split(",") for place in line.attrib["points"].split())]

    @given(results)
    def test_the_curve_runs_rightwards_inside_the_picture_to_the_operating_point(self, found: list[Result]) -> None:
        curve = risk_coverage(found)
        if not curve:
            return
        places = self.places(curve)

        assert [x for x, _ in places] == sorted(x for x, _ in places)
        assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in places)
        marks = re.findall(r'<circle class="point" cx="([\d.]+)" cy="([\d.]+)"', risk_coverage_picture(curve, "x"))
        assert tuple(map(float, marks[0])) == places[-1]

    def test_more_risk_is_higher_up(self) -> None:
        (_, low), (_, high) = self.places([Point(0.9, 0.2, 0.1, 3), Point(0.5, 0.4, 0.3, 9)])

        assert high < low

    def test_it_is_read_on_light_and_on_dark_ground_and_says_what_the_point_is(self) -> None:
        text = risk_coverage_picture([Point(0.5, 0.764, 0.121, 9)], "a <set> & more")

        assert "prefers-color-scheme:dark" in text
        assert "operating point: coverage 76%, risk 12%" in text
        assert ElementTree.fromstring(text).findtext("{http://www.w3.org/2000/svg}title") == "Risk and coverage: a <set> & more"

    def test_without_answers_it_says_so(self) -> None:
        assert "No answer to an answerable question" in risk_coverage_picture([], "x")


class TestTracesAsQuestions:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        """Four traces: a good one, a disliked follow-up asked twice, a disliked refusal."""
        refused = replace(
            reply("refused"),
            kind="refusal",
            text="",
            citations=(),
            refusal=Refusal(
                "insufficient_evidence", "…", (Closest("hr/leave.md", "Leave", (), None), Closest("hr/leave.md", "Leave", ("B",), None))
            ),
        )
        made = [
            trace("liked"),
            replace(trace("first", question="And when?"), standalone="And when? (carry over leave)"),
            replace(trace("again", question="And when?"), standalone="And when? (carry over leave)"),
            replace(trace("refused", question="Who pays the gym?"), reply=refused),
        ]
        home = tmp_path / "footnote-home"
        with closing(Ledger(home / "traces.sqlite")) as ledger:
            for one in made:
                ledger.record(one).result(5)
            ledger.rate(Feedback("liked", "local", 1, None))
            ledger.rate(Feedback("first", "local", -1, None))
            ledger.rate(Feedback("again", "local", -1, "It is 30 June."))
            ledger.rate(Feedback("refused", "local", -1, None))
        return home

    def test_thumbs_down_alone_are_listed(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert home
        command.command(thumbs_down=True, as_json=True)

        assert {one["id"] for one in json.loads(capsys.readouterr().out)} == {"first", "again", "refused"}
        command.command(thumbs_down=True, limit=1, as_json=True)
        assert len(json.loads(capsys.readouterr().out)) == 1

    def test_they_become_rows_that_wait_for_their_labels(self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert home
        command.command(thumbs_down=True, as_questions=True)
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        asked = {row["question"]: row for row in rows}

        assert len(rows) == 2
        follow_up, gym = asked["And when? (carry over leave)"], asked["Who pays the gym?"]
        assert (follow_up["asked"], follow_up["answerable"], follow_up["evidence"]) == ("And when?", None, [])
        assert follow_up["given"]["cited"] == [{"doc": "hr/leave.md", "text": "25 days of leave"}]
        assert (gym["given"]["reason"], gym["given"]["closest"]) == ("insufficient_evidence", ["hr/leave.md"])

        follow_up |= {"answerable": True, "evidence": follow_up["given"]["cited"]}
        (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        questions = read_questions(tmp_path, Asking())
        assert [case.question.text for case in questions.cases] == ["And when? (carry over leave)"]
        assert len(questions.unlabelled) == 1

    def test_the_asker_s_comment_is_kept(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert home
        command.command(trace_id="again", as_questions=True)

        assert json.loads(capsys.readouterr().out)["comments"] == ["It is 30 June."]

    def test_one_trace_is_not_chosen_from_a_list(self, home: Path) -> None:
        assert home
        with pytest.raises(InvalidRequest, match="leave the ID out"):
            command.command(trace_id="again", thumbs_down=True)
