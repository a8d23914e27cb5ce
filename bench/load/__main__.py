"""How many questions a server answers, and what becomes of those that are too many: `python -m bench.load FOLDER [--seconds 15]`.

FOLDER holds the evaluation sets. The handbook's corpus is ingested, or `--home` names a FOOTNOTE_HOME that holds it already; a copy of it
is used. `footnote serve` without a model, a bare FastAPI endpoint whose replies are as large as the median reply, and the clients have a
process each. The handbook's questions are asked in their order, again and again. First so many clients ask the one and the other, each the
next question when it has its reply; who is turned away waits as long as it is told to, one second at most, and asks again. Then questions
come at ten times the best rate of answers, whatever becomes of them, and health is asked once a second. Tables go to stdout; times are
p50 / p95 / p99.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path

from assistant.generation import Home, read_manifest
from bench.load.client import OK, Asked, Line, health, questions
from bench.load.crowd import Told, closed_loop, open_loop
from bench.load.plain import plain
from bench.load.report import Round, load_row, overload_rows
from bench.retrieval import read_rows
from bench.said import complaints, listed, measured_on, say
from bench.served import ingest
from bench.streams.processes import Running, Watch, server
from bench.streams.report import table

SET = "handbook"
CLIENTS = (1, 8, 32, 128)
PROBE = 40
TOO_MANY = 10
# What a server writes, and what nobody needs who asks.
_LEFT_OUT = ("traces.sqlite*", "embeddings.sqlite*", "keys.json", "audit.jsonl", "server.json", "*.lock")


async def during(run: Running, seconds: float, asking: Awaitable[Iterable[Told]]) -> Round:
    began = time.monotonic()
    async with Watch({"asked": run.pid, "clients": os.getpid()}) as watch:
        told = list(await asking)
    return Round(began, seconds, told, watch.samples)


async def one_by_one(url: str, requests: Iterator[bytes]) -> list[Asked]:
    """A few questions to begin with."""
    line = Line(url)
    asked = [await line.send(next(requests)) for _ in range(PROBE)]
    line.close()
    return asked


async def rows_of_load(runs: dict[str, tuple[Running, Iterator[bytes]]], seconds: float) -> list[tuple[str, int, Round]]:
    found = []
    for clients in CLIENTS:
        for name, (run, requests) in runs.items():
            say(f"{clients} clients ask {name}")
            found.append((name, clients, await during(run, seconds, closed_loop(run.url, requests, clients, seconds))))
    return found


async def overload(run: Running, requests: Iterator[bytes], rate: float, seconds: float) -> tuple[Round, list[Asked]]:
    say(f"{rate:.0f} questions a second")

    async def asking() -> Iterable[Told]:
        return [(one,) for one in await open_loop(run.url, requests, rate, seconds)]

    watching = asyncio.create_task(open_loop(run.url, repeat(health(run.url)), 1, seconds))
    return await during(run, seconds, asking()), await watching


async def measure(run: Running, texts: Sequence[str], arguments: argparse.Namespace) -> list[str]:
    requests = questions(run.url, texts)
    probed = [one for one in await one_by_one(run.url, requests) if one.ending == OK]
    size = round(statistics.median(one.size for one in probed))
    with plain(size) as bare:
        runs = {"footnote": (run, requests), "FastAPI alone": (bare, questions(bare.url, texts))}
        load = await rows_of_load(runs, arguments.seconds)
    best = max(of.answers_per_second for name, _, of in load if name == "footnote")
    refused = [told[-1].refused for name, _, of in load if name == "footnote" for told in of.answered]
    flood, looked = await overload(run, requests, TOO_MANY * best, arguments.overload)
    said = f"Median reply: {size} bytes. Of {len(refused)} replies in these rows {sum(refused)} are refusals."
    return [said, "", *table([load_row(*row) for row in load]), "", *table(list(overload_rows(flood, best, looked)))]


def make_home(folder: Path, given: Path | None, home: Path) -> str:
    """Makes a FOOTNOTE_HOME; returns what it holds, in words."""
    if given:
        shutil.copytree(given, home, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    else:
        say(f"ingesting {folder / SET / 'corpus'}")
        ingest(folder / SET / "corpus", home)
    manifest = read_manifest(Home(home).generation(Home(home).current() or ""))
    return f"{manifest.documents} documents, {manifest.chunks} chunks"


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--home", type=Path, help=f"a FOOTNOTE_HOME that holds the corpus of {SET}")
    parser.add_argument("--seconds", type=float, default=15.0, help="for how long so many clients ask")
    parser.add_argument("--overload", type=float, default=20.0, help="for how many seconds too many questions come")
    arguments = parser.parse_args(given)
    texts = [str(row["question"]) for row in read_rows(arguments.folder / SET / "questions.jsonl")]
    with tempfile.TemporaryDirectory(prefix="footnote-load-") as temporary:
        home, errors = (Path(temporary) / name for name in ("home", "errors.txt"))
        holds = make_home(arguments.folder, arguments.home, home)
        with server(home, {}, errors) as run:
            found = asyncio.run(measure(run, texts, arguments))
        said = complaints(errors)
    print(measured_on())
    print(f"{holds}; {len(texts)} questions; {arguments.seconds:g} s a row, {arguments.overload:g} s of overload.", *found, "", sep="\n")
    print(*listed("lines of the server's log are complaints", said), sep="\n")


if __name__ == "__main__":
    main()
