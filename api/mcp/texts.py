"""Results as text, for clients that show their model no structured content."""

from __future__ import annotations

from collections.abc import Iterator

from api.http.schemas import CitationOut, ClosestOut, HitOut, HitsOut, RefusalOut
from api.mcp.schemas import AskResult, ReadResult


def text_of_reply(reply: AskResult) -> str:
    told = _refused(reply.refusal) if reply.refusal else [reply.text, *map(_quoted, reply.citations)]
    return "\n\n".join([*told, *(f"Note: {notice.message}" for notice in reply.notices)])


def text_of_hits(found: HitsOut) -> str:
    return "\n\n".join(f"{hit.rank}. {_place(hit)}\n{hit.text}" for hit in found.hits) or "Nothing was found."


def text_of_document(piece: ReadResult) -> str:
    end = piece.offset + len(piece.text)
    more = "" if piece.next_offset is None else f"; go on with offset {piece.next_offset}"
    return f"{piece.title} ({piece.source}), characters {piece.offset} to {end} of {piece.characters}{more}.\n\n{piece.text}"


def _refused(refusal: RefusalOut) -> Iterator[str]:
    yield f"No answer: {refusal.message} ({refusal.reason})"
    if refusal.closest:
        yield "\n".join(["The nearest documents:", *(f"- {_place(near)}{_owner(near)}" for near in refusal.closest)])


def _owner(near: ClosestOut) -> str:
    return f", ask {near.owner}" if near.owner else ""


def _quoted(citation: CitationOut) -> str:
    where = f" {citation.url}" if citation.url else ""
    return f"[{citation.marker}] {_place(citation)}{where}\n“{citation.quote}”"


def _place(cited: CitationOut | ClosestOut | HitOut) -> str:
    parts = [cited.title, *(heading for heading in cited.headings if heading != cited.title)]
    page = None if isinstance(cited, ClosestOut) else cited.page
    return f"{' > '.join(parts)} ({cited.source}{f', page {page}' if page else ''})"
