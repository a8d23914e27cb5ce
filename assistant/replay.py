"""Asks past questions again: of the state of the index, by the prompt and with the model of their traces, or with another model.

What cannot be had any more is replaced by what is there today, and the replay says so. All else is as it is set today: gate, limits,
temperature, moderation. Replays are questions: each leaves a trace of its own, its calls are booked and the budgets hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from assistant.answering import Assistant
from assistant.errors import IndexUnavailable, InvalidRequest
from assistant.generation import Home, Snapshots
from assistant.ports import ChunkStore
from assistant.prompting import Prompts, load_prompts
from assistant.replay_compare import Replay, Stored, compare
from assistant.traces import Ledger
from assistant.types import LOCAL, Filters, Principal, Question

_PAGE = 200
_MASK = re.compile(r"\[(?:mail|phone|iban|card)\]")

Open = Callable[[Snapshots, "str | None", Prompts], Assistant]


class Pinned(Home):
    """A home in which one generation counts as the published one."""

    def __init__(self, home: Home, generation: str) -> None:
        super().__init__(home.folder)
        self._generation = generation

    def current(self) -> str:
        return self._generation


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trace, and all that is needed to ask its question again."""

    trace: Stored
    question: Question
    assistant: Assistant
    notes: tuple[str, ...]


class Replayer:
    """`opened` makes an assistant that answers from these snapshots with this model (None: extracts) by these prompts. `other` is asked in
    place of each trace's model."""

    def __init__(
        self, ledger: Ledger, home: Home, chunk_store: ChunkStore, embeddings: str, opened: Open, other: str | None = None
    ) -> None:
        self.ledger = ledger
        self._home = home
        self._chunk_store = chunk_store
        self._embeddings = embeddings
        self._opened = opened
        self._other = other
        self._snapshots: dict[str, Snapshots] = {}
        self._assistants: dict[tuple[str, str | None, str], Assistant] = {}
        self._published = home.current()

    def prepare(self, traces: Sequence[Stored]) -> list[Prepared]:
        """Before the first is paid for. Raises InvalidRequest where a trace has no reply, SettingsError where a model cannot be had,
        IndexUnavailable where there is no index."""
        return [self._prepared(trace) for trace in traces]

    async def replay(self, prepared: Sequence[Prepared], progress: Callable[[int], None]) -> list[Replay]:
        """One after the other, so that times are worth something. `progress` is told how many are done."""
        for assistant in self._assistants.values():
            await assistant.warm_up()
        replays = []
        for item in prepared:
            replays.append(await self._again(item))
            progress(len(replays))
        return replays

    async def _again(self, item: Prepared) -> Replay:
        reply = await item.assistant.ask(item.question, origin=item.trace["id"])
        as_of = str(item.question.as_of)
        return compare(item.question.text, as_of, item.notes, item.trace, self.ledger.trace(reply.trace_id))

    def _prepared(self, asked: Stored) -> Prepared:
        notes: list[str] = []
        trace = self._original(asked, notes)
        if trace["reply"] is None:
            raise InvalidRequest("TRACE", f"{trace['id']} has no reply ({trace['outcome']}), so there is nothing to hold another against")
        notes += _remarks(trace)
        generation = self._generation(trace["generation"], notes)
        model = self._other or trace["model"]
        prompts = self._prompts(trace["prompt"], notes) if model else load_prompts()
        key = (generation, model, prompts.version)
        if key not in self._assistants:
            self._assistants[key] = self._opened(self._snapshots[generation], model, prompts)
        return Prepared(trace, question_of(trace), self._assistants[key], tuple(notes))

    def _original(self, trace: Stored, notes: list[str]) -> Stored:
        """What the cache gave again was answered before; its cost and its time are those of the cache."""
        if trace["mode"] != "cache":
            return trace
        notes.append(f"{trace['id']} came out of the cache; {trace['origin']}, which it repeats, is asked again.")
        return self.ledger.trace(trace["origin"])

    def _generation(self, wanted: str, notes: list[str]) -> str:
        """Opens it, or the published one in its place."""
        try:
            return self._open(wanted)
        except IndexUnavailable:
            if wanted == self._published:
                raise
        gone = "cannot be opened" if wanted in self._home.complete() else "is gone"
        notes.append(f"Its generation {wanted} {gone}; the published one is asked.")
        return self._open(self._published)

    def _open(self, generation: str | None) -> str:
        """None: nothing was published, and who opens that is told so."""
        if generation not in self._snapshots:
            home = Pinned(self._home, generation) if generation else self._home
            snapshots = Snapshots(home, self._chunk_store, self._embeddings)
            generation = snapshots.current().generation
            self._snapshots[generation] = snapshots
        return generation

    def _prompts(self, wanted: str | None, notes: list[str]) -> Prompts:
        """Those of the hash, or today's. Without a hash nothing is missing: the trace's answer was made without prompts."""
        if wanted is None:
            return load_prompts()
        if (text := self.ledger.prompt(wanted)) is not None:
            return Prompts.read(text)
        notes.append(f"Its prompt {wanted} is not kept; today's is used.")
        return load_prompts()


def last(ledger: Ledger, number: int) -> list[Stored]:
    """The newest traces that were answered or refused, but for those that repeat another one."""
    found: list[Stored] = []
    for summary in _newest(ledger):
        if len(found) == number:
            break
        if summary["kind"] is not None and summary["origin"] is None:
            found.append(ledger.trace(summary["id"]))
    return found


def question_of(trace: Stored) -> Question:
    """As it was understood, on the day on which it was asked, with the same rights; what it costs is booked under `local`."""
    groups = trace["groups"]
    principal = LOCAL if groups is None else Principal(LOCAL.name, frozenset(groups))
    day = date.fromisoformat(trace["as_of"]) if trace["as_of"] else datetime.fromisoformat(trace["created"]).date()
    return Question(trace["standalone"], principal, filters=Filters(tuple(trace["filters"]["sources"])), as_of=day)


def _newest(ledger: Ledger) -> Iterator[Stored]:
    before: tuple[str, str] | None = None
    while page := ledger.recent(_PAGE, before):
        yield from page
        before = page[-1]["created"], page[-1]["id"]


def _remarks(trace: Stored) -> Iterator[str]:
    if trace["standalone"] != trace["question"]:
        yield "A follow-up: it is asked as it was rewritten, and what rewriting took is not counted."
    if _MASK.search(trace["standalone"]):
        yield "Personal data in it was masked when it was stored; it is asked as it is stored."
