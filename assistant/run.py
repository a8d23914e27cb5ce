"""One question on its way through the steps: what is known of it so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime

from assistant.cache import sentences_of
from assistant.compose import Composer, Said
from assistant.events import Event, Found, Place, Tell
from assistant.model_calls.account import Account
from assistant.model_calls.deadline import Deadline
from assistant.steps import StepLog
from assistant.types import Question, Reply, Statement

_MARK = re.compile(r"\[(\d+)\]")


class Run:
    """`standalone`, `generation`, `key` and `origin` are set by the steps that find them out. `turn` is held until its trace is written."""

    def __init__(
        self, question: Question, trace_id: str, account: Account, deadline: Deadline, tell: Tell | None, origin: str | None
    ) -> None:
        self.question = question
        self.trace_id = trace_id
        self.account = account
        self.deadline = deadline
        self.log = StepLog()
        self.standalone = question.text
        self.generation = ""
        self.key: str | None = None
        self.origin = origin
        self.composer = Composer()
        self.turn = AsyncExitStack()
        self._tell = tell
        self._said: list[Statement] = []

    @property
    def day(self) -> date:
        """By which documents are in force."""
        return self.question.as_of or datetime.now(UTC).date()

    @property
    def heard(self) -> bool:
        """Somebody waits for sentences."""
        return self._tell is not None

    def tell(self, event: Event) -> None:
        if self._tell is not None:
            self._tell(event)

    def say(self, statement: Statement) -> None:
        self._said.append(statement)
        for said in self.composer.add(statement):
            self.tell(said)

    def finish(self, statements: Sequence[Statement]) -> None:
        """Says what was not said yet."""
        for statement in statements:
            if statement not in self._said:
                self.say(statement)

    def repeat(self, reply: Reply) -> None:
        """Tells a reply that was given before as it would have been told then."""
        self.tell(Found(tuple(dict.fromkeys(Place.of(citation) for citation in reply.citations))))
        for text in sentences_of(reply.text):
            marks = {int(mark) for mark in _MARK.findall(text)}
            self.tell(Said(text, tuple(citation for citation in reply.citations if citation.marker in marks)))
