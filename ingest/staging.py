"""The first half of a new generation: its documents, parsed and cut, in a file that nobody reads yet.

Files are read side by side and written in order, a few at a time, so that a folder of any size passes through little memory.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from assistant.documents import DocumentWriter, FileRecord
from ingest.ports import Parser
from ingest.prepare import Prepared, document_id, prepare
from ingest.survey import Progress, Published, Survey

_AHEAD = 4  # files a worker: one that takes long does not leave the others idle
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Staged:
    """What became of every file, in order of source, and the sources among them that are not as in the seed."""

    records: tuple[FileRecord, ...]
    changed: frozenset[str]

    def documents(self) -> set[str]:
        return {record.source for record in self.records if record.status == "parsed"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Reads files with `parser`, `workers` at a time."""

    parser: Parser
    workers: int
    progress: Progress

    def fill(self, path: Path, root: Path, found: Survey, seed: tuple[Published, Path] | None) -> Staged:
        """Writes to `path` the documents of every file found: from the seed's file where they are as they were, else read anew."""
        if seed is not None:
            shutil.copyfile(seed[1], path)
        before = seed[0].files if seed else {}
        with closing(DocumentWriter.create(path)) as documents:
            kept = {seen.file.source: seen.before for seen in found.files if seen.before is not None}
            documents.remove(document_id(source) for source in before.keys() - kept.keys())
            read = {p.record.source: p.record for p in self._written(documents, root, found)}
            known = kept | read
            records = tuple(known[seen.file.source] for seen in found.files)
            documents.set_files(records)
            documents.finish()
        changed = {source for source, record in read.items() if record.status == "parsed" or record != before.get(source)}
        return Staged(records, frozenset(changed))

    def _written(self, documents: DocumentWriter, root: Path, found: Survey) -> Iterator[Prepared]:
        work = partial(prepare, root=root, folders=found.folders, parser=self.parser)
        for done, prepared in enumerate(in_order(work, found.unread, self.workers), 1):
            if prepared.document is not None:
                documents.put(prepared.document, prepared.chunks)
            self.progress("reading files", done, len(found.unread))
            yield Prepared(prepared.record)


def in_order(work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """As `map`, on several threads, and only a few items ahead of whoever takes the results."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="footnote-read")
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > _AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
