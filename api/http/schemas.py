"""The shapes of requests and replies over HTTP. Unknown fields are refused; what is not built yet has no field."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from assistant.types import Filters, Kind, Mode, NoticeKind, RefusalReason, Role, Turn
from assistant.validate import MOST_HITS, MOST_QUESTION, MOST_SOURCES, MOST_TURN, MOST_TURNS


def _written(value: object) -> object:
    """A day is written; a number is none."""
    if not isinstance(value, str):
        raise ValueError("must be a day, written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written)]
Dollars = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Response(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TurnIn(Request):
    role: Role
    content: str = Field(min_length=1, max_length=MOST_TURN)


class FiltersIn(Request):
    sources: list[str] = Field(default=[], max_length=MOST_SOURCES, description="Paths of documents, or globs over them.")


class AskIn(Request):
    question: str = Field(min_length=1, max_length=MOST_QUESTION, examples=["How many days of annual leave do I get?"])
    history: list[TurnIn] = Field(default=[], max_length=MOST_TURNS, description="The conversation before the question, oldest first.")
    filters: FiltersIn = FiltersIn()
    as_of: Day | None = Field(default=None, description="The day by which documents are in force or not. Unset: today.")
    stream: bool = Field(default=False, strict=True, description="Send server-sent events: `evidence`, each `sentence`, then `done`.")

    def turns(self) -> tuple[Turn, ...]:
        return tuple(Turn(turn.role, turn.content) for turn in self.history)


class SearchIn(Request):
    query: str = Field(min_length=1, max_length=MOST_QUESTION)
    k: int = Field(default=10, ge=1, le=MOST_HITS)
    filters: FiltersIn = FiltersIn()


class FeedbackIn(Request):
    trace_id: str = Field(min_length=1, max_length=100)
    rating: Literal[1, -1]
    comment: str | None = Field(default=None, max_length=MOST_QUESTION)


class DocumentsQuery(Request):
    source: str | None = Field(default=None, description="Only the document at this path.")
    cursor: str | None = Field(default=None, description="`next` of the page before.")
    limit: int = Field(default=1000, ge=1, le=1000)


class TracesQuery(Request):
    cursor: str | None = Field(default=None, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=1000)


class CitationOut(Response):
    marker: int
    source: str
    title: str
    headings: list[str]
    page: int | None
    start: int
    end: int
    quote: str
    url: str | None


class ClosestOut(Response):
    source: str
    title: str
    headings: list[str]
    owner: str | None


class RefusalOut(Response):
    reason: RefusalReason
    message: str
    closest: list[ClosestOut]


class NoticeOut(Response):
    kind: NoticeKind
    message: str
    markers: list[int]


class CostOut(Response):
    usd: Dollars | None
    input_tokens: int
    output_tokens: int
    calls: int
    prices: str
    estimated: bool


class ReplyOut(Response):
    kind: Kind
    text: str
    confidence: float | None
    citations: list[CitationOut]
    refusal: RefusalOut | None
    mode: Mode
    notices: list[NoticeOut]
    trace_id: str
    generation: str
    cost: CostOut
    latency_ms: dict[str, float]


class PlaceOut(Response):
    source: str
    title: str
    headings: list[str]
    page: int | None


class EvidenceEvent(Response):
    """The parts of documents that are read for the answer."""

    evidence: list[PlaceOut]


class SentenceEvent(Response):
    """One sentence with its marks, and what they stand for. All texts together are the `text` of the reply."""

    text: str
    citations: list[CitationOut]


class HitOut(Response):
    rank: int
    score: float
    source: str
    title: str
    headings: list[str]
    page: int | None
    text: str


class HitsOut(Response):
    hits: list[HitOut]


class DocumentFields(Response):
    id: str
    source: str
    title: str
    owner: str | None
    groups: list[str]
    effective: date | None
    characters: int
    updated: datetime


class DocumentOut(DocumentFields):
    chunks: int


class ChunkPlaceOut(Response):
    id: str
    start: int
    end: int


class DocumentTextOut(DocumentFields):
    """A document with its parsed text; every citation's `start` and `end` count in it. Here `chunks` lists the chunks' places."""

    chunks: list[ChunkPlaceOut]
    text: str


class DocumentsOut(Response):
    documents: list[DocumentOut]
    next: str | None


class TracesOut(Response):
    traces: list[dict[str, Any]]
    next: str | None


class SumOut(Response):
    """`usd` sums the calls whose price is known, `unknown` counts the others; it is null where, beside others, nothing known cost anything.
    `estimated` counts the calls whose tokens are reckoned, because the provider reported none; `usd_estimated` is their part of `usd`."""

    usd: Dollars | None
    usd_estimated: Dollars
    calls: int
    failed: int
    unknown: int
    estimated: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int


class CostsOut(Response):
    total: SumOut
    questions: int
    usd_per_question: Dollars | None
    by_day: dict[str, SumOut]
    by_model: dict[str, SumOut]
    by_principal: dict[str, SumOut]
    by_outcome: dict[str, SumOut]


class HealthOut(Response):
    status: Literal["ok", "ready"]
    generation: str | None = None


class FeedbackOut(Response):
    trace_id: str
    rating: int


class FieldErrorOut(Response):
    field: str
    message: str


class Problem(Response):
    """RFC 9457, as `application/problem+json`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldErrorOut] = []


def filters_of(body: FiltersIn) -> Filters:
    return Filters(tuple(body.sources))
