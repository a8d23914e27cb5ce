"""The fake provider itself: what it is asked, what it does, what it charges."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from tests.fake_openai import shapes
from tests.fake_openai.behaviour import Behaviour
from tests.fake_openai.bill import Bill, Served
from tests.fake_openai.delivery import Delivery
from tests.fake_openai.http import Pen, Request
from tests.fake_openai.moderations import MODEL as MODERATION_MODEL
from tests.fake_openai.moderations import Flags, moderation, texts_of
from tests.fake_openai.replies import prompt_of
from tests.fake_openai.sockets import Line, Sockets

Script = Sequence[Behaviour] | Callable[[Mapping[str, Any]], Behaviour]
_WORKS = (Behaviour(),)
_CHAT = "/chat/completions"
_MODERATION = "/moderations"


class FakeOpenAI(Bill):
    """`script`: a behaviour for each request in turn, the last one for ever; or a function of the request. `moderation_script` likewise for
    moderations, which flag what `flags` says. `model` is the name under which it answers. Without `keep` nothing is remembered of a request
    but its record: for thousands of them.

    What goes wrong in the fake itself, as in a function of the script, is raised when the `with` block ends.
    """

    def __init__(
        self,
        script: Script,
        model: str = "gpt-5-mini-2025-08-07",
        *,
        flags: Flags = (),
        moderation_script: Script = _WORKS,
        keep: bool = True,
        port: int = 0,
    ) -> None:
        super().__init__()
        self.script = script
        self.model = model
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.moderated: list[str] = []
        self.asked = threading.Event()
        self.open = 0
        self.most_open = 0
        self.paused = 0
        self._flags = flags
        self._moderation_script = moderation_script
        self._keep = keep
        self._sockets = Sockets(self._answer, port)
        self._turns = {_CHAT: 0, _MODERATION: 0}
        self._going_on = asyncio.Event()

    def __enter__(self) -> FakeOpenAI:
        self._sockets.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._sockets.stop()
        for broken in self._sockets.broken[:1]:
            if error is None:
                raise broken
            error.add_note("The fake provider broke:\n" + "".join(traceback.format_exception(broken)))

    @property
    def url(self) -> str:
        """The base URL, as OPENAI_BASE_URL takes it."""
        return f"http://127.0.0.1:{self._sockets.port}/v1"

    def prompt(self, request: int = -1) -> str:
        """All messages of a chat request as one text."""
        return prompt_of(self.requests[request])

    def go_on(self) -> None:
        """Ends all delays and pauses of behaviours that are waited for now; blocks until there is one."""
        self.wait_until(lambda fake: fake.paused > 0)
        self._sockets.call(self._end_pauses)

    def wait_until(self, holds: Callable[[FakeOpenAI], bool], seconds: float = 5.0) -> None:
        """Blocks the thread until it holds; a TimeoutError says what was served where it does not."""
        until = time.monotonic() + seconds
        while not holds(self):
            if time.monotonic() > until:
                raise TimeoutError(f"Not within {seconds} s: {self.open} open, served {self.served[-10:]}")
            time.sleep(0.002)

    async def _answer(self, request: Request, line: Line, writer: asyncio.StreamWriter) -> bool:
        if self._keep:
            self.paths.append(request.path)
        endpoint = next((path for path in self._turns if request.method == "POST" and request.path.endswith(path)), None)
        if endpoint is None:
            return await self._show(request.path, writer)
        asked = json.loads(request.body)
        behaviour = self._take(endpoint, asked, request.headers)
        record = self._begin(endpoint, behaviour)
        line.answering = asyncio.current_task()
        try:
            if line.left:
                raise ConnectionResetError
            delivery = Delivery(behaviour, record, Pen(writer, behaviour.bytes_every), self._pause)
            if endpoint == _MODERATION:
                return await delivery.free(moderation(self._flags, asked, f"modr-{len(self.served)}"))
            return await delivery.chat(asked, f"chatcmpl-{len(self.served)}")
        finally:
            line.answering = None
            self._end(record, line)

    def _take(self, endpoint: str, asked: dict[str, Any], headers: Mapping[str, str]) -> Behaviour:
        """Remembers a request and gives what is to be done with it."""
        if self._keep and endpoint == _CHAT:
            self.requests.append(asked)
            self.headers.append(dict(headers))
        elif self._keep:
            self.moderated += texts_of(asked)
        script, turn = self.script if endpoint == _CHAT else self._moderation_script, self._turns[endpoint]
        self._turns[endpoint] += 1
        return script(asked) if callable(script) else script[min(turn, len(script) - 1)]

    def _begin(self, endpoint: str, behaviour: Behaviour) -> Served:
        name = behaviour.model or (self.model if endpoint == _CHAT else MODERATION_MODEL)
        record = Served(endpoint.strip("/"), behaviour.status, name, time.monotonic())
        self.served.append(record)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.asked.set()
        return record

    def _end(self, record: Served, line: Line) -> None:
        record.cancelled = line.left and not record.complete
        record.ended = time.monotonic()
        self.open -= 1

    async def _show(self, path: str, writer: asyncio.StreamWriter) -> bool:
        """What is no work: the models, the bill."""
        shown = {"/v1/models": lambda: shapes.models(self.model), "/bill": self._bill_as_json}.get(path)
        behaviour = Behaviour(status=200 if shown else 404, error=f"Unknown request URL: {path}")
        return await Delivery(behaviour, Served(path, 200, "", 0.0), Pen(writer, 0.0), self._pause).free(shown() if shown else "")

    def _bill_as_json(self) -> str:
        charged = dataclasses.asdict(self.charged())
        served = [dataclasses.asdict(record) for record in self.served]
        return json.dumps({"open": self.open, "most_open": self.most_open, "charged": charged, "served": served})

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        self.paused += 1
        try:
            async with asyncio.timeout(seconds):
                await self._going_on.wait()
        except TimeoutError:
            pass
        finally:
            self.paused -= 1

    def _end_pauses(self) -> None:
        self._going_on.set()
        self._going_on = asyncio.Event()
