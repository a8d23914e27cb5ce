"""Asks the product the questions of a set, in this process, and says what its replies are worth and how long they took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.adapters.chroma import EmbeddedChroma
from assistant.adapters.genai_prices import GenaiPrices
from assistant.answering import Assistant
from assistant.evaluation.asking import not_verbatim
from assistant.evaluation.measures import Passage, Row, auroc, judge, mean, percentile
from assistant.evaluation.questions import turns
from assistant.gate import load_gate
from assistant.generation import Home, Snapshot, Snapshots
from assistant.ports import Embedder
from assistant.traces import Ledger
from assistant.types import LOCAL, Question, Reply
from ingest.parsing import FileParser
from ingest.pipeline import Ingest

Asked = Sequence[tuple[Row, Reply]]

STEPS = ("retrieve", "gate", "answer", "total")
PERCENTILES = (50, 95)


@contextmanager
def ingested(corpus: Path, embedder: Embedder) -> Iterator[Home]:
    """A temporary FOOTNOTE_HOME that holds the corpus. Raises IngestError where nothing could be ingested."""
    with TemporaryDirectory(prefix="footnote-bench-") as folder:
        home = Home(Path(folder))
        Ingest(home, EmbeddedChroma(home.generations), embedder, FileParser(), 1, lambda *_: None, lambda *_: True).run(corpus)
        yield home


@contextmanager
def assistant_on(home: Home, embedder: Embedder) -> Iterator[Assistant]:
    """The product with its own gate, without a model. One thread, so that questions are timed alone."""
    ledger = Ledger(home.traces)
    try:
        with ThreadPoolExecutor(1) as pool:
            snapshots = Snapshots(home, EmbeddedChroma(home.generations), embedder.model_id)
            yield Assistant(snapshots, embedder, load_gate(), ledger, GenaiPrices(), pool)
    finally:
        ledger.close()


async def ask_all(assistant: Assistant, rows: Iterable[Row]) -> list[tuple[Row, Reply]]:
    """One after the other, each as a user would ask it, with the conversation before it."""
    return [(row, await assistant.ask(Question(str(row["question"]), LOCAL, turns(row)))) for row in rows]


def worth(own: Asked, foreign: Asked, snapshot: Snapshot) -> dict[str, float]:
    """What the replies are worth, by name; not a number where there was nothing to measure; counts are whole.

    `own` are the set's questions, `foreign` such as its documents cannot answer. What an answer is worth is averaged over the answered
    among the answerable questions that have gold evidence.
    """
    answerable = [(row, reply) for row, reply in own if row["answerable"]]
    near = [reply for row, reply in own if not row["answerable"]]
    judged = [_judged(row, reply) for row, reply in answerable if reply.kind == "answer" and row["evidence"]]
    absent = [reply for _, reply in foreign]
    good = [_confidence(reply) for _, reply in answerable]
    return {
        "answered": mean(float(reply.kind == "answer") for _, reply in answerable),
        "right when answered": mean(one["right"] for one in judged),
        "citation precision": mean(one["precision"] for one in judged),
        "citation recall": mean(one["recall"] for one in judged),
        "near misses refused": mean(float(reply.kind == "refusal") for reply in near),
        "absent refused": mean(float(reply.kind == "refusal") for reply in absent),
        "AUROC near miss": auroc(good, [_confidence(reply) for reply in near]),
        "AUROC absent": auroc(good, [_confidence(reply) for reply in absent]),
        "quotes": sum(len(reply.citations) for _, reply in (*own, *foreign)),
        "quotes not verbatim": sum(not_verbatim(reply, snapshot, LOCAL) for _, reply in (*own, *foreign)),
    }


def latencies(replies: Sequence[Reply]) -> dict[str, tuple[float, ...]]:
    """Milliseconds of each step at each of PERCENTILES. A refused question has no answer step and does not count there."""
    taken = {step: [reply.latency_ms[step] for reply in replies if step in reply.latency_ms] for step in STEPS}
    return {step: tuple(percentile(values, share) for share in PERCENTILES) for step, values in taken.items()}


def _judged(row: Row, reply: Reply) -> Mapping[str, float]:
    return judge(row, [Passage(citation.source, citation.quote) for citation in reply.citations], reply.text)


def _confidence(reply: Reply) -> float:
    return reply.confidence or 0.0
