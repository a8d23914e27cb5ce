"""Reads an owner's own questions, one JSON object a line, and makes of each what is asked and what a reply to it is held against.

    {"id": "leave-1", "question": "How many days of leave do I get?", "answerable": true, "answers": ["25 days"],
     "evidence": [{"doc": "hr/leave.md", "text": "Full-time employees have 25 days of paid annual leave."}]}

Further keys: `evidence_mode` (`any`, the default: one piece of evidence is enough; `all`: every piece is wanted), `history` (the
conversation before), `scope` (the document it is about), `qrels` (documents with grades: the question is searched for and not asked).
`answerable: null` is a row that nobody has labelled yet.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, StrictBool, ValidationError

from assistant.errors import InvalidRequest
from assistant.evaluation.measures import Row, source_of
from assistant.types import LOCAL, Filters, Principal, Question, Role, Turn
from assistant.validate import validate

FILE = "questions.jsonl"
STANDALONE = "question_standalone"
MOST_COMPLAINTS = 10


@dataclass(frozen=True, slots=True)
class Asking:
    """How rows become questions. `field` is the one that is asked, where a row has it; `scope` searches in the row's document alone;
    `absent` takes every question for one that the documents do not answer; `prefix` stands before the rows' sources in the index;
    `limit` is the size of a random sample, 0 for all."""

    field: str = "question"
    scope: bool = False
    absent: bool = False
    prefix: str = ""
    limit: int = 0
    principal: Principal = LOCAL


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled row. `gold` is the row itself, with `evidence` and `answers` in any case; `digest` tells whether two runs asked the same
    and held it against the same."""

    id: str
    line: int
    question: Question
    answerable: bool
    gold: Row
    digest: str


@dataclass(frozen=True, slots=True)
class Questions:
    """`unlabelled` are the lines of the rows that nobody has labelled yet."""

    path: Path
    cases: tuple[Case, ...]
    unlabelled: tuple[int, ...]


class _Gold(BaseModel):
    doc: str = Field(min_length=1)
    text: str = Field(pattern=r"\w")
    text_plain: str | None = None


class _Turn(BaseModel):
    role: Role
    content: str | None = None
    text: str | None = None


class _Row(BaseModel):
    """What a row must look like. Keys that are not named here are other programs' own."""

    id: str | None = Field(default=None, min_length=1)
    question: str
    answerable: StrictBool | None
    answers: list[str] | None = None
    evidence: list[_Gold] | None = None
    evidence_mode: Literal["any", "all"] | None = None
    history: list[_Turn] | None = None
    scope: str | None = None
    qrels: dict[str, int] | None = None


def read_questions(folder: Path, asking: Asking) -> Questions:
    """Raises InvalidRequest that names file and line of each row that is no question."""
    path = folder / FILE
    rows, complaints = _rows(path)
    cases, unlabelled, seen = [], [], dict[str, int]()
    for line, row in rows:
        if row["answerable"] is None and not asking.absent:
            unlabelled.append(line)
            continue
        case = _case(line, row, asking)
        complaints += [(line, complaint) for complaint in _unfit(case, seen)]
        seen[case.id] = line
        cases.append(case)
    if complaints:
        raise InvalidRequest(str(path), _told(sorted(complaints)))
    if not cases:
        raise InvalidRequest(str(path), 'no row is labelled yet. Set "answerable" to true or false in each that you have decided on')
    chosen = random.Random(0).sample(cases, min(asking.limit, len(cases))) if asking.limit else cases
    return Questions(path, tuple(chosen), tuple(unlabelled))


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, str]]]:
    """The rows that have the form, and what is wrong with the others, each with its line."""
    good, bad = [], []
    for line, text in enumerate(_text(path).split("\n"), 1):
        if text.strip():
            try:
                row = json.loads(text)
                _Row.model_validate(row)
            except ValidationError as error:
                bad += [(line, _complaint(detail["loc"], detail["msg"])) for detail in error.errors()]
            except json.JSONDecodeError as error:
                bad.append((line, f"is no JSON: {error.msg} at character {error.colno}"))
            else:
                good.append((line, row))
    return good, bad


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidRequest(str(path), "there is no such file. Give the folder that holds it; docs/evaluation.md shows its form") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(str(path), f"cannot be read: {error}") from None


def _complaint(place: Sequence[int | str], message: str) -> str:
    name = ".".join(map(str, place)) or "the row"
    if message == "Field required":
        hint = " (true, false, or null while nobody has decided)" if name == "answerable" else ""
        return f'has no "{name}"{hint}'
    return f'"{name}": {message[0].lower()}{message[1:]}'


def _unfit(case: Case, seen: Mapping[str, int]) -> Iterator[str]:
    if case.id in seen:
        yield f'its "id" {case.id} is that of line {seen[case.id]}'
    try:
        validate(case.question)
    except InvalidRequest as error:
        yield f'"{error.field}" {error.message}'


def _told(complaints: Sequence[tuple[int, str]]) -> str:
    shown = [f"\n  line {line}: {complaint}" for line, complaint in complaints[:MOST_COMPLAINTS]]
    more = len(complaints) - len(shown)
    return "not every row can be scored" + "".join(shown) + (f"\n  … and {more} more" if more else "")


def _case(line: int, row: dict[str, Any], asking: Asking) -> Case:
    text = row.get(asking.field) or row["question"]
    scope = (asking.prefix + source_of(row["scope"]),) if asking.scope and row.get("scope") else ()
    question = Question(text, asking.principal, turns(row) if asking.field != STANDALONE else (), Filters(scope))
    answerable = bool(row["answerable"]) and not asking.absent
    gold = row | {"evidence": row.get("evidence") or [], "answers": row.get("answers") or []}
    held = [gold.get(key) for key in ("evidence", "evidence_mode", "answers", "qrels")]
    digest = _digest([text, [(turn.role, turn.content) for turn in question.history], scope, answerable, held])
    return Case(row.get("id") or f"q-{_digest(row['question'])}", line, question, answerable, gold, digest)


def turns(row: Row) -> tuple[Turn, ...]:
    """The conversation before the question."""
    return tuple(Turn(turn["role"], turn.get("content") or turn.get("text") or "") for turn in row.get("history") or ())


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
