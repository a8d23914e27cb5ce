"""What one may not read changes nothing: every reply is that of an index that never held it, but for its trace, generation and time."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.gate import Gate, load_gate
from assistant.types import Filters, Principal, Question, Reply
from tests.fakes import FakeChatModel, first_sentence
from tests.worlds import OPEN_GATE, World

GROUPS = st.sets(st.sampled_from(["hr", "it"])).map(lambda names: tuple(sorted(names)))
SENTENCES = st.sampled_from(
    [
        "Paid time off (PTO) is 25 days a year.", "Paid time off (PTO) is 30 days a year.", "PTO is asked for in the portal.",
        "The laptop budget is €1,500.", "The laptop budget is €2,000 from 2026 on.", "Laptops are ordered by the manager.",
        "Sabbaticals last six months.", "Nobody flies first class.", "Managers fly first class.", "Ask the people team for help.",
    ]
)  # fmt: skip
FRONT = st.sampled_from(
    ["", "effective: 2026-01-01\n", "effective: 2027-01-01\n", "expires: 2025-12-31\n", "owner: ann@northlight.example\n"]
)
SOURCES = ("a.md", "b.md", "x/[a].md", "x/a.md", "c.md")
ROW = st.tuples(GROUPS, FRONT, st.lists(SENTENCES, min_size=1, max_size=4))
QUESTIONS = st.sampled_from(
    [
        "How many days of PTO are there?", "How much paid time off do I get?", "What is the laptop budget?", "What is the lapttop budget?",
        "Who flies first class, and how long is a sabbatical?", "Is there a canteen?", 'Where is "ordered by the manager" written?',
    ]
)  # fmt: skip
FILTERS = st.sampled_from([Filters(), Filters(("x/*",)), Filters(("x/[a].md",))])
WHEN = 1_700_000_000


@settings(max_examples=40, deadline=None)
@example(
    [*[((), "", ["Ask the people team for help."])] * 2, (("hr",), "", ["Nobody flies."]), ((), "", ["Managers fly first class."])],
    (), "Who flies first class?", Filters(("x/[a].md",)), False, False, OPEN_GATE,
)  # fmt: skip
@given(
    st.lists(ROW, min_size=2, max_size=5),
    GROUPS,
    QUESTIONS,
    FILTERS,
    st.booleans(),
    st.booleans(),
    st.sampled_from([load_gate(), OPEN_GATE]),
)
def test_a_reply_is_that_of_an_index_without_what_may_not_be_read(
    rows: Sequence[tuple[tuple[str, ...], str, Sequence[str]]],
    member_of: tuple[str, ...],
    asked: str,
    filters: Filters,
    with_model: bool,
    replaces: bool,
    gate: Gate,
) -> None:
    reader = Principal("ann", frozenset(member_of))
    texts = [_text(groups, front, words, replaces and at > 0) for at, (groups, front, words) in enumerate(rows)]
    readable = [reader.may_read(groups) for groups, _, _ in rows]
    if not any(readable):
        return
    question = Question(asked, reader, filters=filters)
    with tempfile.TemporaryDirectory() as folder:
        whole, alone = World(Path(folder, "whole")), World(Path(folder, "alone"))
        for source, text, may in zip(SOURCES, texts, readable, strict=False):
            for world in (whole, alone) if may else (whole,):
                os.utime(world.write(source, text), (WHEN, WHEN))
        assert _seen(whole, question, gate, with_model) == _seen(alone, question, gate, with_model)


def _text(groups: tuple[str, ...], front: str, words: Sequence[str], replaces: bool) -> str:
    """A document; one that `replaces` says so of the first."""
    supersedes = f"supersedes: {SOURCES[0]}\n" if replaces else ""
    return f"---\ngroups: [{', '.join(groups)}]\n{front}{supersedes}---\n# Rules\n\n## Of this\n\n{' '.join(words)}\n"


def _seen(world: World, question: Question, gate: Gate, with_model: bool) -> object:
    world.ingest()
    model = FakeChatModel(first_sentence) if with_model else None
    with ExitStack() as stack:
        assistant = stack.enter_context(world.assistant(gate, model=model))
        reply = asyncio.run(assistant.ask(question))
        hits = asyncio.run(assistant.search(question.text, question.principal, question.filters, 10))
        documents = assistant.snapshot().documents
        listed = documents.listed(question.principal)
        pieces = [documents.chunks_of(document.id) for document in listed]
        steps = [step["attributes"] for step in assistant.ledger.trace(reply.trace_id)["steps"]]
    return _timeless(reply), hits, listed, pieces, steps


def _timeless(reply: Reply) -> Reply:
    return replace(reply, trace_id="", generation="", latency_ms={})
