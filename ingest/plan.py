"""What an ingest would do and cost, without doing it: the folder is looked at and what changed is read, into a place of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.documents import DocumentStore
from assistant.errors import IndexBroken
from assistant.generation import Home
from assistant.ports import Embedder
from ingest.bans import load_bans
from ingest.build import WINDOW, delta, windows
from ingest.embedding_cache import EmbeddingCache
from ingest.pipeline import Ingest, asks, check_folder, check_root, check_worth
from ingest.report import Plan, outcomes
from ingest.survey import Published, survey

_SAMPLE = 32  # chunks embedded to learn this machine's speed, where no ingest has measured it
_LETTERS_A_TOKEN = 4.0  # of English text, as the bundled model's tokenizer counts it


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a generation holds: the digests of its chunks, and how many chunks each source has."""

    digests: Mapping[str, str]
    chunks: Mapping[str, int]


def plan(ingest: Ingest, root: Path, *, new_root: bool = False) -> Plan:
    """Raises IngestError where the ingest itself would refuse. Nothing below FOOTNOTE_HOME is changed."""
    check_folder(root)
    started = time.monotonic()
    published = _published(ingest)
    check_root(root, published, new_root)
    seed = published if published is not None and ingest.fits(published.manifest) else None
    found = survey(root, seed, load_bans(ingest.home.bans), ingest.progress)
    with tempfile.TemporaryDirectory(prefix="footnote-plan-") as folder:
        path = Path(folder) / "documents.sqlite"
        staged = ingest.stage(root, found, seed, path)
        check_worth(root, found, staged)
        new, missing = _contents(path), _missing(ingest, path)
    old = _contents(ingest.home.documents(published.manifest.id)) if published else _Contents({}, {})
    looked, rate = time.monotonic() - started, published.manifest.rate if published else None
    difference = delta(old.digests, new.digests)
    added, removed = new.chunks.keys() - old.chunks.keys(), old.chunks.keys() - new.chunks.keys()
    changed = staged.changed & old.chunks.keys() & new.chunks.keys()
    said = outcomes(staged, published)
    return Plan(
        root=str(root.resolve()),
        added={source: new.chunks[source] for source in sorted(added)},
        changed={source: new.chunks[source] for source in sorted(changed)},
        removed={source: old.chunks[source] for source in sorted(removed)},
        unchanged=len(new.chunks) - len(added) - len(changed),
        files=tuple(outcome for outcome in said if outcome.status != "parsed"),
        chunks_added=len(difference.new),
        chunks_removed=len(difference.gone),
        chunks_to_embed=len(missing),
        tokens=round(sum(map(len, missing)) / _LETTERS_A_TOKEN),
        usd=0.0,
        seconds=round(looked + _embedding_seconds(missing, rate, ingest.embedder), 1),
        passed_over=found.passed_over(),
        unsupported=found.walk.unsupported,
        banned=found.banned,
        asks=not new_root and asks(len(removed), len(old.chunks)),
    )


def _published(ingest: Ingest) -> Published | None:
    """An index that does not open is as good as none: the ingest would build it from nothing."""
    try:
        return ingest.published()
    except IndexBroken:
        return None


def _contents(path: Path) -> _Contents:
    with closing(DocumentStore.open(path)) as documents:
        return _Contents(documents.digests(), documents.chunks_by_source())


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
