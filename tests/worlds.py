"""A company in a temporary folder: files, an index made from them with fakes, and an assistant on it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.answer import Writer
from assistant.answering import Assistant
from assistant.gate import Gate, load_gate
from assistant.generation import Home, Snapshot, Snapshots, open_snapshot
from assistant.model_calls.caller import Caller
from assistant.ports import ChatModel
from assistant.prompting import load_prompts
from assistant.traces import Ledger
from ingest.parsing import FileParser
from ingest.pipeline import Ingest
from ingest.report import Report
from tests.builders import NOW
from tests.fakes import FakeEmbedder, FakePrices, MemoryChunkStore

OPEN_GATE = Gate(intercept=30.0, coefficients={}, answerable_from=0.5, related_from=0.1)
SHUT_GATE = Gate(intercept=0.0, coefficients={}, answerable_from=0.9, related_from=0.1)


class World:
    """`folder` holds the documents; `ingest` makes the index hold them; `assistant` answers from it."""

    def __init__(self, path: Path, store: MemoryChunkStore | None = None) -> None:
        self.folder = path / "documents"
        self.folder.mkdir(parents=True)
        self.home = Home(path / "home")
        self.store = store or MemoryChunkStore()
        self.embedder = FakeEmbedder()
        self.parser = FileParser()
        self.asked: list[tuple[int, int]] = []
        self.traces = self.home.traces

    def write(self, source: str, text: str) -> Path:
        path = self.folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def ingest(self, root: Path | None = None, *, new_root: bool = False, consent: bool = True) -> Report:
        return self.work(consent=consent).run(root or self.folder, new_root=new_root)

    def work(self, *, consent: bool = True) -> Ingest:
        def confirm(gone: int, before: int) -> bool:
            self.asked.append((gone, before))
            return consent

        return Ingest(self.home, self.store, self.embedder, self.parser, 1, lambda *_: None, confirm)

    def snapshot(self) -> Snapshot:
        generation = self.home.current()
        assert generation is not None
        return open_snapshot(self.home, generation, self.store)

    def held(self) -> set[tuple[str, str, str]]:
        """Everything the index holds of chunks: source, text, and who may read it."""
        return {(c.source, c.indexed_text, ",".join(c.groups)) for c in self.snapshot().index.chunks}

    def contents(self) -> object:
        """Everything that the index is: chunks with their vectors, the words of each, the documents with their metadata. Two indexes of
        the same folder are equal, whatever came before; but for the time of a file that was written again and is as it was."""
        snapshot = self.snapshot()
        index, words = snapshot.index, snapshot.index.lexical
        arrays = (words.offsets, words.postings, words.frequencies, words.lengths, index.vectors)
        documents = [replace(document, updated=NOW) for document in snapshot.documents.each()]
        snapshot.documents.close()
        return (index.chunks, dict(snapshot.digests), documents, list(words.vocabulary), [array.tolist() for array in arrays])

    @contextmanager
    def assistant(self, gate: Gate | None = None, model: ChatModel | None = None, **more: Any) -> Iterator[Assistant]:
        """`more` goes to the Assistant as it is."""
        ledger = Ledger(self.traces)
        if model is not None:
            more["writer"] = writer(model)
        with ThreadPoolExecutor(2) as pool:
            snapshots = Snapshots(self.home, self.store, self.embedder.model_id)
            yield Assistant(snapshots, self.embedder, gate or load_gate(), ledger, FakePrices(), pool, **more)
        ledger.close()


def writer(*models: ChatModel, stronger: ChatModel | None = None, attempts: int = 1, timeout: float = 5.0) -> Writer:
    """The models in the order in which they are asked."""
    first = Caller(models, timeout, attempts)
    return Writer(first, Caller([stronger, *models], timeout, attempts) if stronger else first, load_prompts(), 900, 800)
