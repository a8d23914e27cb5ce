"""Which documents are in force on a day, and what takes the place of those that are not.

A document says three things of its time: `effective`, the first day on which it holds, `expires`, the last one, and `supersedes`, the
sources that it takes the place of. Documents that are linked by `supersedes` are editions of one thing. What the asker may not read does
not exist here either: it ends no edition and stands in for none.

    editions = Editions(documents.editions())                 once for a generation
    standing = editions.standing(source, principal, day)      for each document that was found
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from assistant.documents import Edition
from assistant.types import Principal

State = Literal["in_force", "not_yet_in_force", "superseded", "expired"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a document stands on a day. `replaced` is the day on which its first successor came, None where it has none or that names no
    day. `prevailing` are the other editions of the same thing that hold on that day, the latest first; empty for what is in force."""

    edition: Edition
    state: State
    replaced: date | None = None
    prevailing: tuple[Edition, ...] = ()

    @property
    def in_force(self) -> bool:
        return self.state == "in_force"


class Editions:
    """The documents of one generation by their times. Never changes; safe to share."""

    def __init__(self, editions: Iterable[Edition]) -> None:
        self._editions = {edition.source: edition for edition in editions}
        self._successors: dict[str, list[Edition]] = {}
        for edition in self._editions.values():
            for source in edition.supersedes:
                self._successors.setdefault(source, []).append(edition)

    def standing(self, source: str, principal: Principal, day: date) -> Standing:
        """Raises KeyError where there is no such document."""
        edition = self._editions[source]
        successors = self._begun_successors(edition, principal, day)
        state = _state(edition, bool(successors), day)
        if state == "in_force":
            return Standing(edition, state)
        days = [successor.effective for successor in successors if successor.effective]
        return Standing(edition, state, min(days, default=None), self._prevailing(edition, principal, day))

    def _prevailing(self, edition: Edition, principal: Principal, day: date) -> tuple[Edition, ...]:
        line = [other for other in self._linked(edition, principal, both_ways=True) if other.source != edition.source]
        held = [other for other in line if _state(other, bool(self._begun_successors(other, principal, day)), day) == "in_force"]
        return tuple(sorted(held, key=lambda other: (-(other.effective or date.min).toordinal(), other.source)))

    def _begun_successors(self, edition: Edition, principal: Principal, day: date) -> list[Edition]:
        """All later editions that have begun, the successors of successors too. Once replaced is replaced, even where the successor has
        expired since. Editions that supersede each other settle nothing."""
        later = [other for other in self._linked(edition, principal, both_ways=False) if _begun(other, day)]
        return [] if edition in later else later

    def _linked(self, edition: Edition, principal: Principal, *, both_ways: bool) -> list[Edition]:
        """What can be reached through editions that may be read; the edition itself only by a way that leads back to it."""
        reached: dict[str, Edition] = {}
        waiting = deque([edition])
        while waiting:
            for other in self._neighbours(waiting.popleft(), both_ways):
                if other.source not in reached and principal.may_read(other.groups):
                    reached[other.source] = other
                    waiting.append(other)
        return list(reached.values())

    def _neighbours(self, edition: Edition, both_ways: bool) -> Iterator[Edition]:
        yield from self._successors.get(edition.source, ())
        if both_ways:
            yield from (self._editions[source] for source in edition.supersedes if source in self._editions)


def facts(standing: Standing) -> str | None:
    """What a reader of the document should know of its time, in one line; None where it says nothing of it."""
    edition, others = standing.edition, _named(standing.prevailing)
    if standing.state == "not_yet_in_force":
        return (
            f"Not in force before {edition.effective}; until then {others} holds" if others else f"Not in force before {edition.effective}"
        )
    if standing.state == "superseded":
        on = f" on {standing.replaced}" if standing.replaced else ""
        return f"No longer in force: replaced{on}; {others} holds" if others else f"No longer in force: replaced{on}"
    if standing.state == "expired":
        return f"No longer in force: it held until {edition.expires}" + (f"; {others} holds" if others else "")
    return _since(edition)


def _named(editions: Sequence[Edition]) -> str:
    return f"“{editions[0].title}”" if editions else ""


def _since(edition: Edition) -> str | None:
    since = f"In force since {edition.effective}" if edition.effective else None
    until = f"until {edition.expires}" if edition.expires else None
    return f"{since or 'In force'} {until}" if until else since


def _begun(edition: Edition, day: date) -> bool:
    return edition.effective is None or edition.effective <= day


def _state(edition: Edition, replaced: bool, day: date) -> State:
    if not _begun(edition, day):
        return "not_yet_in_force"
    if replaced:
        return "superseded"
    return "expired" if edition.expires and edition.expires < day else "in_force"
