"""The vocabulary of Footnote: what is ingested, found, said and paid.

Plain frozen data without behaviour beyond a property or two, so that every module can import it and it imports none of them.

    Document ── Chunk ── Hit ── Evidence ── Statement ── Citation ── Reply ── Trace

Offsets (`start`, `end`) count characters of the document's parsed text, `end` exclusive: `document.text[c.start:c.end] == c.text`.
A score is higher for better and ranks begin at 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["answer", "refusal"]
Ending = Literal["answer", "refusal", "cancelled", "failed"]
Mode = Literal["extractive", "model", "cache"]
Role = Literal["user", "assistant"]
Purpose = Literal["answer", "repair", "rewrite", "moderation"]
RefusalReason = Literal["no_evidence", "insufficient_evidence", "ungrounded", "blocked", "budget_exceeded", "model_unavailable"]
NoticeKind = Literal["conflict", "superseded", "not_yet_in_force", "degraded"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `reads_all` is the single user of an instance without keys; everybody else reads by group."""

    name: str
    groups: frozenset[str] = frozenset()
    reads_all: bool = False

    def may_read(self, groups: tuple[str, ...]) -> bool:
        """A document without groups is for everyone; one with groups is for their members."""
        return self.reads_all or not groups or not self.groups.isdisjoint(groups)


LOCAL = Principal("local", reads_all=True)


@dataclass(frozen=True, slots=True)
class Span:
    """One contiguous piece of a document's parsed text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file as ingested. `groups` empty: everyone may read it. Dates are those the metadata states."""

    id: str
    source: str
    title: str
    text: str
    content_hash: str
    updated: datetime
    groups: tuple[str, ...] = ()
    owner: str | None = None
    url: str | None = None
    effective: date | None = None
    expires: date | None = None
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is indexed: a piece of one section of one document.

    `leads` are earlier pieces that the chunk needs to be understood, a table's header or a list's introduction: they are embedded
    and indexed with the chunk and may be quoted, as citations of their own.
    """

    id: str
    document_id: str
    source: str
    title: str
    headings: tuple[str, ...]
    start: int
    end: int
    text: str
    page: int | None = None
    leads: tuple[Span, ...] = ()
    groups: tuple[str, ...] = ()
    owner: str | None = None
    url: str | None = None
    effective: date | None = None

    @property
    def indexed_text(self) -> str:
        """What is embedded and searched: title, heading path, leads, text."""
        place = [self.title, *(h for h in self.headings if h != self.title)]
        return "\n".join([" > ".join(place), *(lead.text for lead in self.leads), self.text])


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. `score` is the fused score in [0, 1]; `cosine` and `bm25` are what each ranker said, None where it
    did not return the chunk."""

    chunk: Chunk
    score: float
    rank: int
    cosine: float | None = None
    bm25: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A hit given to the answerer, under the marker by which alone it may be cited."""

    marker: int
    hit: Hit

    @property
    def chunk(self) -> Chunk:
        return self.hit.chunk


@dataclass(frozen=True, slots=True)
class Claim:
    """What an answerer proposes, unchecked: a sentence, the marker of the evidence it leans on, and words it says stand there."""

    text: str
    marker: int
    quote: str


@dataclass(frozen=True, slots=True)
class Citation:
    """One contiguous quote: `document.text[start:end] == quote`."""

    marker: int
    document_id: str
    source: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that passed grounding, without its marks, and the citations that carry it."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Closest:
    """A document near the question, named in a refusal so that the asker knows where to look and whom to ask."""

    source: str
    title: str
    headings: tuple[str, ...]
    owner: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: RefusalReason
    message: str
    closest: tuple[Closest, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader should know beside the answer."""

    kind: NoticeKind
    message: str
    markers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation before the question."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Narrows retrieval to documents whose source is named, or matches a glob. Empty: all."""

    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, before anything is done to it. `as_of` is the day by which documents are in force or not; None: today."""

    text: str
    principal: Principal
    history: tuple[Turn, ...] = ()
    filters: Filters = Filters()
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider reported them. `input_tokens` includes the cached, `output_tokens` the reasoning ones."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """What a model costs, in dollars per million tokens: of input, of input that the provider had cached, of output."""

    input: Decimal
    cached: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a model, booked whether it succeeded or not.

    `usage` is what the provider reported, or what we reckon where it reported nothing (`estimated`); None where it cannot have worked for
    us: it turned the request away, or was never reached. `usd` follows from `usage` and `rate`; it is None where the rate is unknown.
    `created` is when it began.
    """

    id: str
    model: str
    provider: str
    purpose: Purpose
    created: datetime
    milliseconds: float
    usage: Usage | None
    usd: Decimal | None
    rate: Rate | None
    prices: str
    error: str | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """The sum of a question's calls. `usd` is None as soon as one call's price is unknown, 0 where nothing was called; `estimated` where
    a provider did not report what one of them took."""

    usd: Decimal | None
    input_tokens: int
    output_tokens: int
    calls: int
    prices: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What the asker gets: an answer whose every sentence is cited, or a refusal."""

    kind: Kind
    text: str
    confidence: float | None
    citations: tuple[Citation, ...]
    refusal: Refusal | None
    mode: Mode
    notices: tuple[Notice, ...]
    trace_id: str
    generation: str
    cost: Cost
    latency_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class Step:
    """A span of a trace: one step of answering, with what it saw and decided. Times in milliseconds; `started` from the trace's start."""

    name: str
    started: float
    milliseconds: float
    attributes: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything seen, decided and paid for one question.

    `reply` is None where nobody waited for one (`outcome` `cancelled`) or it failed. `model` and `prompt` (the hash of its files) say what
    would write the answer; `key` is the answer's in the cache, None where it is not to be used again. `origin` is the trace that this one
    repeats: out of the cache, or by `footnote replay`. `calls` are those of this question, in the order in which they ended.
    """

    id: str
    created: datetime
    question: Question
    standalone: str
    outcome: Ending
    reply: Reply | None
    generation: str
    steps: tuple[Step, ...]
    cost: Cost
    model: str | None = None
    prompt: str | None = None
    key: str | None = None
    origin: str | None = None
    calls: tuple[Call, ...] = ()
