"""What is done to the index, by the installed commands: planned, made, taken back, erased, examined, followed by a server all along.

Each test has a folder and an index of its own. The pages that they write were embedded once before, so that no further ingest has to
load the model.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.documents import DocumentStore
from assistant.generation import Home
from assistant.types import LOCAL
from ingest.lock import writing
from ingest.runs import files_with, own_runs
from tests.servers import free_port, wait_for

BIN = Path(sys.executable).parent
LEAVE = "# Leave\n\nTwenty-five days of leave are granted to everyone in each calendar year.\n"
LEAVE_ANEW = "# Leave\n\nTwenty-six days of leave are granted to everyone in each calendar year.\n"
TRAVEL = "# Travel\n\nTrains are booked in first class where a journey takes four hours and more.\n"
KEYS = "# Keys\n\nA lost key is reported to the front desk within one hour, by phone and never by mail.\n"
DESKS = "# Desks\n\nA desk is booked the evening before, and given back where it is not needed.\n"
PARKING = "# Parking\n\nThe lower car park is kept for visitors until ten in the morning.\n"
TOURS = [f"# Tours\n\nTour number {number} of the building begins at the reception and ends in the garden.\n" for number in range(3)]
PAGES = {"leave.md": LEAVE, "travel.md": TRAVEL, "hr/keys.md": KEYS, "hr/desks.md": DESKS}
BASELINE = {*PAGES}


@dataclass(frozen=True)
class Place:
    """A folder of documents and a FOOTNOTE_HOME, and the commands on them."""

    folder: Path
    home: Path

    def write(self, pages: dict[str, str]) -> None:
        for source, text in pages.items():
            path = self.folder / source
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(self, *command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(**self._how(command, settings), capture_output=True, check=False, timeout=120)

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(**self._how(command, {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def json(self, *command: str | Path, status: int = 0) -> Any:
        done = self.run(*command, "--json")
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)

    def sources(self) -> set[str]:
        """The documents of the published generation; none before the first."""
        generation = Home(self.home).current()
        if generation is None:
            return set()
        with closing(DocumentStore.open(Home(self.home).documents(generation))) as documents:
            return {document.source for document in documents.listed(LOCAL)}

    def files(self) -> dict[str, int]:
        return {str(path.relative_to(self.home)): path.stat().st_size for path in self.home.rglob("*") if path.is_file()}

    def _how(self, command: tuple[str | Path, ...], settings: dict[str, str]) -> dict[str, Any]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
        program = [str(BIN / command[0]), *map(str, command[1:])]
        environment = kept | {"FOOTNOTE_HOME": str(self.home)} | settings
        return {"args": program, "env": environment, "cwd": self.folder.parent, "encoding": "utf-8"}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vectors of every page that is written here."""
    place = Place(tmp_path_factory.mktemp("pages") / "folder", tmp_path_factory.mktemp("vectors"))
    pages = [*PAGES.values(), LEAVE_ANEW, PARKING, *TOURS]
    place.write({f"{number}.md": text for number, text in enumerate(pages)})
    assert place.json("ingest", place.folder)["embedded"] == len(pages)
    return Home(place.home).embeddings


@pytest.fixture
def place(embedded: Path, tmp_path: Path) -> Place:
    return fresh(embedded, tmp_path)


def fresh(embedded: Path, at: Path) -> Place:
    """Four pages that were not ingested yet."""
    made = Place(at / "handbook", at / "home")
    made.home.mkdir()
    shutil.copy(embedded, made.home)
    made.write(PAGES)
    return made


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.05)


def test_a_plan_says_what_an_ingest_would_do_and_does_nothing(place: Place) -> None:
    place.write({".footnoteignore": "drafts/\n", "drafts/a.md": "Never.", "scan.txt": "", "old.pdf": "%PDF-1.7 nothing"})
    before = place.files()
    plan = place.json("ingest", place.folder, "--plan")

    assert place.files() == before
    assert (set(plan["added"]), plan["changed"], plan["removed"], plan["unchanged"]) == (BASELINE, {}, {}, 0)
    assert (plan["chunks_added"], plan["chunks_to_embed"], plan["usd"], plan["asks"]) == (4, 0, 0, False)
    assert {file["source"]: file["status"] for file in plan["files"]} == {"scan.txt": "empty", "old.pdf": "failed"}
    assert plan["passed_over"] == {"ignored by .footnoteignore": 1, "metadata": 1}


def test_an_edit_is_planned_made_taken_back_and_made_again(place: Place) -> None:
    first = place.json("ingest", place.folder)
    place.write({"leave.md": LEAVE_ANEW, "parking.md": PARKING})
    planned = place.run("ingest", "--plan")
    second = place.json("ingest")  # the folder of the last ingest
    back = place.json("ingest", "--rollback")
    known = place.sources()
    further = place.run("ingest", "--rollback")
    third = place.json("ingest")

    assert planned.returncode == 0
    assert [line for line in planned.stdout.splitlines() if line[:3] in ("  +", "  ~", "  -")] == [
        "  + parking.md (1 chunk)", "  ~ leave.md (1 chunk)",
    ]  # fmt: skip
    changes = Counter(file["change"] for file in second["files"])
    assert (second["published"], second["embedded"], changes) == (True, 0, {"added": 1, "changed": 1, "unchanged": 3})
    assert (back["id"], known) == (first["generation"], BASELINE)
    assert (further.returncode, "no earlier generation" in further.stderr) == (1, True)
    assert (third["published"], place.sources()) == (True, BASELINE | {"parking.md"})


def test_a_failing_file_is_quarantined_and_the_rest_goes_on(place: Place) -> None:
    place.json("ingest", place.folder)
    (place.folder / "travel.md").write_text("---\ngroups: [staff\n# Travel\n", encoding="utf-8")
    place.write({"parking.md": PARKING})
    report = place.json("ingest", status=3)
    (failed,) = [file for file in report["files"] if file["status"] == "failed"]

    assert failed["source"] == "travel.md"
    assert failed["error"].endswith("Its last good version was taken out of the index.")
    assert report["removed"] == ["travel.md"]
    assert place.sources() == BASELINE - {"travel.md"} | {"parking.md"}
    assert "failed travel.md" in place.run("ingest").stdout


def test_who_works_is_told_and_nothing_else_is_done_meanwhile(place: Place) -> None:
    place.json("ingest", place.folder)
    with writing(place.home):
        tried = [place.run("ingest", place.folder), place.run("ingest", "--rollback"), place.run("ingest", "--forget", "leave.md")]

    assert [done.returncode for done in tried] == [1, 1, 1]
    assert all(f"process {os.getpid()}" in done.stderr for done in tried)
    assert place.sources() == BASELINE


def test_a_great_removal_waits_for_a_word(place: Place) -> None:
    place.json("ingest", place.folder)
    shutil.rmtree(place.folder / "hr")
    planned, refused = place.json("ingest", "--plan"), place.run("ingest")
    still = place.sources()

    assert planned["asks"]
    assert (refused.returncode, "2 of 4 documents would be removed" in refused.stderr) == (1, True)
    assert still == BASELINE
    assert place.json("ingest", "--yes")["removed"] == ["hr/desks.md", "hr/keys.md"]


def test_the_limits_that_are_set_hold_while_files_are_read(place: Place) -> None:
    done = place.run("ingest", place.folder, "--plan", FOOTNOTE_PARSE_SECONDS="0.0001")

    assert (done.returncode, "longer than 0.0001 s" in done.stderr) == (1, True)


def test_doctor_finds_what_is_broken_and_what_it_advises_helps(place: Place) -> None:
    place.json("ingest", place.folder)
    sound = place.run("footnote", "doctor")
    Home(place.home).lexical(str(Home(place.home).current())).write_bytes(b"nothing")
    broken = place.run("footnote", "doctor")
    told = place.run("ingest", place.folder)
    states = {finding["what"]: finding["state"] for finding in place.json("footnote", "doctor")}

    assert (sound.returncode, "✗" in sound.stdout, "is whole: 4 documents" in sound.stdout) == (0, False, True)
    assert (broken.returncode, "✗ index" in broken.stdout, "--rebuild" in broken.stdout) == (1, True, True)
    assert (told.returncode, "built from nothing" in told.stdout) == (0, True)
    assert (states["index"], states["folder"]) == ("ok", "ok")


def test_watching_follows_the_folder_until_it_is_interrupted(place: Place) -> None:
    watching = place.start("ingest", place.folder, "--watch", "--json")
    try:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["documents"] == 4
        place.write({"parking.md": PARKING})
        until(lambda: "parking.md" in place.sources())
        assert json.loads(watching.stdout.readline())["documents"] == 5
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=60)
    finally:
        watching.kill()

    assert (watching.returncode, said) == (0, "")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "give the folder"),
        (("--plan", "--watch"), "one of them at a time"),
        (("--rollback", "--forget", "leave.md"), "one of them at a time"),
        (("handbook", "--rollback"), "takes no folder"),
        (("handbook", "--forget", "leave.md"), "takes no folder"),
        (("handbook", "--ban"), "goes with --forget"),
        (("--forget",), "requires an argument"),
        (("--rebuild", "--plan"), "one of them at a time"),
    ],
)
def test_wrong_use_is_told(place: Place, options: tuple[str, ...], says: str) -> None:
    before = place.files()
    done = place.run("ingest", *options)

    assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert place.files() == before


@dataclass
class Asking:
    """Somebody who asks all along, and what came back."""

    url: str
    statuses: Counter[int] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            while not self.over.is_set():
                reply = client.post("/v1/search", json={"query": "days of leave for everyone", "k": 1})
                self.statuses[reply.status_code] += 1
                self.seen |= {hit["text"] for hit in reply.json().get("hits", [])}
                self.over.wait(0.02)

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        thread = threading.Thread(target=self.ask)
        thread.start()
        try:
            yield
        finally:
            self.over.set()
            thread.join(30)


@pytest.fixture(scope="module")
def served(embedded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """A place with a server on it, which has answered once."""
    place, port = fresh(embedded, tmp_path_factory.mktemp("served")), free_port()
    place.json("ingest", place.folder)
    server = place.start("footnote", "serve", "--port", str(port))
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        httpx.post(f"http://127.0.0.1:{port}/v1/search", json={"query": "leave"}, timeout=60, trust_env=False).raise_for_status()
        yield place, f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def generation_at(url: str) -> str:
    return str(httpx.get(f"{url}/readyz", timeout=30, trust_env=False).json()["generation"])


def test_a_server_follows_every_publication_and_never_fails_meanwhile(served: tuple[Place, str]) -> None:
    place, url = served
    asking, followed = Asking(url), []
    with asking.meanwhile():
        for number, text in enumerate(TOURS):
            place.write({"tours.md": text, "leave.md": (LEAVE, LEAVE_ANEW)[number % 2]})
            followed.append(place.json("ingest")["generation"] == generation_at(url))
        followed.append(place.json("ingest", "--rollback")["id"] == generation_at(url))

    assert followed == [True] * 4
    assert set(asking.statuses) == {200}
    assert asking.statuses[200] > 20
    assert asking.seen == {LEAVE.splitlines()[2], LEAVE_ANEW.splitlines()[2]}


def test_a_document_is_forgotten_and_nothing_of_it_is_left(served: tuple[Place, str]) -> None:
    place, url = served
    question = "To whom is a lost key reported?"
    answer = place.json("footnote", "ask", question)
    refused = place.run("ingest", "--forget", "hr/keys.md")
    still = place.sources()
    gone = place.json("ingest", "--forget", "hr/keys.md", "--ban")
    left = [path for path, holds in files_with(own_runs([KEYS], []), place.home) if holds]
    listed = httpx.get(f"{url}/v1/documents", params={"source": "hr/keys.md"}, timeout=30, trust_env=False).json()

    assert [citation["source"] for citation in answer["citations"]] == ["hr/keys.md"]
    assert (refused.returncode, "--ban" in refused.stderr, "hr/keys.md" in still) == (1, True, True)
    assert (gone["source"], gone["banned"], gone["traces"], gone["runs"] > 0) == ("hr/keys.md", True, 1, True)
    assert (left, listed["documents"]) == ([], [])
    assert not any(b"lost key" in path.read_bytes() for path in place.home.rglob("*") if path.is_file())
    assert question not in [trace["question"] for trace in place.json("footnote", "traces")]
    assert place.run("ingest", "--rollback").returncode == 1
    assert place.json("ingest")["banned"] == ["hr/keys.md"]
