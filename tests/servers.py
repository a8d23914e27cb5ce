"""Real servers on loopback for the tests: started, waited for, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

STARTING = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def footnote_server(home: Path, folder: Path) -> Iterator[str]:
    """`footnote serve`, started in a folder on what was ingested into a home; gives its address, and ends it as an operator would."""
    port = free_port()
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "footnote"), "serve", "--port", str(port)],
        env=os.environ | {"FOOTNOTE_HOME": str(home)},
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    wait_for(f"http://127.0.0.1:{port}/readyz")
    yield f"http://127.0.0.1:{port}"
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """`chroma run` on an empty folder; gives its address."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "chroma"), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/v2/heartbeat")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """An application under a real uvicorn in a thread; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=free_port(), log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(f"http://127.0.0.1:{server.config.port}/healthz")
        yield f"http://127.0.0.1:{server.config.port}"
    finally:
        server.should_exit = True
        thread.join(30)


def wait_for(url: str, seconds: float = STARTING) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, timeout=seconds, trust_env=False).is_success:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer within {seconds} s")
