"""Do the labels still fit the documents? An index changes, and what a row says of it grows old."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from functools import cache

from assistant.errors import InvalidRequest
from assistant.evaluation.measures import SHORT_ANSWER, Row, letters, source_of
from assistant.evaluation.questions import Case, Questions
from assistant.generation import Snapshot
from assistant.types import Principal

Place = tuple[int, str, Row]


def doubts(questions: Questions, snapshot: Snapshot, principal: Principal, prefix: str) -> tuple[str, ...]:
    """A sentence for each label that no reply can live up to, with its line. Raises InvalidRequest where the index has none of the
    documents: then it is not the questions' index, and every figure would be an accident."""
    places = [(case.line, prefix + source_of(e["doc"]), e) for case in questions.cases if case.answerable for e in case.gold["evidence"]]
    sources = {chunk.source for chunk in snapshot.index.chunks if principal.may_read(chunk.groups)}
    if places and not any(source in sources for _, source, _ in places):
        raise InvalidRequest(str(questions.path), _foreign(places[0], sources))
    return (*_missing(places, sources), *_worn(places, snapshot, principal), *_empty(questions.cases))


def _foreign(place: Place, sources: Collection[str]) -> str:
    line, source, _ = place
    return (
        f"the index holds none of the documents that the rows name as evidence, such as {source} in line {line}.{_hint(source, sources)} "
        "Name them as `footnote search` does, or say with --prefix what stands before them; with --absent all are to be refused"
    )


def _missing(places: Sequence[Place], sources: Collection[str]) -> Iterator[str]:
    lines: dict[str, list[int]] = {}
    for line, source, _ in places:
        if source not in sources:
            lines.setdefault(source, []).append(line)
    for source, named in lines.items():
        numbers = ", ".join(map(str, dict.fromkeys(named)))
        yield f"line {numbers}: the evidence is in {source}, which is not in the index for this asker.{_hint(source, sources)}"


def _hint(source: str, sources: Collection[str]) -> str:
    """A file that was moved keeps its name; one that was renamed has a similar one."""
    moved = sorted(known for known in sources if known.rpartition("/")[2] == source.rpartition("/")[2])
    near = moved or difflib.get_close_matches(source, sorted(sources), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _worn(places: Sequence[Place], snapshot: Snapshot, principal: Principal) -> Iterator[str]:
    @cache
    def text_of(source: str) -> str | None:
        document = snapshot.documents.by_source(source, principal)
        return letters(document.text) if document else None

    for line, source, evidence in places:
        text = text_of(source)
        golds = {letters(evidence["text"]), letters(evidence.get("text_plain") or evidence["text"])}
        if text is not None and not any(gold in text for gold in golds):
            yield f"line {line}: the evidence does not stand in {source} in these words, so it may never be found."


def _empty(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        gold = case.gold
        if case.answerable and "qrels" not in gold and not gold["evidence"] and not _short(gold):
            yield f'line {case.line}: has neither "evidence" nor a short answer in "answers", so an answer to it is not judged.'


def _short(gold: Row) -> bool:
    return any(len(answer) <= SHORT_ANSWER for answer in gold["answers"])
