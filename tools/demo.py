"""`make run`: ingests the sample company, starts the API and asks it three questions, saying what it does and how long it takes.

In a terminal the API stays up until Ctrl-C; elsewhere it ends by itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from api.render import console, print_reply
from assistant.settings import load_settings

FOLDER = Path("data/policies")
PORT = int(os.environ.get("PORT", "8000"))
URL = f"http://127.0.0.1:{PORT}"
BIN = Path(sys.executable).parent
STARTING = 180.0

QUESTIONS: tuple[tuple[str, str, bool], ...] = (
    ("An answer, with its quotes", "How many days of leave may I carry over into the next year?", False),
    ("A follow-up, understood from the conversation", "And by when must they be taken?", True),
    ("A refusal, because no document answers it", "Does the company pay for a gym membership?", False),
)
NEXT = f"""
Try next:
  .venv/bin/footnote ask "How many kilometres may I claim with my own car?"
  .venv/bin/footnote ask "Who may hold a break-glass account?" --groups engineering   (refused: the document is for the group security)
  .venv/bin/footnote traces          what was asked, seen, decided and paid
  .venv/bin/ingest FOLDER --new-root your own documents in place of the sample company's
  {URL}/docs      the HTTP API
  README.md                          how a question becomes an answer, and how a model comes in
"""


def main() -> int:
    _say(f"1. Ingesting {FOLDER}, the sample company's policies")
    started = time.monotonic()
    status = subprocess.run([str(BIN / "ingest"), str(FOLDER)], check=False).returncode
    if status != 0:
        return status
    _say(f"   done in {time.monotonic() - started:.1f} s")
    log = load_settings().home / "serve.log"
    _say(f"2. Starting the API on {URL}; its log: {log}")
    started = time.monotonic()
    with _server(log) as server:
        if not _ready(server):
            _say(log.read_text(encoding="utf-8", errors="replace").rstrip())
            _say("The API did not start. If the port is taken: make run PORT=8001")
            return 1
        _say(f"   ready after {time.monotonic() - started:.1f} s")
        _ask_all()
        print(NEXT)
        if sys.stdout.isatty():
            _say("The API stays up; Ctrl-C ends it.")
            with contextlib.suppress(KeyboardInterrupt):
                server.wait()
    return 0


@contextmanager
def _server(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Its log would stand between the lines here."""
    with log.open("wb") as said:
        server = subprocess.Popen([str(BIN / "footnote"), "serve", "--port", str(PORT)], stderr=said)
        try:
            yield server
        finally:
            server.terminate()
            server.wait()


def _ready(server: subprocess.Popen[bytes]) -> bool:
    """False when the server ended, or did not get ready in time; it has said why."""
    deadline = time.monotonic() + STARTING
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{URL}/readyz", timeout=STARTING, trust_env=False).is_success:
                return True
        time.sleep(0.1)
    return False


def _ask_all() -> None:
    history: list[dict[str, str]] = []
    for number, (what, question, follows) in enumerate(QUESTIONS, 1):
        body: dict[str, Any] = {"question": question, "history": history if follows else []}
        reply = httpx.post(f"{URL}/v1/ask", json=body, timeout=60, trust_env=False).raise_for_status().json()
        console().rule(f"{number}. {what}")
        console().print(f"[bold cyan]{question}[/]\n")
        print_reply(reply)
        history = [{"role": "user", "content": question}, {"role": "assistant", "content": reply["text"] or reply["refusal"]["message"]}]


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
