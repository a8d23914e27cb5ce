"""Everything that can go wrong, as one small tree. A refusal is not here: it is a reply.

    FootnoteError
    ├── InvalidRequest       the caller's input is wrong; `field` names which part
    ├── NotFound             no such document or trace, or none that this principal may see
    ├── SettingsError        a setting is wrong; the message names the variable and what is allowed
    ├── IndexUnavailable     there is nothing to answer from
    │   ├── IndexMissing         nothing was ingested yet
    │   └── IndexBroken          the published generation does not open
    ├── IngestError          the ingest changed nothing
    │   ├── RootMismatch         the index belongs to another folder
    │   ├── AnotherWriter        somebody else is ingesting
    │   └── NothingToIngest      no folder, or no file in it that can be read
    ├── ParseError           one file cannot be read; its own failure, the ingest goes on
    │   └── LimitExceeded        it took too long or too much memory; it is tried again with the next ingest
    ├── EmbeddingError       the embedding model is missing, altered or unknown
    └── ModelUnavailable     no chat model answered; `calls` are booked all the same

A message says what happened, to which file or setting, and what to do. Status codes live in `api/`.
"""

from __future__ import annotations

from assistant.types import Call


class FootnoteError(Exception):
    """Base of all errors that Footnote raises on purpose."""


class InvalidRequest(FootnoteError):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotFound(FootnoteError):
    pass


class SettingsError(FootnoteError):
    pass


class IndexUnavailable(FootnoteError):
    pass


class IndexMissing(IndexUnavailable):
    pass


class IndexBroken(IndexUnavailable):
    pass


class IngestError(FootnoteError):
    pass


class RootMismatch(IngestError):
    pass


class AnotherWriter(IngestError):
    pass


class NothingToIngest(IngestError):
    pass


class ParseError(FootnoteError):
    pass


class LimitExceeded(ParseError):
    pass


class EmbeddingError(FootnoteError):
    pass


class ModelUnavailable(FootnoteError):
    def __init__(self, message: str, calls: tuple[Call, ...] = ()) -> None:
        super().__init__(message)
        self.calls = calls
