"""Counts what is told of documents' times and contradictions: `python -m bench.conflicts FOLDER --vectors FOLDER`.

FOLDER holds the evaluation sets; the sample company's questions are asked too, on the day from which it is seen. Nobody wrote
contradictions into the public sets, so what is told there is read by eye: `--show` prints it. How many contradictions are found is counted
on the sample company with the documents of `contradictions.jsonl` beside its own: 50 say something else than a question's gold evidence, in
other words, and 30 say something of the kind of another role, place or thing, which is no contradiction. They were written for choosing the
limits in `assistant/conflicts.py`, so what is found of them is in sample.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.adapters.chroma import EmbeddedChroma
from assistant.adapters.genai_prices import GenaiPrices
from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder
from assistant.answering import Assistant
from assistant.evaluation.measures import Row
from assistant.evaluation.questions import turns
from assistant.gate import Gate, load_gate
from assistant.generation import Snapshots
from assistant.ports import Embedder
from assistant.traces import Ledger
from assistant.types import LOCAL, NoticeKind, Question, Reply
from bench.answers import ingested
from bench.retrieval import VectorStore, folder_of, read_rows

SETS = ("handbook", "policyqa", "obliqa", "conditionalqa", "mtrag")
DAY = date(2026, 11, 25)
KINDS: tuple[NoticeKind, ...] = ("conflict", "superseded", "not_yet_in_force")
OPEN = Gate(intercept=30.0, coefficients={}, answerable_from=0.5, related_from=0.1)
WRITTEN = Path(__file__).with_name("contradictions.jsonl")

Asked = list[tuple[Row, Reply]]


def replies(corpus: Path, rows: Sequence[Row], embedder: Embedder, gate: Gate) -> Asked:
    """The answered questions with their replies, in extracts."""
    with ingested(corpus, embedder) as home, ThreadPoolExecutor(1) as pool:
        ledger = Ledger(home.traces)
        snapshots = Snapshots(home, EmbeddedChroma(home.generations), embedder.model_id)
        assistant = Assistant(snapshots, embedder, gate, ledger, GenaiPrices(), pool)
        asked = [(row, asyncio.run(assistant.ask(_question(row)))) for row in rows]
        ledger.close()
    return [(row, reply) for row, reply in asked if reply.kind == "answer"]


@contextmanager
def with_written() -> Iterator[Path]:
    """The sample company's documents with the written ones, in folders of their own."""
    with TemporaryDirectory(prefix="footnote-bench-") as folder:
        corpus = Path(folder) / "corpus"
        shutil.copytree(folder_of(Path(), "sample") / "corpus", corpus)
        for number, row in enumerate(_written()):
            path = corpus / ("contradicting" if row["contradicts"] else "compatible") / f"{row['contradicts'] or number}.md"
            path.parent.mkdir(exist_ok=True)
            head = f"---\ntitle: {json.dumps(row['title'])}\neffective: {row['effective']}\n---\n"
            path.write_text(f"{head}# {row['title']}\n\n## {row['heading']}\n\n{row['text']}\n", encoding="utf-8")
        yield corpus


def told_sources(reply: Reply, kind: str) -> list[set[str]]:
    """For each notice of this kind, the sources that it is about."""
    return [{c.source for c in reply.citations if c.marker in notice.markers} for notice in reply.notices if notice.kind == kind]


def written_table(asked: Asked) -> Iterator[str]:
    """How many of the contradictions are told when their question is asked, and where others are told that are none."""
    answered = [(row, reply, told_sources(reply, "conflict")) for row, reply in asked]
    wanted = {str(row["contradicts"]) for row in _written() if row["contradicts"]}
    found = {row["id"] for row, _, told in answered if any(f"contradicting/{row['id']}.md" in sources for sources in told)}
    cited = {row["id"] for row, reply, _ in answered if any(c.source == f"contradicting/{row['id']}.md" for c in reply.citations)}
    wrong = [row["id"] for row, _, told in answered if any(source.startswith("compatible/") for sources in told for source in sources)]
    yield "| written | of these cited | told | compatible, told as a conflict |"
    yield "|---|---|---|---|"
    yield f"| {len(wanted)} | {len(wanted & cited)} | {len(wanted & found)} | {len(wrong)} |"


def set_row(name: str, asked: Asked) -> str:
    counts = Counter(kind for _, reply in asked for kind in {notice.kind for notice in reply.notices})
    return f"| {name} | {len(asked)} | " + " | ".join(f"{counts[kind]} ({counts[kind] / max(1, len(asked)):.1%})" for kind in KINDS) + " |"


def conflicts_told(name: str, asked: Asked) -> Iterator[str]:
    for row, reply in asked:
        for notice in reply.notices:
            if notice.kind == "conflict":
                yield f"- {name}, {row['id']}: {str(row['question'])[-160:]}\n  {notice.message}"


def _written() -> list[Row]:
    return [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]


def _question(row: Row) -> Question:
    return Question(str(row["question"]), LOCAL, turns(row), as_of=DAY)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.conflicts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    parser.add_argument("--sets", type=lambda text: text.split(","), default=SETS, help="only these, separated by commas")
    parser.add_argument("--show", action="store_true", help="print each conflict that is told")
    arguments = parser.parse_args(given)
    embedder = VectorStore(SentenceTransformerEmbedder(), arguments.vectors)
    shown: list[str] = []
    print("| set | answered | conflict | superseded | not yet in force |\n|---|---|---|---|---|")
    for name in ("sample", *arguments.sets):
        folder = folder_of(arguments.folder, name)
        asked = replies(folder / "corpus", read_rows(folder / "questions.jsonl"), embedder, load_gate())
        print(set_row(name, asked), flush=True)
        shown += conflicts_told(name, asked)
    with with_written() as corpus:
        print("", *written_table(replies(corpus, read_rows(folder_of(Path(), "sample") / "questions.jsonl"), embedder, OPEN)), sep="\n")
    if arguments.show:
        print("", *shown, sep="\n")


if __name__ == "__main__":
    main()
