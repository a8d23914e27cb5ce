"""What an ingest would do and cost, without doing it: the folder is looked at and what changed is read, into a place of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from assistant.documents import DocumentState, DocumentStore
from assistant.errors import IndexBroken
from assistant.generation import Home
from assistant.ports import Embedder
from ingest.bans import load_bans
from ingest.build import WINDOW, delta, windows
from ingest.embedding_cache import EmbeddingCache
from ingest.pipeline import Ingest, asks, check_folder, check_root, check_worth
from ingest.report import Plan, compare, outcomes
from ingest.survey import Published, survey

_SAMPLE = 32  # chunks embedded to learn this machine's speed, where no ingest has measured it
_LETTERS_A_TOKEN = 4.0  # of English text, as the bundled model's tokenizer counts it


def plan(ingest: Ingest, root: Path, *, new_root: bool = False) -> Plan:
    """Raises IngestError where the ingest itself would refuse. Nothing below FOOTNOTE_HOME is changed."""
    check_folder(root)
    started = time.monotonic()
    published = _published(ingest)
    check_root(root, published, new_root)
    known = ingest.read_by_this_code(published)
    found = survey(root, known, load_bans(ingest.home.bans), ingest.progress)
    with tempfile.TemporaryDirectory(prefix="footnote-plan-") as folder:
        path = Path(folder) / "documents.sqlite"
        staged = ingest.stage(root, found, known, path)
        check_worth(root, found, staged)
        new, missing = _states(path), _missing(ingest, path)
    old = _states(ingest.home.documents(published.manifest.id)) if published else {}
    difference = compare(old, new)
    looked, rate = time.monotonic() - started, published.manifest.rate if published else None
    chunks = delta(_flat(old), _flat(new))
    return Plan(
        root=str(root.resolve()),
        added={source: len(new[source].chunks) for source in difference.added},
        changed={source: len(new[source].chunks) for source in difference.changed},
        removed={source: len(old[source].chunks) for source in difference.removed},
        unchanged=len(new) - len(difference.added) - len(difference.changed),
        files=tuple(outcome for outcome in outcomes(staged, difference) if outcome.status != "parsed"),
        chunks_added=len(chunks.new),
        chunks_removed=len(chunks.gone),
        chunks_to_embed=len(missing),
        tokens=round(sum(map(len, missing)) / _LETTERS_A_TOKEN),
        usd=0.0,
        seconds=round(looked + _embedding_seconds(missing, rate, ingest.embedder), 1),
        passed_over=found.passed_over(),
        unsupported=found.walk.unsupported,
        banned=found.banned,
        asks=not new_root and asks(len(difference.removed), len(old)),
    )


def _published(ingest: Ingest) -> Published | None:
    """An index that does not open is as good as none: the ingest would build it from nothing."""
    try:
        return ingest.published()
    except IndexBroken:
        return None


def _states(path: Path) -> dict[str, DocumentState]:
    with closing(DocumentStore.open(path)) as documents:
        return documents.states()


def _flat(states: Mapping[str, DocumentState]) -> dict[str, str]:
    """A digest is of a chunk and its id, so it can stand for both."""
    return {digest: digest for state in states.values() for digest in state.chunks}


def _missing(ingest: Ingest, path: Path) -> list[str]:
    """The texts that the model has not seen yet, each once."""
    missing: dict[str, None] = {}
    with closing(DocumentStore.open(path)) as documents:
        for chunks in windows(documents.chunks(), WINDOW):
            texts = [chunk.indexed_text for chunk in chunks]
            missing |= dict.fromkeys(_unseen(ingest.home, ingest.embedder.model_id, texts))
    return list(missing)


def _unseen(home: Home, model: str, texts: list[str]) -> list[str]:
    if not home.embeddings.exists():
        return texts
    with closing(EmbeddingCache(home.embeddings)) as cache:
        return cache.missing(model, texts)


def _embedding_seconds(texts: list[str], rate: float | None, embedder: Embedder) -> float:
    """From the rate of the last ingest, or of a sample embedded now and thrown away."""
    if not texts:
        return 0.0
    if rate is None:
        embedder.embed(texts[:1])
        started = time.monotonic()
        sample = texts[:: max(1, len(texts) // _SAMPLE)][:_SAMPLE]
        embedder.embed(sample)
        rate = len(sample) / max(time.monotonic() - started, 1e-6)
    return len(texts) / rate
