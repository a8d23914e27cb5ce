"""What FastAPI and uvicorn cost by themselves, in a process of their own: `python -m bench.load.plain PORT BYTES`. Whatever is asked, so
many bytes are the reply. Ends with SIGTERM."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen

import uvicorn
from fastapi import FastAPI, Request, Response

from bench.load.client import ASK, HEALTH
from bench.streams.processes import Running
from tests.servers import free_port, wait_for


@contextmanager
def plain(size: int) -> Iterator[Running]:
    port = free_port()
    with Popen([sys.executable, "-m", "bench.load.plain", str(port), str(size)]) as run:
        try:
            wait_for(f"http://127.0.0.1:{port}{HEALTH}")
            yield Running(f"http://127.0.0.1:{port}", run.pid)
        finally:
            run.terminate()


def make_app(reply: bytes) -> FastAPI:
    app = FastAPI()

    @app.post(ASK)
    async def ask(request: Request) -> Response:
        await request.body()
        return Response(reply, media_type="application/json")

    @app.get(HEALTH)
    async def healthz() -> Response:
        return Response()

    return app


if __name__ == "__main__":
    uvicorn.run(make_app(b" " * int(sys.argv[2])), port=int(sys.argv[1]), log_level="warning", access_log=False)
