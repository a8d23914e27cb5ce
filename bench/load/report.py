"""The tables of `python -m bench.load`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.load.client import OK, TURNED_AWAY, Asked
from bench.load.crowd import Told
from bench.streams.processes import Sample, cores, cores_of_others
from bench.streams.report import RowOf, shares

# Seconds after which an answer comes too late to be of use.
USEFUL = 10.0


@dataclass(frozen=True, slots=True)
class Round:
    """What was asked from `began` on for so many seconds, and the processes meanwhile; the one that was asked is called `asked`."""

    began: float
    seconds: float
    told: Sequence[Told]
    samples: Mapping[str, Sequence[Sample]]

    @property
    def end(self) -> float:
        return self.began + self.seconds

    @property
    def every(self) -> list[Asked]:
        return [one for told in self.told for one in told]

    @property
    def turned_away(self) -> list[Asked]:
        return [one for one in self.every if one.ending == TURNED_AWAY]

    @property
    def answered(self) -> list[Told]:
        """Whose answer came before the end."""
        return [told for told in self.told if told[-1].ending == OK and told[-1].until <= self.end]

    @property
    def answers_per_second(self) -> float:
        return len(self.answered) / self.seconds

    @property
    def goodput(self) -> float:
        """Answers a second that came soon enough to be of use."""
        return sum(waited(told) <= USEFUL * 1000 for told in self.answered) / self.seconds

    @property
    def used(self) -> str:
        """Cores: of the one that was asked, of its clients, of everybody else."""
        during = {name: [one for one in all_ if one.at <= self.end + 0.5] for name, all_ in self.samples.items()}
        parts = [cores(during["asked"]), cores(during["clients"]), cores_of_others(during)]
        return " / ".join(f"{part:.2f}" for part in parts)


def waited(told: Told) -> float:
    """Milliseconds from asking the first time to the last word."""
    return (told[-1].until - told[0].at) * 1000


def load_row(name: str, clients: int, of: Round) -> RowOf:
    return {
        "asked": name,
        "clients": clients,
        "answers": len(of.answered),
        "answers/s": f"{of.answers_per_second:.1f}",
        "answer, ms": shares([told[-1].milliseconds for told in of.answered]),
        "with pauses, ms": shares([waited(told) for told in of.answered]),
        "turned away": len(of.turned_away),
        "errors": others(of.every),
        "cores: asked / clients / rest": of.used,
    }


def overload_rows(of: Round, best: float, health: Sequence[Asked]) -> Iterator[RowOf]:
    answered = [told[-1].milliseconds for told in of.answered]
    well = [one.milliseconds for one in health if one.ending == OK]
    figures = {
        "questions, in seconds": f"{len(of.told)} in {of.seconds:.0f}",
        "questions/s; best answers/s before": f"{len(of.told) / of.seconds:.0f}; {best:.1f}",
        "asked after their time, ms": shares([one.late * 1000 for one in of.every]),
        f"answers/s within {USEFUL:.0f} s; share of the best": f"{of.goodput:.1f}; {of.goodput / best:.0%}",
        "answer, ms": shares(answered),
        "answers in time, after the last question": f"{len(answered)}, {sum(one.ending == OK for one in of.every) - len(answered)}",
        "turned away": len(of.turned_away),
        "being turned away, ms": shares([one.milliseconds for one in of.turned_away], 1),
        "errors": others(of.every),
        "health asked; not 200": f"{len(health)}; {len(health) - len(well)}",
        "health, ms": shares(well),
        "cores: asked / clients / rest": of.used,
    }
    yield from ({"what": name, "figure": value} for name, value in figures.items())


def others(every: Iterable[Asked]) -> str:
    """What was neither an answer nor turning away, by status or kind of error."""
    return counted(one.ending for one in every if one.ending not in (OK, TURNED_AWAY))


def counted(words: Iterable[object]) -> str:
    return ", ".join(f"{count} {word}" for word, count in Counter(words).most_common()) or "none"
