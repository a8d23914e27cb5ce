"""A server that is told to end: what was asked before is answered and recorded, and its log is what it should be to the last line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx

from assistant.traces import Ledger
from tests.servers import free_port, wait_for

BIN = Path(sys.executable).parent
QUESTION = "How many days of annual leave are there in Zanzibar?"


def ask(url: str) -> str | None:
    """The trace's id; None where the server took no more."""
    try:
        return str(
            httpx.post(f"{url}/v1/ask", json={"question": QUESTION}, timeout=60, trust_env=False).raise_for_status().json()["trace_id"]
        )
    except httpx.TransportError:
        return None


def open_questions(url: str) -> int:
    found = re.search(r"^footnote_open_questions (\d+)", httpx.get(f"{url}/metrics", trust_env=False).text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_what_runs_is_finished_recorded_and_logged(tmp_path: Path) -> None:
    folder, home, port = tmp_path / "documents", tmp_path / "home", free_port()
    folder.mkdir()
    (folder / "leave.md").write_text("# Leave\n\nEveryone has 25 days of paid annual leave.\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
    environment = kept | {"FOOTNOTE_HOME": str(home), "FOOTNOTE_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    subprocess.run([str(BIN / "ingest"), str(folder)], check=True, env=environment, cwd=tmp_path, capture_output=True)
    url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    with log.open("wb") as errors:
        server = subprocess.Popen([str(BIN / "footnote"), "serve", "--port", str(port)], env=environment, cwd=tmp_path, stderr=errors)
    wait_for(f"{url}/readyz")

    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(ask, url) for _ in range(200)]
        while not (under_way := open_questions(url)):
            time.sleep(0.001)
        server.send_signal(signal.SIGTERM)
        answered = {trace_id for trace_id in (one.result() for one in asked) if trace_id is not None}

    assert server.wait(30) == 0
    assert len(answered) >= under_way > 0
    with closing(Ledger(home / "traces.sqlite")) as ledger:
        assert answered <= {row["id"] for row in ledger.recent(None)}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert answered <= {line.get("trace_id") for line in lines}
    assert "Zanzibar" not in log.read_text(encoding="utf-8")
