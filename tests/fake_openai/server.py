"""The fake provider itself: its sockets on an event loop in one background thread, its script, its bill."""

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
from tests.fake_openai.http import Line, Pen, Request, read_request
from tests.fake_openai.moderations import MODEL as MODERATION_MODEL
from tests.fake_openai.moderations import Flags, moderation, texts_of
from tests.fake_openai.replies import prompt_of

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
        self._flags = flags
        self._moderation_script = moderation_script
        self._keep = keep
        self._port = port
        self._turns = {_CHAT: 0, _MODERATION: 0}
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: list[BaseException] = []
        self._ready = threading.Event()

    def __enter__(self) -> FakeOpenAI:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="fake-openai", daemon=True)
        self._thread.start()
        if not self._ready.wait(10):
            raise OSError(f"The fake provider could not listen on port {self._port}.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._broken and error is None:
            raise self._broken[0]
        if self._broken and error is not None:
            error.add_note("The fake provider broke:\n" + "".join(traceback.format_exception(self._broken[0])))

    @property
    def url(self) -> str:
        """The base URL, as OPENAI_BASE_URL takes it."""
        return f"http://127.0.0.1:{self._port}/v1"

    def prompt(self, request: int = -1) -> str:
        """All messages of a chat request as one text."""
        return prompt_of(self.requests[request])

    def go_on(self) -> None:
        """Ends all delays and pauses of behaviours that are waited for now."""
        self._loop.call_soon_threadsafe(self._end_pauses)

    def wait_until(self, holds: Callable[[FakeOpenAI], bool], seconds: float = 5.0) -> None:
        """Blocks the thread until it holds; a TimeoutError says what was served where it does not."""
        until = time.monotonic() + seconds
        while not holds(self):
            if time.monotonic() > until:
                raise TimeoutError(f"Not within {seconds} s: {self.open} open, served {self.served[-10:]}")
            time.sleep(0.002)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._going_on = asyncio.Event()
        server = await self._loop.create_server(lambda: Line(self._connected), "127.0.0.1", self._port, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    def _connected(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(0)  # what was written is with the kernel
        task = asyncio.create_task(self._talk(line, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken.append(error)

    async def _talk(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await read_request(reader):
                kept = await self._answer(request, line, writer)
                if not kept or request.headers.get("connection") == "close":
                    break
        except ConnectionError:
            pass  # the client left; its record says so
        finally:
            writer.close()

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
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._going_on.wait()
            except TimeoutError:
                pass

    def _end_pauses(self) -> None:
        self._going_on.set()
        self._going_on = asyncio.Event()
