"""The product as it is installed, for measuring: a folder is ingested, `footnote serve` answers on loopback, questions go over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.servers import free_port, wait_for

BIN = Path(sys.executable).parent
STOPPING = 60.0


def environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """This process's, without settings that a person may have made for their own index."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
    return kept | {"FOOTNOTE_HOME": str(home)} | dict(settings)


def ingest(folder: Path, home: Path) -> None:
    command = [str(BIN / "ingest"), str(folder), "--yes"]
    subprocess.run(command, env=environment(home, {}), cwd=home.parent, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(home: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """The address of a server on what was ingested into `home`."""
    port = free_port()
    command = [str(BIN / "footnote"), "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment(home, settings), cwd=home.parent, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(STOPPING)


def ask(client: httpx.Client, question: str, sources: list[str], *, stream: bool) -> dict[str, Any]:
    """The reply; of a stream, what its events said stands in `told`."""
    body = {"question": question, "filters": {"sources": sources}, "stream": stream}
    response = client.post("/v1/ask", json=body).raise_for_status()
    if not stream:
        reply: dict[str, Any] = response.json()
        return reply
    events = [_event(part) for part in response.text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    done: dict[str, Any] = next(data for name, data in events if name == "done")
    return done | {"told": [data for name, data in events if name == "sentence"]}


def _event(part: str) -> tuple[str, Any]:
    fields = dict(line.split(": ", 1) for line in part.splitlines() if ": " in line and not line.startswith(":"))
    return fields.get("event", ""), json.loads(fields.get("data", "null"))
