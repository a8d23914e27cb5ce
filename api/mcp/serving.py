"""A uvicorn that lets tools finish before it ends."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp

from assistant.answering import Assistant

_LONGEST = 30
_OFTEN = 0.1
# The last event of a stream is on its way when its question counts as answered.
_LAST_EVENT = 0.5


class PatientServer(uvicorn.Server):
    """When it is told to end, the streams of the SDK (sse-starlette) would break off at once, and with them what is being answered. They
    end when nothing is: a client's listening stream has no end of its own."""

    def __init__(self, app: ASGIApp, core: Assistant) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=_LONGEST))
        self._core = core
        AppStatus.enable_automatic_graceful_drain = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending = asyncio.create_task(self._end_streams())
        await super().shutdown(sockets)
        await ending
        AppStatus.should_exit = False

    async def _end_streams(self) -> None:
        while self._core.open:  # noqa: ASYNC110  # the Assistant rings no bell
            await asyncio.sleep(_OFTEN)
        await asyncio.sleep(_LAST_EVENT)
        AppStatus.should_exit = True
