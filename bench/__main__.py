"""Measures the product on evaluation sets: `python -m bench FOLDER [--sets handbook,squad2]`, or `make bench`.

Each set in FOLDER (a folder with `corpus/` and `questions.jsonl`) is ingested into a temporary FOOTNOTE_HOME and asked in this process,
without a server or a model. Tables for docs/evaluation.md go to stdout, what is being done to stderr. Vectors are kept in
bench/results: the first run on all sets of ../shared/eval embeds for about twenty minutes on two cores, later ones take three.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import platform
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.evaluation.measures import Row
from assistant.ports import Embedder
from bench.answers import ask_all, assistant_on, ingested, latencies, worth
from bench.commit import commit
from bench.retrieval import VectorStore, make_index, measure, read_rows

RESULTS = Path(__file__).parent / "results"
FIELDS = ("question", "question_titled", "question_standalone")
FOREIGN = 100
TIMED = 100
MISSING = "docs/evaluation.md says what a set is and where the public ones come from."


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything about one set. Only retrieval where its corpus is one file of abstracts, which are no documents to ask about."""

    name: str
    retrieval: Mapping[str, Mapping[str, float]]
    answers: Mapping[str, float]
    milliseconds: Mapping[str, tuple[float, ...]]


def found_sets(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/questions.jsonl") if (path.parent / "corpus").is_dir())


def measure_set(folder: Path, foreign: Sequence[Row], keeping: Embedder, live: Embedder) -> Measured:
    """`keeping` remembers its vectors and serves the figures, `live` does not and serves the times."""
    rows = read_rows(folder / "questions.jsonl")
    fields = [field for field in FIELDS if field in rows[0]]
    if (folder / "corpus" / "corpus.jsonl").exists():
        index = make_index(folder, keeping)
        return Measured(folder.name, {field: measure(index, rows, keeping, field) for field in fields}, {}, {})
    with ingested(folder / "corpus", keeping) as home:
        with assistant_on(home, keeping) as assistant:
            snapshot = assistant.snapshot()
            retrieval = {field: measure(snapshot.index, rows, keeping, field) for field in fields}
            own, others = asyncio.run(ask_all(assistant, rows)), asyncio.run(ask_all(assistant, foreign))
            answers = worth(own, others, snapshot)
        with assistant_on(home, live) as assistant:
            timed = [reply for _, reply in asyncio.run(ask_all(assistant, _sample(rows, TIMED + 1)))]
    return Measured(folder.name, retrieval, answers, latencies(timed[1:]))  # the first one pays for opening index and model


def foreign_rows(folder: Path, name: str, names: Sequence[str]) -> list[Row]:
    """Questions of the other sets that stand alone, as many of each. Sets whose corpus is no documents have none that fit."""
    others = [other for other in names if other != name and not (folder / other / "corpus" / "corpus.jsonl").exists()]
    alone = {other: [row for row in read_rows(folder / other / "questions.jsonl") if not row.get("history")] for other in others}
    return [row for rows in alone.values() for row in _sample(rows, FOREIGN // len(others))]


def tables(found: Sequence[Measured]) -> Iterator[str]:
    yield from _retrieval_table(found)
    asked = [one for one in found if one.answers]
    if not asked:
        return
    yield from ("", "| set | " + " | ".join(asked[0].answers) + " |", "|---|" + "---|" * len(asked[0].answers))
    for one in asked:
        yield f"| {one.name} | " + " | ".join(_cell(value) for value in one.answers.values()) + " |"
    yield from ("", "| set | " + " | ".join(f"{step}, ms" for step in asked[0].milliseconds) + " |")
    yield "|---|" + "---|" * len(asked[0].milliseconds)
    for one in asked:
        yield f"| {one.name} | " + " | ".join(" / ".join(f"{value:.0f}" for value in pair) for pair in one.milliseconds.values()) + " |"


def _retrieval_table(found: Sequence[Measured]) -> Iterator[str]:
    names = list(dict.fromkeys(name for one in found for means in one.retrieval.values() for name in means))
    yield from ("| set | asked | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names))
    for one in found:
        for field, means in one.retrieval.items():
            yield f"| {one.name} | `{field}` | " + " | ".join(_cell(means.get(name, math.nan)) for name in names) + " |"


def _cell(value: float) -> str:
    if math.isnan(value):
        return "–"  # noqa: RUF001  # what a table shows where there is nothing
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _sample(rows: Sequence[Row], count: int) -> list[Row]:
    return random.Random(0).sample(rows, min(count, len(rows)))


def _heading(arguments: argparse.Namespace) -> str:
    return (
        f"### Commit {commit()}\n\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"`python -m bench` on {', '.join(arguments.sets)}. Times are p50 / p95 of {TIMED} questions, one after the other.\n"
    )


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--sets", type=lambda text: text.split(","), help="only these, separated by commas")
    arguments = parser.parse_args(given)
    there = found_sets(arguments.folder)
    if not there:
        parser.error(f"{arguments.folder} holds no evaluation set. {MISSING}")
    arguments.sets = arguments.sets or there
    if absent := sorted(set(arguments.sets) - set(there)):
        parser.error(f"{arguments.folder} holds no set called {', '.join(absent)}; there are {', '.join(there)}.")
    return arguments


def main(given: Sequence[str] | None = None) -> None:
    arguments = _arguments(given)
    from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder

    live = SentenceTransformerEmbedder()
    keeping = VectorStore(SentenceTransformerEmbedder(threads=os.cpu_count() or 1), RESULTS)
    found = []
    for name in arguments.sets:
        print(f"{name}: ingesting and asking; what was never embedded here takes longest", file=sys.stderr)
        began = time.monotonic()
        found.append(measure_set(arguments.folder / name, foreign_rows(arguments.folder, name, arguments.sets), keeping, live))
        print(f"{name}: done in {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(_heading(arguments), *tables(found), sep="\n")


if __name__ == "__main__":
    main()
