"""The tables of `python -m bench.mixed`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.load.report import counted
from bench.mixed.company import Ingested
from bench.streams.processes import Sample, cores, cores_of_others, slope
from bench.streams.report import RowOf, shares

MINUTE = 60.0
SPAN = 5 * MINUTE
WARM = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Done:
    """One request: seconds from the beginning until it was asked, the status or the kind of error that came in its place."""

    at: float
    kind: str
    path: str
    milliseconds: float
    ending: int | str
    complaint: str | None


@dataclass(frozen=True, slots=True)
class Course:
    """All that happened in so many seconds. `began` is of the monotonic clock, as the samples are."""

    began: float
    seconds: float
    done: Sequence[Done]
    ingested: Sequence[Ingested]
    samples: Mapping[str, Sequence[Sample]]

    def sampled(self, start: float, end: float) -> dict[str, list[Sample]]:
        return {name: [one for one in all_ if start <= one.at - self.began <= end] for name, all_ in self.samples.items()}

    def asked(self, start: float, end: float) -> list[Done]:
        return [one for one in self.done if start <= one.at < end]


def kind_rows(of: Course) -> Iterator[RowOf]:
    for kind in sorted({one.kind for one in of.done}):
        mine = [one for one in of.done if one.kind == kind]
        yield {
            "kind": kind,
            "requests": len(mine),
            "status": counted(one.ending for one in mine),
            "ms": shares([one.milliseconds for one in mine]),
        }


def minute_rows(of: Course) -> Iterator[RowOf]:
    for start, end in spans(of.seconds, MINUTE):
        asked = of.asked(start, end)
        yield {
            "minute": f"{start / MINUTE:.0f}",
            "requests": len(asked),
            "all, ms": shares([one.milliseconds for one in asked]),
            "ask, ms": shares([one.milliseconds for one in asked if one.kind == "ask"]),
            "ingests, s": ingests(of, start, end),
        }


def server_rows(of: Course) -> Iterator[RowOf]:
    """What the server held: at first → at most → at last."""
    for start, end in spans(of.seconds, SPAN):
        during = of.sampled(start, end)
        server = during["server"]
        used = [cores(server), cores(during["clients"]), cores_of_others(during)]
        yield {
            "minutes": f"{start / MINUTE:.0f} to {end / MINUTE:.0f}",
            "requests": len(of.asked(start, end)),
            "server's MB": course([round(one.megabytes) for one in server]),
            "open files": course([one.files for one in server]),
            "threads": course([one.threads for one in server]),
            "cores: server / clients / rest": " / ".join(f"{part:.2f}" for part in used),
            "ingests, s": ingests(of, start, end),
            "generations left": ", ".join(str(one.generations) for one in of.ingested if start <= one.at < end),
        }


def trend(of: Course) -> str:
    """From the tenth minute on, or from the middle of what is shorter than twice that."""
    start = min(WARM, of.seconds / 2)
    return f"{slope(of.sampled(start, of.seconds)['server']):+.2f} MB a minute from minute {start / MINUTE:g} on"


def spans(seconds: float, each: float) -> list[tuple[float, float]]:
    """The stretches that a time falls into, the last one cut."""
    return [(number * each, min(seconds, (number + 1) * each)) for number in range(-int(-seconds // each))]


def wrong_replies(of: Course) -> list[str]:
    return [f"{one.at:.0f} s, {one.kind} ({one.path}): {one.ending} {one.complaint}" for one in of.done if one.complaint is not None]


def failed_ingests(of: Course) -> list[str]:
    return [f"{one.at:.0f} s, {one.change}: {one.complaint}" for one in of.ingested if one.complaint is not None]


def ingests(of: Course, start: float, end: float) -> str:
    return " ".join(f"{one.seconds:.1f}" for one in of.ingested if start <= one.at < end) or "none"


def course(values: Sequence[int]) -> str:
    return f"{values[0]} → {max(values)} → {values[-1]}"
