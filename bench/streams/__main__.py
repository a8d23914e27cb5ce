"""Holds many streams open against a slow provider, and lets clients leave: `python -m bench.streams [--rate 20 --seconds 60]`.

The sample company is ingested; `footnote serve`, a fake provider whose answers stream for 15 s, and the clients have a process each. New
questions come at `--rate` a second for so many seconds, each another one. What Footnote adds to a question's time is the time from asking
to `done`, less the time from the request's arrival at the provider to its last byte. The same is measured at two questions a second. Then
clients leave at every moment of answers that stream for 3 s. Tables go to stdout; times are p50 / p95 / p99.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path

from assistant.generation import Home
from bench.retrieval import SAMPLE, read_rows
from bench.said import complaints, listed
from bench.served import ingest
from bench.streams.client import Asked
from bench.streams.crowd import Crowd, that_pass
from bench.streams.leaving import booked
from bench.streams.processes import Running, Watch, provider, server
from bench.streams.provider import Kind
from bench.streams.report import Round, crowd_row, leaving_rows, process_rows, table

POLICIES = SAMPLE.parent / "policies"
QUIET_RATE = 2.0
QUIET_COUNT = 40
LEAVING_RATE = 20.0
AGAIN = 20
SETTLE = 10.0


async def measure(run: Running, fake: Running, arguments: argparse.Namespace) -> tuple[Round, ...]:
    """Few at once, many at once, those who leave, a few behind them."""
    watched = {"server": run.pid, "provider": fake.pid, "clients": os.getpid()}

    async def during(name: str, asking: Awaitable[list[Asked]]) -> Round:
        _say(name)
        async with Watch(watched) as watch:
            asked = await asking
            await asyncio.sleep(SETTLE)
        return Round(asked, watch.samples)

    rows = read_rows(SAMPLE / "questions.jsonl")
    questions = await that_pass(run.url, [row["question"] for row in rows if row["answerable"] and not row.get("history")])
    _say(f"{len(questions)} questions pass the gate")
    crowd = Crowd(run.url, questions)
    return (
        await during(f"{QUIET_RATE:.0f} a second", crowd.comes(Kind.LOAD, QUIET_RATE, QUIET_COUNT)),
        await during(f"{arguments.rate:.0f} a second", crowd.comes(Kind.LOAD, arguments.rate, int(arguments.rate * arguments.seconds))),
        await during(f"{arguments.leaving} clients leave", crowd.leaves(LEAVING_RATE, arguments.leaving)),
        await during("others ask", crowd.asks_one_by_one(Kind.AFTERWARDS, AGAIN)),
    )


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}; load average {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--rate", type=float, default=20.0, help="questions a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long they come")
    parser.add_argument("--sentences", type=int, default=3, help="of each answer; a sentence is about 60 pieces")
    parser.add_argument("--leaving", type=int, default=1000, help="clients that leave")
    arguments = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="footnote-streams-") as temporary:
        home, bill, errors = (Path(temporary) / name for name in ("home", "bill.json", "errors.txt"))
        ingest(POLICIES, home)
        with provider(bill, arguments.sentences) as fake:
            settings = {"FOOTNOTE_MODEL": "openai:gpt-5-mini", "OPENAI_BASE_URL": fake.url, "OPENAI_API_KEY": "test"}
            with server(home, settings, errors) as run:
                few, many, gone, after = asyncio.run(measure(run, fake, arguments))
        served = {one["number"]: one for one in json.loads(bill.read_text(encoding="utf-8"))}
        ledger = booked(Home(home).traces, [one.number for one in gone.asked])
        said = complaints(errors)
    print(*table([crowd_row(QUIET_RATE, few, served), crowd_row(arguments.rate, many, served)]), "", sep="\n")
    print(*table(list(process_rows(many))), "", sep="\n")
    print(*table(list(leaving_rows(gone, after, served, ledger))), "", sep="\n")
    print(*listed("lines of the server's log are complaints", said), sep="\n")


if __name__ == "__main__":
    main()
