"""Everything that can go wrong, as one small tree. A refusal is not here: it is a reply.

    FootnoteError
    ├── InvalidRequest       the caller's input is wrong; `field` names which part
    ├── NotFound             no such document or trace, or none that this principal may see
    ├── Unauthenticated      no credential was shown, or none that is valid
    ├── Forbidden            the credential is valid, and not good for this
    ├── TooMuch              the caller has to wait: `retry_after` seconds
    │   └── Overloaded           everybody has to: more is asked than can be answered
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
    ├── ModelFailed          one request to a model failed; `error` is the word for it, `passing` whether another try may help
    └── ModelUnavailable     no chat model answered, or none may be asked; `reason` says which

A message says what happened, to which file or setting, and what to do. Status codes live in `api/`.
"""

from __future__ import annotations

from typing import Literal


class FootnoteError(Exception):
    """Base of all errors that Footnote raises on purpose."""


class InvalidRequest(FootnoteError):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotFound(FootnoteError):
    pass


class Unauthenticated(FootnoteError):
    pass


class Forbidden(FootnoteError):
    pass


class TooMuch(FootnoteError):
    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(TooMuch):
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


class ModelFailed(FootnoteError):
    """`retry_after` is how many seconds the provider asks to wait. `worked`: it may have worked for us, and charge for it: the request
    reached it, and it did not turn it away."""

    def __init__(self, error: str, message: str, *, passing: bool, retry_after: float | None = None, worked: bool = True) -> None:
        super().__init__(message)
        self.error = error
        self.passing = passing
        self.retry_after = retry_after
        self.worked = worked


class ModelUnavailable(FootnoteError):
    def __init__(self, message: str, reason: Literal["model_unavailable", "budget_exceeded"] = "model_unavailable") -> None:
        super().__init__(message)
        self.reason = reason
