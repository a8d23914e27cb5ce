"""The copy of a running server's FOOTNOTE_HOME, made with the script that docs/operation.md shows, answers and has every trace."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.http.app import create_app
from api.identity.keys import Keys
from assistant.adapters.chroma import EmbeddedChroma
from assistant.generation import Home
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

PAGE = Path(__file__).parents[2] / "docs/operation.md"
QUESTION = {"question": "How many days of annual leave are there?"}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (shown,) = re.findall(r"^   ```sh\n(.+?)^   ```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    path = tmp_path_factory.mktemp("script") / "backup.sh"
    path.write_text(textwrap.dedent(shown), encoding="utf-8")
    return path


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = on_disk(World(tmp_path / "company"))
    made.write("hr/leave.md", "# Leave\n\nEveryone has 25 days of paid annual leave.\n")
    made.ingest()
    return made


def on_disk(world: World) -> World:
    world.store = EmbeddedChroma(world.home.generations)  # type: ignore[assignment]  # the real one in the place of the fake
    return world


def copied(script: Path, world: World, to: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(script), str(world.home.folder), str(to)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})


def put_back(world: World, copy: Path, place: Path) -> World:
    """A company whose home is the copy."""
    restored = World(place)
    restored.home = Home(copy)
    restored.traces = restored.home.traces
    restored.folder = world.folder
    return on_disk(restored)


@contextmanager
def asked_all_the_time(url: str) -> Iterator[list[str]]:
    """The ids of the traces whose replies have come."""
    acknowledged: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
            while not stop.is_set():
                acknowledged.append(http.post("/v1/ask", json=QUESTION).raise_for_status().json()["trace_id"])

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield acknowledged
    finally:
        stop.set()
        thread.join()


def test_a_copy_made_while_questions_are_asked_and_an_ingest_publishes(world: World, script: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    Keys(world.home.keys).create("ann", (), ("ask",), None)
    with world.assistant(OPEN_GATE) as assistant, serving(create_app(assistant)) as url, asked_all_the_time(url) as acknowledged:
        while len(acknowledged) < 5:
            time.sleep(0.01)
        world.write("travel.md", "# Travel\n\nEmployees travel second class by train.\n")
        ingest = threading.Thread(target=world.ingest)
        ingest.start()
        before = list(acknowledged)
        done = copied(script, world, copy)
        ingest.join()
    assert done.returncode == 0, done.stderr

    restored = put_back(world, copy, tmp_path / "restored")
    with restored.assistant(OPEN_GATE) as assistant, serving(create_app(assistant)) as url:
        assert httpx.get(f"{url}/readyz").is_success
        reply = httpx.post(f"{url}/v1/ask", json=QUESTION, timeout=30).json()
        assert reply["citations"][0]["quote"] == "Everyone has 25 days of paid annual leave"
        kept = {trace["id"] for trace in httpx.get(f"{url}/v1/traces?limit=1000").json()["traces"]}
    assert set(before) <= kept
    assert Keys(Home(copy).keys).listed()[0].name == "ann"
    assert restored.ingest().published is (restored.home.current() != world.home.current())


def test_a_copy_that_was_cut_off_is_none(world: World, script: Path, tmp_path: Path) -> None:
    world.home.traces.write_text("no database", encoding="utf-8")
    copy = tmp_path / "copy"
    done = copied(script, world, copy)

    assert done.returncode != 0
    assert Home(copy).current() is None


def test_a_copy_is_not_made_over_another(world: World, script: Path, tmp_path: Path) -> None:
    done = copied(script, world, tmp_path)

    assert (done.returncode != 0, "exists" in done.stderr) == (True, True)


def test_a_copy_of_what_is_at_rest_is_for_its_owner_alone(world: World, script: Path, tmp_path: Path) -> None:
    with world.assistant(OPEN_GATE):
        pass
    copy = tmp_path / "copy"
    assert copied(script, world, copy).returncode == 0

    assert put_back(world, copy, tmp_path / "restored").contents() == world.contents()
    assert {path.stat().st_mode & 0o077 for path in copy.rglob("*")} == {0}
