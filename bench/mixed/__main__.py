"""Asks everything of a server while its documents change: `python -m bench.mixed FOLDER [--minutes 30]`.

FOLDER holds the evaluation sets. The sample company and a folder with files of the handbook are ingested; `footnote serve` without a model
and the clients have a process each. There are keys of three groups and an admin's. Requests come at `--rate` a second, whatever becomes
of them: questions, plain and streamed, in Footnote's words and in OpenAI's, searches, documents, traces, ratings, costs, figures. Once a
minute a file is added, changed or removed, and `ingest` runs. What is neither 200 nor the 404 of a document that was removed nor 429 is
listed with its body. Tables go to stdout; times are p50 / p95 / p99.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from bench.mixed.company import Company, changes, generations, make_keys
from bench.mixed.people import People, Wish, complaint, learn
from bench.mixed.report import Course, Done, failed_ingests, kind_rows, minute_rows, server_rows, trend, wrong_replies
from bench.retrieval import SAMPLE, read_rows
from bench.said import complaints, listed, measured_on, say
from bench.served import ingest
from bench.streams.processes import Running, Watch, server
from bench.streams.report import table

SET = "handbook"
POLICIES = SAMPLE.parent / "policies"
LONGEST_WAIT = 60.0
# uvicorn closes a connection that was idle for five seconds; a client has to be before it.
KEPT = 2.0


async def steadily(people: People, company: Company, client: httpx.AsyncClient, rate: float, seconds: float) -> list[Done]:
    loop = asyncio.get_running_loop()
    began, asking = loop.time(), []
    for turn in range(round(rate * seconds)):
        await asyncio.sleep(began + turn / rate - loop.time())
        asking.append(asyncio.create_task(fulfil(people.wish(), company, client, began)))
    return await asyncio.gather(*asking)


async def fulfil(wish: Wish, company: Company, client: httpx.AsyncClient, began: float) -> Done:
    at = time.monotonic()
    headers = {"authorization": f"Bearer {wish.person.key}"}
    try:
        response = await client.request(wish.method, wish.path, json=wish.body, headers=headers)
    except httpx.TransportError as error:
        return Done(at - began, wish.kind, wish.path, (time.monotonic() - at) * 1000, type(error).__name__, str(error))
    took = (time.monotonic() - at) * 1000
    wrong = complaint(wish, response.status_code, response.text, company.removed)
    if response.is_success and not wrong:
        learn(wish, response.text)
    return Done(at - began, wish.kind, wish.path, took, response.status_code, wrong)


async def measure(run: Running, company: Company, home: Path, people: People, arguments: argparse.Namespace) -> Course:
    seconds, began = arguments.minutes * 60, time.monotonic()
    limits = httpx.Limits(max_connections=None, keepalive_expiry=KEPT)
    async with (
        httpx.AsyncClient(base_url=run.url, timeout=LONGEST_WAIT, limits=limits, trust_env=False) as client,
        Watch({"server": run.pid, "clients": os.getpid()}) as watch,
    ):
        asking = steadily(people, company, client, arguments.rate, seconds)
        done, ingested = await asyncio.gather(asking, changes(company, home, began, seconds))
    return Course(began, seconds, done, ingested, watch.samples)


def left_on_disk(home: Path) -> str:
    size, traces = (sum(path.stat().st_size for path in home.rglob(what) if path.is_file()) / 2**20 for what in ("*", "traces.sqlite*"))
    return f"{generations(home)} generations; the home has {size:.0f} MB, {traces:.0f} of them traces"


def lines(course: Course) -> Iterator[str]:
    yield from (*table(list(kind_rows(course))), "", *table(list(server_rows(course))), "", *table(list(minute_rows(course))), "")
    yield f"Memory of the server: {trend(course)}."
    yield from ("", *listed("replies are not as they should be", wrong_replies(course)))
    yield from ("", *listed("ingests failed", failed_ingests(course)))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.mixed", description=__doc__)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--minutes", type=float, default=30.0, help="for how long")
    parser.add_argument("--rate", type=float, default=8.0, help="requests a second")
    arguments = parser.parse_args(given)
    rows = [*read_rows(SAMPLE / "questions.jsonl"), *read_rows(arguments.folder / SET / "questions.jsonl")]
    questions = [str(row["question"]) for row in rows]
    with tempfile.TemporaryDirectory(prefix="footnote-mixed-") as temporary:
        home, root, errors = (Path(temporary) / name for name in ("home", "company", "errors.txt"))
        company = Company(POLICIES, arguments.folder / SET / "corpus", root)
        say("ingesting")
        ingest(root, home)
        people = People(make_keys(home), questions)
        with server(home, {}, errors) as run:
            say(f"{arguments.rate:g} requests a second for {arguments.minutes:g} minutes")
            course = asyncio.run(measure(run, company, home, people, arguments))
        said, left = complaints(errors), left_on_disk(home)
    print(measured_on())
    counts = f"{len(course.done)} requests in {course.seconds:.0f} s, {len(course.ingested)} ingests, {len(questions)} questions to ask."
    print(counts, f"Left on disk at the end: {left}.", "", *lines(course), "", sep="\n")
    print(*listed("lines of the server's log are complaints", said), sep="\n")


if __name__ == "__main__":
    main()
