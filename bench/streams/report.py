"""The tables of `python -m bench.streams`."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.measures import percentile
from bench.streams.client import Asked
from bench.streams.leaving import noticed
from bench.streams.processes import Sample, cores, cores_of_others, slope
from bench.streams.provider import SECONDS, Kind

SHARES = (50, 95, 99)

Bill = Mapping[int, Mapping[str, Any]]
RowOf = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Round:
    """Those who asked, and the processes meanwhile."""

    asked: Sequence[Asked]
    samples: Mapping[str, Sequence[Sample]]

    @property
    def full(self) -> Mapping[str, Sequence[Sample]]:
        """From when the first answers end to when the last question is asked: as many are open as there will be."""
        asked = [one.moments["asked"] for one in self.asked]
        return {name: [s for s in all_ if min(asked) + SECONDS[Kind.LOAD] <= s.at <= max(asked)] for name, all_ in self.samples.items()}


def well(asked: Asked) -> bool:
    """Whether the model's answer came."""
    return ending(asked) == "answer"


def ending(asked: Asked) -> str:
    """`answer`, or in a word what came in its place. A question's confidence changes a little with its number, so some are refused."""
    if asked.reply is None:
        return asked.error or "nothing"
    if asked.reply["refusal"]:
        return str(asked.reply["refusal"]["reason"])
    return " ".join([asked.reply["kind"], *(notice["kind"] for notice in asked.reply["notices"])])


def crowd_row(rate: float, of: Round, bill: Bill) -> RowOf:
    answered = [one for one in of.asked if well(one)]
    pieces = sum(bill[one.number]["pieces"] for one in answered) / len(answered) / SECONDS[Kind.LOAD]
    return {
        "questions/s": f"{rate:.0f}",
        "asked": len(of.asked),
        "ended in": _counted(ending(one) for one in of.asked),
        "most open": most_open(of.asked),
        "pieces/s of each": f"{pieces:.1f}",
        "added, ms": shares(added(answered, bill)),
        "evidence after, ms": shares([one.since_asked("evidence") * 1000 for one in answered]),
        "retrieve and gate, ms": shares([_milliseconds(one, "retrieve", "gate") for one in answered]),
        "first sentence after, s": shares([one.since_asked("sentence") for one in answered], 1),
        "asked too late, ms": shares([one.late * 1000 for one in of.asked]),
        "cores of others": f"{cores_of_others(of.full):.2f}",
    }


def added(asked: Sequence[Asked], bill: Bill) -> list[float]:
    """Milliseconds that each answer took longer than the provider."""
    return [(one.since_asked("done") - (bill[one.number]["ended"] - bill[one.number]["started"])) * 1000 for one in asked]


def _milliseconds(asked: Asked, *steps: str) -> float:
    return sum(asked.reply["latency_ms"][step] for step in steps) if asked.reply else math.nan


def most_open(asked: Sequence[Asked]) -> int:
    """How many streams were open at once."""
    turns = sorted([(one.moments["asked"], 1) for one in asked] + [(one.moments["done"], -1) for one in asked if "done" in one.moments])
    return max(itertools.accumulate(change for _, change in turns))


def process_rows(of: Round) -> Iterator[RowOf]:
    """While all streams are open; → between before, at most, and after."""
    for name, full in of.full.items():
        every = of.samples[name]
        yield {
            "process": name,
            "cores": f"{cores(full):.2f}",
            "MB": f"{every[0].megabytes:.0f} → {full[0].megabytes:.0f} … {full[-1].megabytes:.0f} → {every[-1].megabytes:.0f}",
            "MB/minute": f"{slope(full):+.1f}",
            "open files": _course([one.files for one in every]),
            "threads": _course([one.threads for one in every]),
        }


def leaving_rows(gone: Round, after: Round, bill: Bill, ledger: Mapping[str, Any]) -> Iterator[RowOf]:
    numbers = {one.number for one in gone.asked}
    requests = [record for number, record in bill.items() if number in numbers]
    waits = [seconds * 1000 for seconds in noticed(gone.asked, requests)]
    left = [one.moments["left"] for one in gone.asked if "left" in one.moments]
    calls = ledger["calls"]
    every = gone.samples["server"]
    figures = {
        "clients; left before the end": f"{len(gone.asked)}; {len(left)}",
        "errors of those who stayed": sum(one.error is not None for one in gone.asked),
        "requests at the provider; closed early": f"{len(requests)}; {len(waits)}",
        "client gone → provider's line closed, ms": f"{shares(waits)}, at most {max(waits):.0f}",
        "last client gone → none open at the provider, ms": f"{(max(record['ended'] for record in requests) - max(left)) * 1000:.0f}",
        "requests that are not booked": sum(record["number"] not in calls for record in requests),
        "closed early, booked otherwise": sum(record["cancelled"] and calls.get(record["number"]) != ["cancelled"] for record in requests),
        "calls by error": _counted(error or "none" for errors in calls.values() for error in errors),
        "calls without a trace": ledger["without a question"],
        "traces by outcome": _counted(ledger["outcomes"].elements()),
        "server's MB": _course([round(one.megabytes) for one in every]),
        "server's open files": _course([one.files for one in every]),
        "server's threads": _course([one.threads for one in every]),
        "questions afterwards; answered": f"{len(after.asked)}; {sum(map(well, after.asked))}",
    }
    yield from ({"what": name, "figure": value} for name, value in figures.items())


def shares(values: Sequence[float], digits: int = 0) -> str:
    return " / ".join(f"{percentile(values, share):.{digits}f}" for share in SHARES)


def table(rows: Sequence[RowOf]) -> Iterator[str]:
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|" + "---|" * len(rows[0])
    for row in rows:
        yield "| " + " | ".join(map(str, row.values())) + " |"


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in Counter(words).most_common())


def _course(values: Sequence[int]) -> str:
    return f"{values[0]} → {max(values)} → {values[-1]}"
