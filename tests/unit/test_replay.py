"""Past questions asked again, over fakes: what is kept as it was, what differs, what it costs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.commands.replay import as_shown, replay
from api.render_replay import print_replays
from assistant.answering import Assistant
from assistant.errors import IndexMissing, InvalidRequest, ModelFailed, NotFound, SettingsError
from assistant.gate import Gate
from assistant.generation import Snapshots
from assistant.model_calls.account import NO_LIMIT, Budget
from assistant.ports import ChatModel, Completion, Message
from assistant.prompting import Prompts
from assistant.replay import Replayer, last
from assistant.replay_compare import Quoted, Replay, Side, lines
from assistant.replay_totals import totals
from assistant.traces import Ledger
from assistant.types import LOCAL, Filters, Principal, Question, Reply, Turn
from tests.builders import trace
from tests.fakes import FakeChatModel, FakePrices, first_sentence, says
from tests.worlds import OPEN_GATE, SHUT_GATE, World, writer

LEAVE = "# Leave\n\n## Annual leave\n\nFull-time employees have 25 days of paid annual leave. It is granted by the line manager.\n"
BANDS = "---\ngroups: [hr]\n---\n# Salary bands\n\nA senior engineer earns between 70,000 and 90,000 euros a year.\n"
DAYS = "Full-time employees have 25 days of paid annual leave."
GRANTED = "It is granted by the line manager."
QUESTION = Question("How many days of annual leave do employees have?", LOCAL)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write("hr/leave.md", LEAVE)
    made.write("hr/bands.md", BANDS)
    made.ingest()
    return made


class Desk:
    """Asks once, and again. `models` are those that can be had, by their names."""

    def __init__(self, world: World, *models: ChatModel, gate: Gate = OPEN_GATE) -> None:
        self.world = world
        self.gate = gate
        self.models = {model.name: model for model in models}
        self.first = models[0] if models else None

    def ask(self, *questions: Question, prompts: Prompts | None = None) -> list[Reply]:
        more: dict[str, Any] = {}
        if self.first is not None:
            made = writer(self.first)
            more["writer"] = replace(made, prompts=prompts) if prompts else made

        async def all_of(assistant: Assistant) -> list[Reply]:
            return [await assistant.ask(question) for question in questions]

        with self.world.assistant(self.gate, **more) as assistant:
            return asyncio.run(all_of(assistant))

    @contextmanager
    def replayer(self, other: str | None = None, budget: Budget = NO_LIMIT) -> Iterator[Replayer]:
        world = self.world
        ledger = Ledger(world.home.traces)
        with ThreadPoolExecutor(2) as pool:

            def opened(snapshots: Snapshots, model: str | None, prompts: Prompts) -> Assistant:
                if model is not None and model not in self.models:
                    raise SettingsError(f"There is no model {model}.")
                written = replace(writer(self.models[model]), prompts=prompts) if model else None
                return Assistant(snapshots, world.embedder, self.gate, ledger, FakePrices(), pool, writer=written, budget=budget)

            yield Replayer(ledger, world.home, world.store, world.embedder.model_id, opened, other)
        ledger.close()

    def replay(self, *trace_ids: str, newest: int = 0, other: str | None = None, budget: Budget = NO_LIMIT) -> list[Replay]:
        with self.replayer(other, budget) as replayer:
            return replay(replayer, trace_ids, newest)

    def traces(self) -> list[dict[str, Any]]:
        """The newest first, whole."""
        with closing(Ledger(self.world.home.traces)) as ledger:
            return [ledger.trace(summary["id"]) for summary in ledger.recent(None)]


class Taught(FakeChatModel):
    """Remembers the rules that it was given."""

    def __init__(self) -> None:
        super().__init__(first_sentence)
        self.rules: list[str] = []

    async def complete(self, messages: Sequence[Message], **more: Any) -> Completion:  # as the port has it
        self.rules.append(messages[0].content)
        return await super().complete(messages, **more)


def the_only(replays: list[Replay]) -> Replay:
    (one,) = replays
    return one


class TestAsItWas:
    def test_a_model_is_asked_anew_and_what_it_takes_is_booked(self, world: World) -> None:
        model = FakeChatModel(first_sentence)
        desk = Desk(world, model)
        (asked,) = desk.ask(QUESTION)
        one = the_only(desk.replay(asked.trace_id))
        newest = desk.traces()[0]

        assert (one.alike, one.notes, one.question) == (True, (), QUESTION.text)
        assert (one.recorded.trace_id, one.again.trace_id) == (asked.trace_id, newest["id"])
        assert (newest["origin"], newest["principal"], newest["mode"], len(newest["calls"])) == (asked.trace_id, "local", "model", 1)
        assert (one.again.usd, one.again.input_tokens, one.again.output_tokens) == (0.000015, 10, 5)
        assert len(model.prompts) == 2

    def test_extracts_need_no_model(self, world: World) -> None:
        desk = Desk(world)
        one = the_only(desk.replay(desk.ask(QUESTION)[0].trace_id))

        assert (one.alike, one.again.mode, one.again.model, one.again.calls, one.again.usd) == (True, "extractive", None, 0, 0)

    def test_the_generation_of_the_trace_is_asked_as_long_as_it_is_kept(self, world: World) -> None:
        desk = Desk(world)
        (asked,) = desk.ask(QUESTION)
        world.write("hr/leave.md", LEAVE.replace("25 days", "30 days"))
        world.ingest()
        kept = the_only(desk.replay(asked.trace_id))
        world.write("hr/leave.md", LEAVE.replace("25 days", "35 days"))
        world.ingest()
        gone = the_only(desk.replay(asked.trace_id))

        assert (kept.alike, kept.notes, kept.again.generation) == (True, (), asked.generation)
        assert gone.notes == (f"Its generation {asked.generation} is gone; the published one is asked.",)
        assert gone.again.generation == world.home.current()
        assert [(line.fate, line.text) for line in gone.sentences if "days" in line.text] == [
            ("gone", DAYS), ("new", DAYS.replace("25", "35")),
        ]  # fmt: skip
        assert [quoted.quote for quoted in gone.quotes_gone if "days" in quoted.quote] == [DAYS[:-1]]

    def test_a_generation_that_does_not_open_is_replaced_too(self, world: World) -> None:
        desk = Desk(world)
        (asked,) = desk.ask(QUESTION)
        world.write("travel.md", "# Travel\n\nBy train.\n")
        world.ingest()
        world.home.lexical(asked.generation).unlink()

        assert the_only(desk.replay(asked.trace_id)).notes == (
            f"Its generation {asked.generation} cannot be opened; the published one is asked.",
        )

    def test_the_prompt_of_the_trace_is_used_and_todays_where_it_is_not_kept(self, world: World) -> None:
        model = Taught()
        desk = Desk(world, model)
        (asked,) = desk.ask(QUESTION, prompts=Prompts("The rules of old.", "Rewrite."))
        (later,) = desk.ask(Question("Who grants annual leave?", LOCAL))
        one, other = desk.replay(asked.trace_id, later.trace_id)
        with closing(sqlite3.connect(world.home.traces)) as db, db:
            db.execute("DELETE FROM prompts WHERE hash = ?", (one.recorded.prompt,))
        without = the_only(desk.replay(asked.trace_id))

        old, today = model.rules[:2]
        assert (old, model.rules[2:], today != old) == ("The rules of old.", [old, today, today], True)
        assert (one.notes, one.again.prompt, other.again.prompt) == ((), one.recorded.prompt, other.recorded.prompt)
        assert without.notes == (f"Its prompt {one.recorded.prompt} is not kept; today's is used.",)
        assert without.again.prompt == other.recorded.prompt

    @pytest.mark.parametrize("day", [None, date(2025, 3, 1)])
    def test_rights_filters_and_day_are_those_of_the_trace(
        self, world: World, day: date | None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk = Desk(world)
        clerk = Principal("ann", frozenset({"hr", "sales"}))
        (asked,) = desk.ask(Question("What does a senior engineer earn?", clerk, filters=Filters(("hr/*",)), as_of=day))
        one = the_only(desk.replay(asked.trace_id))
        again = desk.traces()[0]

        assert (again["groups"], again["filters"], again["principal"]) == (["hr", "sales"], {"sources": ["hr/*"]}, "local")
        assert again["as_of"] == one.as_of == str(day or datetime.now(UTC).date())
        assert (one.groups, one.alike, "90,000" in one.again.sentences[0]) == (("hr", "sales"), True, True)
        print_replays([one])
        assert f"by a member of hr, sales{', as of 2025-03-01' if day else ''}; asked again" in capsys.readouterr().out

    def test_what_one_could_not_read_is_not_read_by_asking_again(self, world: World) -> None:
        desk = Desk(world)
        (asked,) = desk.ask(Question("What does a senior engineer earn?", Principal("eve", frozenset({"sales"}))))

        assert "90,000" not in repr(the_only(desk.replay(asked.trace_id)))

    def test_a_follow_up_is_asked_as_it_was_rewritten_and_that_is_neither_paid_nor_counted_again(self, world: World) -> None:
        written = "How many days of annual leave do employees have?"
        model = FakeChatModel(lambda prompt: first_sentence(prompt) if "<passage" in prompt else written)
        desk = Desk(world, model)
        history = (Turn("user", "Do employees have annual leave?"), Turn("assistant", "Full-time employees have days of leave."))
        (asked,) = desk.ask(Question("And how many?", LOCAL, history))
        one = the_only(desk.replay(asked.trace_id))

        assert (asked.cost.calls, asked.cost.usd) == (2, Decimal("0.00003"))
        assert (one.question, one.recorded.calls, one.recorded.usd, one.again.calls) == (written, 1, 0.000015, 1)
        assert [note.split(":")[0] for note in one.notes] == ["A follow-up"]

    def test_a_masked_question_is_said_to_be_one(self, world: World) -> None:
        with closing(Ledger(world.home.traces, lambda text: text.replace("ann@example.com", "[mail]"))) as ledger:
            asked = trace(question="How much leave has ann@example.com?")
            ledger.record(replace(asked, generation=str(world.home.current()))).result()
        one = the_only(Desk(world).replay("t1"))

        assert (one.question, len(one.notes), "masked" in one.notes[0]) == ("How much leave has [mail]?", 1, True)

    def test_budgets_hold(self, world: World) -> None:
        model = FakeChatModel(first_sentence)
        desk = Desk(world, model)
        (asked,) = desk.ask(QUESTION)
        one = the_only(desk.replay(asked.trace_id, budget=Budget(day=Decimal("0.00001"))))

        assert (one.again.mode, one.again.degraded, one.again.calls, len(model.prompts)) == ("extractive", True, 0, 1)


class TestAnotherModel:
    def test_it_is_asked_in_place_of_the_first_which_is_not_paid_again(self, world: World) -> None:
        usual = FakeChatModel(first_sentence, "usual")
        lazy = FakeChatModel(says((DAYS.replace("25", "26"), 1, DAYS), (GRANTED, 1, GRANTED)), "lazy")
        desk = Desk(world, usual, lazy)
        (asked,) = desk.ask(QUESTION)
        one = the_only(desk.replay(asked.trace_id, other="fake:lazy"))

        assert (one.recorded.model, one.again.model) == ("fake:usual", "fake:lazy")
        assert (len(usual.prompts), len(lazy.prompts)) == (1, 1)
        assert one.again.prompt == one.recorded.prompt
        assert [(dropped.text, "26" in dropped.reason) for dropped in one.again.dropped] == [(DAYS.replace("25", "26"), True)]
        assert one.again.sentences == (GRANTED,)
        assert (one.again.quotes_same, len(one.again.quotes), one.quotes_new, one.alike) == (1, 1, (), False)

    def test_a_sentence_that_lost_a_quote_and_was_said_for_another_is_not_dropped(self, world: World) -> None:
        careless = FakeChatModel(says((DAYS, 1, DAYS), (DAYS, 1, "99 days of leave for everyone")), "careless")
        desk = Desk(world, FakeChatModel(first_sentence), careless)
        (asked,) = desk.ask(QUESTION)
        side = the_only(desk.replay(asked.trace_id, other="fake:careless")).again

        assert (side.sentences, side.dropped) == ((DAYS,), ())

    def test_what_it_lies_is_counted_over_all_its_attempts(self, world: World) -> None:
        liar = FakeChatModel(says(("You have 99 days of leave.", 1, "99 days of leave for everyone")), "liar")
        desk = Desk(world, FakeChatModel(first_sentence), liar)
        (asked,) = desk.ask(QUESTION)
        side = the_only(desk.replay(asked.trace_id, other="fake:liar")).again

        assert (side.outcome, side.calls, side.sentences, len(side.dropped)) == ("ungrounded", 2, (), 1)
        assert side.usd == 0.00003

    def test_it_is_asked_where_extracts_were_given(self, world: World) -> None:
        (asked,) = Desk(world).ask(QUESTION)
        one = the_only(Desk(world, FakeChatModel(first_sentence)).replay(asked.trace_id, other="fake:model"))

        assert (one.recorded.mode, one.again.mode, one.notes) == ("extractive", "model", ())

    def test_one_that_is_away_leaves_extracts_and_that_is_said(self, world: World) -> None:
        def away(_: str) -> str:
            raise ModelFailed("timeout", "it is away", passing=True)

        desk = Desk(world, FakeChatModel(first_sentence), FakeChatModel(away, "away"))
        (asked,) = desk.ask(QUESTION)
        one = the_only(desk.replay(asked.trace_id, other="fake:away"))

        assert (one.again.mode, one.again.degraded, totals([one.again]).degraded) == ("extractive", True, 1)

    def test_one_that_cannot_be_had_is_told_before_anything_is_asked(self, world: World) -> None:
        model = FakeChatModel(first_sentence)
        desk = Desk(world, model)
        (asked,) = desk.ask(QUESTION)
        with pytest.raises(SettingsError):
            desk.replay(asked.trace_id, other="fake:none")

        assert (len(model.prompts), len(desk.traces())) == (1, 1)


class TestWhichTraces:
    def test_the_newest_are_asked_but_for_those_that_repeat_another(self, world: World) -> None:
        desk = Desk(world, FakeChatModel(first_sentence))
        other = Question("Who grants annual leave?", LOCAL)
        first, second, hit = desk.ask(QUESTION, other, QUESTION)
        desk.replay(second.trace_id)

        assert hit.mode == "cache"
        assert [one.recorded.trace_id for one in desk.replay(newest=1)] == [second.trace_id]
        assert [one.recorded.trace_id for one in desk.replay(newest=9)] == [second.trace_id, first.trace_id]

    def test_more_than_a_page_is_found(self, world: World) -> None:
        with closing(Ledger(world.home.traces)) as ledger:
            for number in range(450):
                ledger.record(trace(f"t{number:03}", origin=None if number % 3 == 0 else "t000"))
            ledger.record(trace("end")).result()

            assert [one["id"] for one in last(ledger, 140)] == [f"t{number:03}" for number in range(447, 27, -3)]
            assert len(last(ledger, 1000)) == 151

    def test_what_came_out_of_the_cache_is_held_against_what_was_paid_for(self, world: World) -> None:
        desk = Desk(world, FakeChatModel(first_sentence))
        paid, hit = desk.ask(QUESTION, QUESTION)
        one = the_only(desk.replay(hit.trace_id))

        assert (one.recorded.trace_id, one.recorded.usd, one.alike) == (paid.trace_id, 0.000015, True)
        assert one.notes == (f"{hit.trace_id} came out of the cache; {paid.trace_id}, which it repeats, is asked again.",)

    def test_a_trace_is_asked_once_however_often_it_is_named(self, world: World) -> None:
        desk = Desk(world)
        (asked,) = desk.ask(QUESTION)

        assert len(desk.replay(asked.trace_id, asked.trace_id)) == 1

    def test_an_unknown_one_is_told_before_anything_is_asked(self, world: World) -> None:
        model = FakeChatModel(first_sentence)
        desk = Desk(world, model)
        (asked,) = desk.ask(QUESTION)
        with pytest.raises(NotFound, match="no trace nothing"):
            desk.replay(asked.trace_id, "nothing")

        assert len(model.prompts) == 1

    @pytest.mark.parametrize("outcome", ["cancelled", "failed"])
    def test_one_without_a_reply_is_told_and_not_among_the_newest(self, world: World, outcome: Any) -> None:
        desk = Desk(world)
        with closing(Ledger(world.home.traces)) as ledger:
            ledger.record(replace(trace(), reply=None, outcome=outcome)).result()
        with pytest.raises(InvalidRequest, match=f"TRACE: t1 has no reply \\({outcome}\\)"):
            desk.replay("t1")

        assert desk.replay(newest=5) == []

    def test_without_an_index_nothing_can_be_asked(self, tmp_path: Path) -> None:
        empty = World(tmp_path)
        with closing(Ledger(empty.home.traces)) as ledger:
            ledger.record(trace()).result()
        with pytest.raises(IndexMissing):
            Desk(empty).replay("t1")


def test_two_refusals_are_the_same_where_their_reasons_are(world: World) -> None:
    desk = Desk(world, gate=SHUT_GATE)
    one = the_only(desk.replay(desk.ask(QUESTION)[0].trace_id))

    assert (one.alike, one.again.milliseconds) == (True, None)
    assert not replace(one, again=replace(one.again, outcome="no_evidence")).alike


SENTENCES = st.lists(st.sampled_from(["One.", "Two.", "Three.", "Four."]), max_size=8)


@given(SENTENCES, SENTENCES)
def test_what_is_the_same_or_gone_was_said_and_what_is_the_same_or_new_is_said(before: list[str], after: list[str]) -> None:
    found = list(lines(before, after))

    assert [line.text for line in found if line.fate != "new"] == before
    assert [line.text for line in found if line.fate != "gone"] == after
    assert [line.fate for line in lines(before, before)] == ["same"] * len(before)


def test_a_quote_is_the_same_where_one_holds_the_other_in_the_same_document() -> None:
    long = Quoted("leave.md", DAYS)

    assert long.like(Quoted("leave.md", "25 days of paid annual leave"))
    assert Quoted("leave.md", "25 days of paid annual leave").like(long)
    assert not long.like(Quoted("old/leave.md", DAYS))
    assert not long.like(Quoted("leave.md", "25 days of unpaid leave"))


class TestTotals:
    side = Side("t", "m", "g", "p", "answer", "model", False, 0.9, ("One.",), (), (), 0, 1, 100, 10, 0.1, False, 1000.0)

    def test_they_count_and_add_up(self, world: World) -> None:
        liar = FakeChatModel(says(("You have 99 days of leave.", 1, "99 days of leave for everyone")), "liar")
        desk = Desk(world, FakeChatModel(first_sentence), liar)
        desk.ask(QUESTION, Question("Who grants annual leave?", LOCAL), Question("Which days are paid annual leave?", LOCAL))
        replays = desk.replay(newest=3, other="fake:liar")
        before, after = totals([one.recorded for one in replays]), totals([one.again for one in replays])

        assert (before.questions, before.answered, before.refused, before.ungrounded) == (3, 3, {}, 0)
        assert (after.questions, after.answered, after.refused, after.ungrounded) == (3, 0, {"ungrounded": 3}, 1)
        assert (before.usd, before.usd_per_question, after.usd, after.usd_per_question) == (0.000045, 0.000015, 0.00009, 0.00003)
        assert (before.calls, after.calls, after.input_tokens, after.output_tokens) == (3, 6, 60, 30)

    def test_the_middle_of_the_times_counts_not_their_mean(self) -> None:
        slow = [replace(self.side, milliseconds=took) for took in (100.0, None, 200.0, 9000.0)]

        assert totals(slow).seconds_p50 == 0.2

    def test_a_price_that_is_unknown_makes_no_sum_look_small(self) -> None:
        mixed = totals([self.side, replace(self.side, usd=None, estimated=True)])

        assert (mixed.usd, mixed.usd_per_question, mixed.estimated) == (None, None, True)

    def test_dollars_are_added_exactly(self) -> None:
        assert totals([replace(self.side, usd=0.1)] * 3).usd == 0.3

    def test_nothing_has_no_mean(self) -> None:
        none = totals([])

        assert (none.usd, none.usd_per_question, none.ungrounded, none.seconds_p50) == (0, None, None, None)


class TestShown:
    def shown(self, replays: list[Replay], capsys: pytest.CaptureFixture[str]) -> str:
        capsys.readouterr()
        print_replays(replays)
        return "\n".join(" ".join(line.split()) for line in capsys.readouterr().out.splitlines())

    def test_what_differs_stands_sentence_by_sentence_with_cost_and_time(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        usual = FakeChatModel(says((DAYS, 1, DAYS), (GRANTED, 1, GRANTED)), "usual")
        lazy = FakeChatModel(says((DAYS, 1, DAYS), ("There are 31 days.", 1, DAYS)), "lazy")
        desk = Desk(world, usual, lazy)
        (asked,) = desk.ask(QUESTION)
        text = self.shown(desk.replay(asked.trace_id, other="fake:lazy"), capsys)

        assert f"trace {asked.trace_id} of 20" in text
        assert "model fake:usual fake:lazy" in text
        assert "sentences 2, 0 dropped 1, 1 dropped" in text
        assert "quotes 2, 1 in both 1, 1 in both" in text
        assert "tokens 10 + 5 in 1 call 10 + 5 in 1 call" in text
        assert "cost $0.000015 $0.000015" in text
        assert f"\n{DAYS}\n- {GRANTED}\n! There are 31 days. (31 is not in the quote)\n" in text
        assert "generation 20" not in text
        assert "questions" not in text

    def test_the_same_is_said_to_be_the_same(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        answering, refusing = Desk(world), Desk(world, gate=SHUT_GATE)
        answer, refused = answering.ask(QUESTION)[0].trace_id, refusing.ask(QUESTION)[0].trace_id

        assert "\nThe same.\n" in self.shown(answering.replay(answer), capsys)
        assert "\nThe same refusal.\n" in self.shown(refusing.replay(refused), capsys)
        assert "outcome insufficient_evidence answer" in self.shown(answering.replay(refused), capsys)

    def test_a_quote_from_elsewhere_under_the_same_sentence_is_named(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        world.write("old/leave.md", LEAVE)
        world.ingest()
        here, there = FakeChatModel(says((DAYS, 1, DAYS)), "here"), FakeChatModel(says((DAYS, 2, DAYS)), "there")
        desk = Desk(world, here, there)
        (asked,) = desk.ask(Question("How many days of paid annual leave do full-time employees have?", LOCAL))
        one = the_only(desk.replay(asked.trace_id, other="fake:there"))

        assert f"- “{DAYS[:-1]}” {one.quotes_gone[0].source}" in " ".join(self.shown([one], capsys).split())
        assert {one.quotes_gone[0].source, one.quotes_new[0].source} == {"hr/leave.md", "old/leave.md"}
        assert (one.recorded.quotes_same, one.again.quotes_same) == (0, 0)

    def test_several_end_in_their_sums(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        liar = FakeChatModel(says(("You have 99 days of leave.", 1, "99 days of leave for everyone")), "liar")
        desk = Desk(world, FakeChatModel(first_sentence), liar)
        desk.ask(QUESTION, Question("Who grants annual leave?", LOCAL))
        text = self.shown(desk.replay(newest=2, other="fake:liar"), capsys)

        assert "2 questions, 0 with the same answer or refusal." in text
        assert "answered 2 0" in text
        assert "refused 0 2: 2 ungrounded" in text
        assert "sentences 4, 0 dropped 0, 2 dropped (100%)" in text
        assert "a question $0.000015 $0.00003" in text

    def test_notes_and_marks_of_the_terminal_are_shown_as_they_are(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        desk = Desk(world)
        (asked,) = desk.ask(Question("How many [bold]days[/] of annual leave do employees have?", LOCAL))
        one = replace(the_only(desk.replay(asked.trace_id)), notes=("Its prompt [x] is not kept.",))

        text = self.shown([one], capsys)
        assert "How many [bold]days[/] of annual leave" in text
        assert "Its prompt [x] is not kept." in text

    def test_nothing_to_ask_is_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.shown([], capsys) == "There is no question yet that could be asked again."

    def test_programs_get_all_of_it(self, world: World) -> None:
        desk = Desk(world, FakeChatModel(first_sentence))
        desk.ask(QUESTION, Question("Who grants annual leave?", LOCAL))
        whole = json.loads(json.dumps(as_shown(desk.replay(newest=2))))

        assert whole.keys() == {"replays", "recorded", "again"}
        assert [one["alike"] for one in whole["replays"]] == [True, True]
        assert whole["replays"][1]["sentences"][0] == {"fate": "same", "text": whole["replays"][1]["again"]["sentences"][0]}
        assert (whole["recorded"]["usd"], whole["again"]["usd"], whole["again"]["quotes_same"]) == (0.00003, 0.00003, 4)
