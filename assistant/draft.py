"""A model's reply while it is being written: each sentence is grounded as soon as it is whole, and said only then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from assistant.ground import Dropped, ground
from assistant.reply_reader import ReplyReader, Unusable
from assistant.types import Claim, Evidence, Statement


class Draft:
    """An `assistant.model_calls.caller.Ear`. `say` is told each statement at once; without it, nothing leaves before the whole is there."""

    def __init__(
        self, question: str, evidence: Sequence[Evidence], rare: Callable[[str], bool], say: Callable[[Statement], None] | None = None
    ) -> None:
        self._question = question
        self._rare = rare
        self._evidence = evidence
        self._say = say
        self.begin()

    def begin(self) -> None:
        self._reader = ReplyReader()
        self.claims: list[Claim] = []
        self.statements: list[Statement] = []
        self.dropped: list[Dropped] = []
        self.milliseconds = 0.0

    @property
    def committed(self) -> bool:
        return self._say is not None and bool(self.statements)

    def hear(self, piece: str) -> None:
        for claims in self._reader.feed(piece):
            self._ground(claims)

    def verdict(self, ended: str) -> Unusable | None:
        """Why a reply without claims cannot be used; None where it says that there is no answer."""
        return self._reader.verdict(ended)

    @property
    def objection(self) -> str:
        """What was wrong with the claims, in words for the model."""
        return " ".join(f"«{item.claim.text}»: {item.reason}." for item in self.dropped)

    @property
    def reasons(self) -> list[dict[str, str]]:
        """What was dropped and why, for the trace."""
        return [{"text": item.claim.text, "reason": item.reason} for item in self.dropped]

    def _ground(self, claims: Sequence[Claim]) -> None:
        started = time.perf_counter()
        grounding = ground(claims, self._evidence, self._question, self._rare)
        self.milliseconds += (time.perf_counter() - started) * 1000
        self.claims += claims
        self.dropped += grounding.dropped
        said = {statement.text for statement in self.statements}
        for statement in grounding.statements:
            if statement.text not in said:
                self.statements.append(statement)
                if self._say is not None:
                    self._say(statement)
