"""Connections on loopback, served on an event loop in one background thread. A client that leaves is noticed at once."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable

from tests.fake_openai.http import MOST_HEADERS, Request, read_request

Answer = Callable[[Request, "Line", asyncio.StreamWriter], Awaitable[bool]]


class Line(asyncio.StreamReaderProtocol):
    """A connection that knows when the client leaves: `left`. Whoever is `answering` on it is cancelled then."""

    def __init__(self, connected: Callable[[Line, asyncio.StreamReader, asyncio.StreamWriter], None]) -> None:
        super().__init__(asyncio.StreamReader(MOST_HEADERS), lambda reader, writer: connected(self, reader, writer))
        self.left = False
        self.answering: asyncio.Task[None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:
        self._leave()
        return super().eof_received()

    def _leave(self) -> None:
        self.left = True
        if self.answering is not None:
            self.answering.cancel()


class Sockets:
    """`answer` gets each request, in the thread's loop, and says whether the connection is kept. `broken` holds what it raised but for
    a connection's errors."""

    def __init__(self, answer: Answer, port: int) -> None:
        self.port = port
        self.broken: list[BaseException] = []
        self._answer = answer
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="fake-openai", daemon=True)

    def start(self) -> None:
        """Listens, on a free port where `port` was 0. Raises OSError where another listens there."""
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = self._listening.getsockname()[1]
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Ends all connections, whatever is being sent on them."""
        self.call(self._stop.set)
        self._thread.join()

    def call(self, function: Callable[[], object]) -> None:
        """In the thread's loop, soon."""
        self._loop.call_soon_threadsafe(function)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(lambda: Line(self._connected), sock=self._listening, backlog=1024)
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
            self.broken.append(error)

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
