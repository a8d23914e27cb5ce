"""What the tools take and give. Unknown arguments are refused; results are shaped as over HTTP, less what a model has no use for."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from api.http.schemas import CitationOut, Day, NoticeOut, RefusalOut, Request, Response
from assistant.types import Kind
from assistant.validate import MOST_HITS, MOST_QUESTION, MOST_SOURCES

# Characters of a document: a few pages, and what a model with a large window takes at once.
PIECE = 20_000
MOST_PIECE = 100_000

Sources = Annotated[
    list[str],
    Field(
        max_length=MOST_SOURCES,
        description="Look only in these documents: paths as `search` gives them, or globs over them such as hr/*. Empty: in all.",
    ),
]


class AskArguments(Request):
    question: str = Field(
        min_length=1,
        max_length=MOST_QUESTION,
        description="The question, complete in itself: nothing of the conversation before it is known here.",
        examples=["How many days of annual leave do I get?"],
    )
    sources: Sources = Field(default=[])
    as_of: Day | None = Field(
        default=None, description="The day by which documents are in force or not, written YYYY-MM-DD. Left out: today."
    )


class SearchArguments(Request):
    query: str = Field(min_length=1, max_length=MOST_QUESTION, description="What to look for, in words or as a question.")
    k: int = Field(default=10, ge=1, le=MOST_HITS, description="How many passages at most.")
    sources: Sources = Field(default=[])


class ReadArguments(Request):
    source: str = Field(
        min_length=1,
        max_length=MOST_QUESTION,
        description="The document's path, as `search` and citations give it.",
        examples=["hr/leave.md"],
    )
    offset: int = Field(default=0, ge=0, description="Where to begin, in characters: `next_offset` of the piece before.")
    limit: int = Field(default=PIECE, ge=1, le=MOST_PIECE, description="How many characters at most.")


class AskResult(Response):
    """An answer with its citations, or a refusal. `start` and `end` of a citation count characters of what `read` gives."""

    kind: Kind
    text: str
    citations: list[CitationOut]
    refusal: RefusalOut | None
    notices: list[NoticeOut]
    trace_id: str


class ReadResult(Response):
    """A piece of a document of `characters` in all; `next_offset` is null where it ends."""

    id: str
    source: str
    title: str
    owner: str | None
    effective: date | None
    characters: int
    offset: int
    next_offset: int | None
    text: str
