"""From the core's types to the shapes of `schemas.py`, where the two differ by more than a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.http.schemas import ChunkPlaceOut, CostsOut, DocumentOut, DocumentTextOut, HitOut, HitsOut
from assistant.costs import CostReport
from assistant.documents import ChunkPlace
from assistant.types import Document, Hit


def hits_out(hits: Sequence[Hit]) -> HitsOut:
    return HitsOut(hits=[_hit_out(hit) for hit in hits])


def document_out(document: Document, counts: Mapping[str, int]) -> DocumentOut:
    return DocumentOut(**_described(document), chunks=counts.get(document.id, 0))


def document_text_out(document: Document, places: Sequence[ChunkPlace]) -> DocumentTextOut:
    return DocumentTextOut(**_described(document), chunks=[ChunkPlaceOut.model_validate(place) for place in places], text=document.text)


def costs_out(report: CostReport) -> CostsOut:
    return CostsOut.model_validate(report)


def _hit_out(hit: Hit) -> HitOut:
    chunk = hit.chunk
    return HitOut(
        rank=hit.rank,
        score=hit.score,
        source=chunk.source,
        title=chunk.title,
        headings=list(chunk.headings),
        page=chunk.page,
        text=chunk.text,
    )


def _described(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "owner": document.owner,
        "groups": list(document.groups),
        "effective": document.effective,
        "characters": len(document.text),
        "updated": document.updated,
    }
