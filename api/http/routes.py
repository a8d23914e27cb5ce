"""The operations of the contract, each as thin as it comes: read the request, ask the core, shape the reply."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse

from api.http.callers import Asker, Core, Insider, Reader, needs
from api.http.cursors import decode, encode
from api.http.problems import problem
from api.http.schemas import (
    AskIn,
    CostsOut,
    DocumentsOut,
    DocumentsQuery,
    DocumentTextOut,
    FeedbackIn,
    FeedbackOut,
    HealthOut,
    HitsOut,
    ReplyOut,
    SearchIn,
    TracesOut,
    TracesQuery,
    filters_of,
)
from api.http.shapes import costs_out, document_out, document_text_out, hits_out
from api.http.streaming import STREAMED, Events, streamed
from api.monitoring.metrics import CONTENT_TYPE
from api.monitoring.requests import TRACE_HEADER
from assistant.costs import cost_report
from assistant.errors import NotFound
from assistant.traces import Feedback
from assistant.types import Question

router = APIRouter()


@router.post("/v1/ask", tags=["questions"], response_model=ReplyOut, responses=STREAMED)
async def ask(body: AskIn, core: Core, asker: Asker, response: Response) -> ReplyOut | Response:
    """Answers from the documents with quotes, or refuses. A refusal is a reply too."""
    question = Question(body.question, asker, body.turns(), filters_of(body.filters), body.as_of)
    if body.stream:
        return await streamed(core, question, Events())
    reply = await core.ask(question)
    response.headers[TRACE_HEADER] = reply.trace_id
    return ReplyOut.model_validate(reply)


@router.post("/v1/search", tags=["questions"])
async def search(body: SearchIn, core: Core, asker: Asker) -> HitsOut:
    """The passages nearest to a query, best first."""
    hits = await core.search(body.query, asker, filters_of(body.filters), body.k)
    return hits_out(hits)


@router.get("/v1/documents", tags=["documents"])
def documents(query: Annotated[DocumentsQuery, Query()], core: Core, asker: Insider) -> DocumentsOut:
    """What the index holds, in order of source."""
    snapshot = core.snapshot()
    counts = snapshot.documents.chunk_counts()
    if query.source is not None:
        one = snapshot.documents.by_source(query.source, asker)
        return DocumentsOut(documents=[document_out(one, counts)] if one else [], next=None)
    (after,) = decode(query.cursor, 1) if query.cursor else ("",)
    found = snapshot.documents.listed(asker, after, query.limit + 1)
    more = len(found) > query.limit
    page = found[: query.limit]
    return DocumentsOut(documents=[document_out(d, counts) for d in page], next=encode(page[-1].source) if more else None)


@router.get("/v1/documents/{document_id}", tags=["documents"])
def document(document_id: str, core: Core, asker: Insider) -> DocumentTextOut:
    """A document with its text as parsed: what every citation's offsets count in."""
    snapshot = core.snapshot()
    found = snapshot.documents.get(document_id, asker)
    if found is None:
        raise NotFound(f"There is no document {document_id}.")
    return document_text_out(found, snapshot.documents.chunks_of(document_id))


@router.post("/v1/feedback", tags=["traces"])
async def feedback(body: FeedbackIn, core: Core, asker: Insider) -> FeedbackOut:
    """A thumb up or down on a reply; a later one replaces it."""
    await core.rate(Feedback(body.trace_id, asker.name, body.rating, body.comment))
    return FeedbackOut(trace_id=body.trace_id, rating=body.rating)


@router.get("/v1/traces", tags=["traces"])
def traces(query: Annotated[TracesQuery, Query()], core: Core, reader: Reader) -> TracesOut:
    """One's own questions and what became of them, the newest first; everybody's for an admin."""
    before = decode(query.cursor, 2) if query.cursor else None
    found = core.ledger.recent(query.limit + 1, (before[0], before[1]) if before else None, principal=reader.whose)
    page = found[: query.limit]
    last = encode(page[-1]["created"], page[-1]["id"]) if len(found) > query.limit else None
    return TracesOut(traces=page, next=last)


@router.get("/v1/traces/{trace_id}", tags=["traces"])
def trace(trace_id: str, core: Core, reader: Reader) -> dict[str, Any]:
    """Everything seen, decided and paid for one question."""
    return core.ledger.trace(trace_id, reader.whose)


@router.get("/v1/costs", tags=["traces"])
def costs(core: Core, reader: Reader) -> CostsOut:
    """What was paid for one's own questions, by day and by model; for everybody's to an admin."""
    return costs_out(cost_report(core.ledger, reader.whose))


@router.get("/healthz", tags=["operation"], response_model_exclude_none=True)
async def healthz() -> HealthOut:
    """The process is alive."""
    return HealthOut(status="ok")


@router.get("/readyz", tags=["operation"], response_model=HealthOut)
def readyz(core: Core) -> HealthOut | Response:
    """The published index opens, the embedding model is loaded, and traces can be written."""
    if missing := core.missing():
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, " ".join(missing))
    return HealthOut(status="ready", generation=core.snapshot().generation)


@router.get("/metrics", tags=["operation"], response_class=PlainTextResponse, dependencies=[Depends(needs("admin"))])
def metrics(request: Request) -> Response:
    """Figures of this process, for Prometheus."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE)
