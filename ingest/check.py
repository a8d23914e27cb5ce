"""The self-check that a generation passes before it is published: nothing that it would say is untrue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from assistant.errors import IndexBroken
from assistant.generation import Snapshot
from assistant.types import LOCAL, Chunk, Document

_UNIT = 1e-3


def check(snapshot: Snapshot) -> None:
    """Raises IndexBroken naming the first three faults."""
    faults = list(_faults(snapshot))
    if faults:
        raise IndexBroken(f"The new index does not pass its check ({len(faults)} faults), the published one stays. {' '.join(faults[:3])}")


def _faults(snapshot: Snapshot) -> Iterator[str]:
    documents = {d.id: d for d in snapshot.documents.listed(LOCAL, limit=snapshot.manifest.documents + 1)}
    for chunk in snapshot.index.chunks:
        yield from _faults_of(chunk, documents.get(chunk.document_id))
    held = Counter(chunk.document_id for chunk in snapshot.index.chunks)
    counted = snapshot.documents.chunk_counts()
    for document in documents.values():
        if held[document.id] != counted.get(document.id, 0):
            yield f"{document.source} has {counted.get(document.id, 0)} chunks, the index holds {held[document.id]}."
    lengths = np.linalg.norm(snapshot.index.vectors, axis=1) if len(snapshot.index.vectors) else np.ones(0)
    for row in np.flatnonzero(~(np.abs(lengths - 1) < _UNIT)):
        yield f"{snapshot.index.chunks[row].source} has a vector of length {lengths[row]:.3f}."


def _faults_of(chunk: Chunk, document: Document | None) -> Iterator[str]:
    if document is None:
        yield f"A chunk of {chunk.source} belongs to no document."
        return
    for start, end, text in [(chunk.start, chunk.end, chunk.text), *((lead.start, lead.end, lead.text) for lead in chunk.leads)]:
        if document.text[start:end] != text:
            yield f"{chunk.source} does not hold at {start} what its chunk says."
    if chunk.groups != document.groups:
        yield f"{chunk.source} may be read by {document.groups or 'all'}, its chunk by {chunk.groups or 'all'}."
