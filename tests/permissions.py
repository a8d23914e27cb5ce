"""A company whose documents, groups and keys change while everybody asks: no reply holds a word that its reader may not read.

Each version of a document has a word that stands nowhere else. What a caller may be shown is what their groups let them read in the
published generation, and what they were rightly shown before, because that stands in their own traces.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from api.http.doors import Doors
from api.identity.audit import AuditLog
from api.identity.callers import Doorman
from api.identity.keys import Keys
from tests.fakes import FakeChatModel, first_sentence
from tests.worlds import OPEN_GATE, World

GROUPS = ("hr", "it", "law")
SOURCES = st.sampled_from(["a.md", "b.md", "x/[a].md", "x/a.md", "x/y/c.md", "d.md"])
MEMBERS = st.sets(st.sampled_from(GROUPS)).map(lambda names: tuple(sorted(names)))
TOPICS = st.sampled_from(["leave", "travel", "badges"])
FILTERS = st.sampled_from([None, ["x/*"], ["x/[a].md"], ["a.md", "d.md"]])
_SECRET = re.compile(r"secret[a-z]{6}")


@dataclass
class Written:
    """A document as it lies in the folder."""

    groups: tuple[str, ...]
    secret: str


@dataclass
class Person:
    """A key's holder, with the words that they were rightly shown or said themselves so far, and the traces of their questions."""

    groups: tuple[str, ...]
    headers: dict[str, str]
    shown: set[str] = field(default_factory=set)
    traces: list[str] = field(default_factory=list)
    admin: bool = False

    def reads(self, document: Written) -> bool:
        return not document.groups or bool(set(document.groups) & set(self.groups))


class Company(RuleBasedStateMachine):
    """`app` is served at `url`; each run puts a world of its own behind it. `make` makes that world."""

    app: FastAPI
    url: str
    client: httpx.Client
    make: Callable[[Path], World] = World

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        place = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.world = self.make(place)
        self.keys = Keys(place / "keys.json")
        self.app.state.doors = Doors(Doorman([self.keys]), AuditLog(place / "audit.jsonl"))
        model = FakeChatModel(answered_or_written_out)
        self.app.state.assistant = self.stack.enter_context(self.world.assistant(OPEN_GATE, model=model))
        self.folder: dict[str, Written] = {}
        self.published: dict[str, Written] = {}
        self.people: list[Person] = []
        self.documents: set[str] = set()
        self.write("a.md", "leave", ("hr",))
        self.write("d.md", "leave", ())
        self.publish()
        self.join(("hr",), admin=False)
        self.join((), admin=False)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    @rule(source=SOURCES, topic=TOPICS, groups=MEMBERS)
    def write(self, source: str, topic: str, groups: tuple[str, ...]) -> None:
        secret = "secret" + "".join(chr(ord("a") + int(digit)) for digit in f"{self._count():06}")
        self.folder[source] = Written(groups, secret)
        front = f"---\ngroups: [{', '.join(groups)}]\n---\n" if groups else ""
        self.world.write(source, f"{front}# About {topic} {secret}\n\nThe rule for {topic} is {secret}. Everybody has {topic}.\n")

    @rule(source=SOURCES, groups=MEMBERS)
    def move_to_other_groups(self, source: str, groups: tuple[str, ...]) -> None:
        """The same words for other readers."""
        if source in self.folder:
            secret = self.folder[source].secret
            self.folder[source] = Written(groups, secret)
            path = self.world.folder / source
            body = path.read_text(encoding="utf-8").rpartition("---\n")[2]
            path.write_text((f"---\ngroups: [{', '.join(groups)}]\n---\n" if groups else "") + body, encoding="utf-8")

    @precondition(lambda self: len(self.folder) > 1)
    @rule(source=SOURCES)
    def remove(self, source: str) -> None:
        if self.folder.pop(source, None):
            (self.world.folder / source).unlink()

    @rule()
    def publish(self) -> None:
        if self.folder:
            self.world.ingest()
            self.published = dict(self.folder)

    @rule(groups=MEMBERS, admin=st.booleans())
    def join(self, groups: tuple[str, ...], admin: bool) -> None:
        scopes = ("admin",) if admin else ("ask", "traces")
        _, token = self.keys.create(f"p{len(self.people)}", groups, scopes, None)  # type: ignore[arg-type]  # the scopes above
        self.people.append(Person(groups, {"authorization": f"Bearer {token}"}, admin=admin))

    @rule(who=st.integers(0, 9), topic=TOPICS, sources=FILTERS, stream=st.booleans())
    def ask(self, who: int, topic: str, sources: list[str] | None, stream: bool) -> None:
        body: dict[str, Any] = {"question": f"What is the rule for {topic}?", "stream": stream}
        text = self._post(who, "/v1/ask", body | ({"filters": {"sources": sources}} if sources else {}))
        reply = json.loads(text.rstrip().rpartition("data: ")[2] if stream else text)
        self._person(who).traces.append(reply["trace_id"])

    @rule(who=st.integers(0, 9), topic=TOPICS)
    def chat(self, who: int, topic: str) -> None:
        self._post(who, "/v1/chat/completions", {"model": "footnote", "messages": [{"role": "user", "content": f"What about {topic}?"}]})

    @rule(who=st.integers(0, 9), other=st.integers(0, 9), topic=TOPICS)
    def follow_up(self, who: int, other: int, topic: str) -> None:
        """With a history that names a word of somebody else's."""
        secret = next(iter(self._person(other).shown), "nothing")
        history = [{"role": "user", "content": f"Is {secret} about {topic}?"}, {"role": "assistant", "content": "Perhaps."}]
        self._person(who).shown.add(secret)  # their own traces say what they said
        self._post(who, "/v1/ask", {"question": "And what is the rule?", "history": history})

    @rule(who=st.integers(0, 9), topic=TOPICS, sources=FILTERS)
    def search(self, who: int, topic: str, sources: list[str] | None) -> None:
        self._post(who, "/v1/search", {"query": topic} | ({"filters": {"sources": sources}} if sources else {}))

    @rule(who=st.integers(0, 9))
    def list_documents(self, who: int) -> None:
        listed = json.loads(self._get(who, "/v1/documents"))["documents"]
        person = self._person(who)
        assert {one["source"] for one in listed} == {source for source, one in self.published.items() if person.reads(one)}
        self.documents |= {one["id"] for one in listed}

    @rule(who=st.integers(0, 9), number=st.integers(0, 30))
    def open_document(self, who: int, number: int) -> None:
        """One that anybody was ever told of."""
        if self.documents:
            self._get(who, f"/v1/documents/{sorted(self.documents)[number % len(self.documents)]}")

    @rule(who=st.integers(0, 9), whose=st.integers(0, 9), number=st.integers(0, 5))
    def open_trace(self, who: int, whose: int, number: int) -> None:
        mine, other = self._person(who), self._person(whose)
        if not other.traces:
            return
        trace = other.traces[number % len(other.traces)]
        found = self.client.get(f"{self.url}/v1/traces/{trace}", headers=mine.headers)
        assert found.status_code == (200 if mine is other or mine.admin else 404)
        if not mine.admin:
            self._check(mine, found.text)
        rated = self.client.post(f"{self.url}/v1/feedback", json={"trace_id": trace, "rating": 1}, headers=mine.headers)
        assert rated.status_code == (200 if mine is other else 404)

    @rule(who=st.integers(0, 9), path=st.sampled_from(["/v1/traces", "/v1/costs"]))
    def look(self, who: int, path: str) -> None:
        if not self._person(who).admin:
            self._get(who, path)

    def _person(self, who: int) -> Person:
        return self.people[who % len(self.people)]

    def _post(self, who: int, path: str, body: dict[str, Any]) -> str:
        person = self._person(who)
        reply = self.client.post(self.url + path, json=body, headers=person.headers)
        assert reply.status_code == 200, reply.text
        self._check(person, reply.text)
        return reply.text

    def _get(self, who: int, path: str) -> str:
        person = self._person(who)
        reply = self.client.get(self.url + path, headers=person.headers)
        assert reply.status_code in (200, 404), reply.text
        self._check(person, reply.text)
        return reply.text

    def _check(self, person: Person, text: str) -> None:
        may = {document.secret for document in self.published.values() if person.reads(document)}
        told = set(_SECRET.findall(text))
        assert told <= may | person.shown, f"{told - may - person.shown} was shown to {person.groups}"
        person.shown |= told

    def _count(self) -> int:
        self._written: int = getattr(self, "_written", -1) + 1
        return self._written


def answered_or_written_out(prompt: str) -> str:
    return first_sentence(prompt) if "<passage [" in prompt else "What is the rule for leave?"
