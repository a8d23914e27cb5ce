"""Those who ask, each with a key: what they want next, what they know from replies, and what is wrong with a reply."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.mixed.company import ADMIN

OK, NOT_FOUND, TOO_MANY_REQUESTS = 200, 404, 429
# Of a hundred requests.
MIX = {
    "ask": 22,
    "ask, streamed": 20,
    "chat": 5,
    "chat, streamed": 5,
    "search": 14,
    "documents": 8,
    "document": 10,
    "traces": 5,
    "trace": 4,
    "feedback": 5,
    "costs": 1,
    "metrics": 1,
}
# What a reply has to tell before this can be asked for.
_FIRST = {"document": "documents", "trace": "ask", "feedback": "ask"}
_OF_ADMINS = ("costs", "metrics")
_LAST_WORDS = {"ask, streamed": "event: done\ndata: ", "chat, streamed": "data: [DONE]"}
_MOST_TOLD = 500


@dataclass(slots=True)
class Person:
    """Whose key it is; what they were told of documents (sources by id) and the last of their traces."""

    name: str
    key: str
    documents: Mapping[str, str] = field(default_factory=dict)
    traces: deque[str] = field(default_factory=lambda: deque(maxlen=50))


@dataclass(frozen=True, slots=True)
class Wish:
    """A request. `source` is that of a document that is asked for by its id."""

    person: Person
    kind: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    source: str | None = None


class People:
    """Draws who wants what."""

    def __init__(self, keys: Mapping[str, str], questions: Sequence[str], seed: int = 0) -> None:
        self._chance = random.Random(seed)
        self._questions = questions
        self._admin = Person(ADMIN, keys[ADMIN])
        self._others = [Person(name, key) for name, key in keys.items() if name != ADMIN]

    def wish(self) -> Wish:
        kind = self._chance.choices(list(MIX), list(MIX.values()))[0]
        person = self._admin if kind in _OF_ADMINS else self._chance.choice(self._others)
        if not (person.documents if kind == "document" else person.traces):
            kind = _FIRST.get(kind, kind)
        return self._wish(person, kind)

    def _wish(self, person: Person, kind: str) -> Wish:
        question = self._chance.choice(self._questions)
        if kind in ("ask", "ask, streamed"):
            return Wish(person, kind, "POST", "/v1/ask", {"question": question, "stream": kind != "ask"})
        if kind in ("chat", "chat, streamed"):
            body = {"model": "footnote", "messages": [{"role": "user", "content": question}], "stream": kind != "chat"}
            return Wish(person, kind, "POST", "/v1/chat/completions", body)
        if kind == "search":
            return Wish(person, kind, "POST", "/v1/search", {"query": question})
        if kind == "document":
            number = self._chance.choice(list(person.documents))
            return Wish(person, kind, "GET", f"/v1/documents/{number}", source=person.documents[number])
        if kind == "trace":
            return Wish(person, kind, "GET", f"/v1/traces/{self._chance.choice(person.traces)}")
        if kind == "feedback":
            body = {"trace_id": self._chance.choice(person.traces), "rating": self._chance.choice([1, -1])}
            return Wish(person, kind, "POST", "/v1/feedback", body)
        return Wish(person, kind, "GET", "/metrics" if kind == "metrics" else f"/v1/{kind}")


def learn(wish: Wish, text: str) -> None:
    """What a reply that is as it should be tells for later."""
    if wish.kind == "ask":
        wish.person.traces.append(json.loads(text)["trace_id"])
    elif wish.kind == "documents":
        wish.person.documents = {one["id"]: one["source"] for one in json.loads(text)["documents"]}


def complaint(wish: Wish, status: int, text: str, removed: Collection[str]) -> str | None:
    """What is wrong with a reply, in words; None where nothing is. A document may be gone, and a limit may hold."""
    if status == OK:
        ended = text.replace("\r\n", "\n")
        return None if _LAST_WORDS.get(wish.kind, "") in ended else f"it did not end as it should: …{ended[-_MOST_TOLD:]}"
    if status == TOO_MANY_REQUESTS or (status == NOT_FOUND and wish.kind == "document" and wish.source in removed):
        return None
    return text[:_MOST_TOLD]
