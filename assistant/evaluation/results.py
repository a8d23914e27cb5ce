"""What is kept of an evaluation: of each question what was found and said, and of the whole what it was measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.errors import FootnoteError, InvalidRequest
from assistant.types import Kind


@dataclass(frozen=True, slots=True)
class Judged:
    """A reply, and what it is worth. `right` is None of a refusal, and of an answer that the row gives nothing to judge by;
    `precision` and `recall` are shares of letters, None where there is no gold evidence or no answer; `cited` has the source of each
    citation; `usd` is None where the price is unknown."""

    kind: Kind
    text: str
    reason: str | None
    confidence: float | None
    right: bool | None
    precision: float | None
    recall: float | None
    cited: tuple[str, ...]
    quote_characters: int
    quotes_not_verbatim: int
    wrong_marks: bool
    usd: float | None
    calls: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Result:
    """One question. `retrieval` has the measures of its search by name, and none where nothing was to be found; `search_ms` is None where
    nothing was searched, `reply` where the question was not asked."""

    id: str
    line: int
    question: str
    answerable: bool
    digest: str
    retrieval: dict[str, float]
    search_ms: float | None
    reply: Judged | None

    @property
    def points(self) -> int | None:
        """1 for a right answer and for a refusal where there is no answer, 0 for any other refusal, -1 for any other answer; None where
        it was not asked or cannot be judged."""
        if self.reply is None:
            return None
        if self.reply.kind == "refusal":
            return 0 if self.answerable else 1
        if self.reply.right is None:
            return None
        return 1 if self.reply.right else -1


@dataclass(frozen=True, slots=True)
class Point:
    """Of the risk-coverage curve: what holds if only the answers with at least this confidence are given."""

    confidence: float
    coverage: float
    risk: float
    answers: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """What an evaluation was made on and how. `version` is Footnote's, `gate` a digest of the gate's coefficients with the day they were
    trained; `groups` is None for the user who reads everything."""

    date: str
    folder: str
    version: str
    generation: str
    embeddings: str
    gate: str
    model: str | None
    reranker: str | None
    field: str
    scope: bool
    absent: bool
    prefix: str
    limit: int
    groups: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A whole run. A measure is None where there was nothing to measure; `reasons` counts the refusals by reason, `unlabelled` are the
    lines of the rows that were skipped because nobody has labelled them yet."""

    conditions: Conditions
    measures: dict[str, float | None]
    reasons: dict[str, int]
    curve: tuple[Point, ...]
    unlabelled: tuple[int, ...]
    warnings: tuple[str, ...]
    rows: tuple[Result, ...]


_FORM = TypeAdapter(Evaluation)


def as_json(evaluation: Evaluation) -> str:
    return _FORM.dump_json(evaluation, indent=1).decode()


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Raises FootnoteError where the file cannot be written."""
    try:
        path.write_text(as_json(evaluation) + "\n", encoding="utf-8")
    except OSError as error:
        raise FootnoteError(f"{path} cannot be written: {error.strerror}.") from error


def read_evaluation(path: Path) -> Evaluation:
    """What `footnote eval` has written with --output or --json. Raises InvalidRequest where it is something else."""
    try:
        return _FORM.validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidRequest(str(path), f"cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InvalidRequest(str(path), f"is not what `footnote eval --output` writes ({place}: {first['msg']})") from None
