"""The drill: a folder changes, an ingest of it meets with a mishap, the next one runs to its end, a reader asks all along.

After each round the index must be what a clean build of the folder gives, chunk for chunk; and what the reader saw must be the states
of the folder, in their order, and nothing else.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from assistant.generation import Home, Snapshot, open_snapshot
from assistant.ports import Embedder
from ingest.parsing import FileParser
from ingest.pipeline import Ingest
from tests.crash.reader import fingerprint
from tests.crash.victim import BROKEN, store_of
from tests.fakes import MemoryChunkStore

ROOT = Path(__file__).parents[2]
_DOCUMENTS = 40
TOPICS = ("leave", "travel", "security", "phones", "badges", "desks", "training", "expenses")


Mishap = Literal["kill", "writes", "disk"]
"""Killed at a random moment; no file may grow beyond a random size; the disk is all but full."""


@dataclass(slots=True)
class Tally:
    """What happened: `struck` ingests met with the mishap, `escaped` ones came through; `looks` counts those of the reader."""

    struck: int = 0
    escaped: int = 0
    looks: int = 0
    faults: list[str] = field(default_factory=list)


class Drill:
    """`url`: a Chroma server. `real`: the bundled model, with the same embedder for the clean builds."""

    def __init__(self, place: Path, embedder: Embedder, seed: int, *, url: str | None = None, real: bool = False) -> None:
        self.folder, self.home, self.place = place / "documents", Home(place / "home"), place
        self.folder.mkdir(parents=True)
        self._embedder, self._url, self._real = embedder, url, real
        self._random = random.Random(seed)
        self._version = 0
        for number in range(_DOCUMENTS):
            self._write(f"{self._random.choice(['', 'hr/', 'it/'])}{number}.md")

    def run(self, mishap: Mishap, rounds: int) -> Iterator[Tally]:
        """Yields the tally after each round, until so many were struck or one left a fault behind."""
        tally = Tally()
        with self._victim() as victim, self._reader() as looks:
            self._whole(victim, tally)
            states, seconds = [self._compare(tally)], [1.0]
            looks.begin()
            while tally.struck < rounds and not tally.faults:
                self._mutate()
                struck = self._struck(victim, mishap, sum(seconds[-5:]) / len(seconds[-5:]), tally)
                tally.struck += struck
                tally.escaped += not struck
                seconds.append(self._whole(victim, tally))
                states.append(self._compare(tally))
                yield tally
            time.sleep(0.5)
            self._judge(looks.end(), states, tally)
        yield tally

    def _whole(self, victim: subprocess.Popen[str], tally: Tally) -> float:
        """An ingest that nothing happens to; the seconds that it took."""
        status, seconds = self._ingest(victim)
        if status != 0:
            tally.faults.append(f"the ingest after it ended with {status}")
        return seconds

    def _struck(self, victim: subprocess.Popen[str], mishap: Mishap, seconds: float, tally: Tally) -> bool:
        """An ingest with a mishap; whether it was struck by it."""
        if mishap == "kill":
            status, _ = self._ingest(victim, delay=self._random.uniform(0, seconds))
        elif mishap == "writes":
            status, _ = self._ingest(victim, most=int(10 ** self._random.uniform(3, 6.7)))
        else:
            with self._full_disk(int(10 ** self._random.uniform(3, 6.7))):
                status, _ = self._ingest(victim)
        if status == BROKEN:
            tally.faults.append("an ingest ended with a traceback")
        return status != 0

    def _ingest(self, victim: subprocess.Popen[str], *, delay: float | None = None, most: int | None = None) -> tuple[int, float]:
        """The exit status and the seconds it took; killed after `delay`."""
        assert victim.stdin is not None
        assert victim.stdout is not None
        order = {"home": str(self.home.folder), "folder": str(self.folder), "url": self._url, "most": most}
        started = time.monotonic()
        print(json.dumps(order), file=victim.stdin, flush=True)
        process = int(victim.stdout.readline())
        if delay is not None:
            time.sleep(delay)
            with suppress(ProcessLookupError):  # it was faster
                os.kill(process, signal.SIGKILL)
        return int(victim.stdout.readline()), time.monotonic() - started

    @contextmanager
    def _full_disk(self, left: int) -> Iterator[None]:
        ballast = self.place / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(self.place).free - left, 1))
        try:
            yield
        finally:
            ballast.unlink()

    def _compare(self, tally: Tally) -> str:
        """Holds the index against a clean build; returns its fingerprint."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            home, store = Home(Path(folder)), MemoryChunkStore()
            Ingest(home, store, self._embedder, FileParser(), 1, lambda *_: None, lambda *_: True).run(self.folder)
            clean = open_snapshot(home, str(home.current()), store)
            grown = open_snapshot(self.home, str(self.home.current()), store_of(self.home, self._url))
            tally.faults += differences(grown, clean)
            told = fingerprint(clean)
            clean.documents.close()
            grown.documents.close()
        left = {path.name for path in self.home.generations.iterdir()} - set(self.home.complete())
        if left:
            tally.faults.append(f"unfinished generations are left: {left}")
        return told

    def _judge(self, looks: list[str], states: list[str], tally: Tally) -> None:
        tally.looks = len(looks)
        at = 0
        for number, look in enumerate(looks):
            if look not in states[at:]:
                was = f"the {states.index(look)}th, which was over" if look in states else "none"
                tally.faults.append(
                    f"look {number} saw {look}, of the folder's states {was}; the one before was the {at}th, {states[at : at + 3]}"
                )
                return
            at = states.index(look, at)

    def _mutate(self) -> None:
        for _ in range(self._random.randint(1, 6)):
            self._version += 1
            files = sorted(path for path in self.folder.rglob("*.md"))
            path = self._random.choice(files)
            match self._random.choice(["edit", "edit", "add", "delete", "rename", "groups", "copy"]):
                case "edit":
                    self._write(str(path.relative_to(self.folder)))
                case "add":
                    self._write(f"{self._random.choice(['', 'hr/', 'it/'])}new{self._version}.md")
                case "delete" if len(files) > 20:
                    path.unlink()
                case "rename":
                    path.rename(path.with_name(f"renamed{self._version}-{path.name[-20:]}"))
                case "copy":
                    shutil.copyfile(path, path.with_name(f"copy{self._version}.md"))
                case "groups":
                    self._write_groups()
        self._write("0.md")

    def _write(self, source: str) -> None:
        self._version += 1
        topic, sentences = self._random.choice(TOPICS), self._random.randint(1, 60)
        rules = " ".join(f"Rule {n} on {topic} holds for all." for n in range(sentences))
        path = self.folder / source
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"# {topic.title()} {self._version}\n\n## Rules\n\n{rules}\n\n## Version\n\nThis is version {self._version}.\n",
            encoding="utf-8",
        )

    def _write_groups(self) -> None:
        self._version += 1
        folder = self._random.choice([folder for folder in (self.folder, self.folder / "hr", self.folder / "it") if folder.is_dir()])
        (folder / ".footnote.yaml").write_text(f"groups: [g{self._version}]\n", encoding="utf-8")

    @contextmanager
    def _victim(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "tests.crash.victim", *(["--real"] if self._real else [])]
        victim = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            yield victim
        finally:
            victim.communicate()

    @contextmanager
    def _reader(self) -> Iterator[Looks]:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
            looks = Looks(file, [str(self.home.folder), self._url or "", self._embedder.model_id])
            try:
                yield looks
            finally:
                looks.end()


class Looks:
    """The reader's process, and what it has seen."""

    def __init__(self, file: IO[str], arguments: list[str]) -> None:
        self._file, self._arguments = file, arguments
        self._process: subprocess.Popen[Any] | None = None

    def begin(self) -> None:
        """Comes back when it has looked for the first time."""
        self._process = subprocess.Popen([sys.executable, "-m", "tests.crash.reader", *self._arguments], stdout=self._file, cwd=ROOT)
        while not os.fstat(self._file.fileno()).st_size:
            time.sleep(0.01)

    def end(self) -> list[str]:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._file.seek(0)
        return self._file.read().splitlines()


def differences(grown: Snapshot, clean: Snapshot) -> list[str]:
    """What an index that has a history has other than one that has none."""
    faults = []
    if grown.index.chunks != clean.index.chunks or dict(grown.digests) != dict(clean.digests):
        faults.append("the chunks are not those of a clean build")
    elif not np.allclose(grown.index.vectors, clean.index.vectors, atol=1e-4):
        faults.append("the vectors are not those of a clean build")
    ours, theirs = grown.index.lexical, clean.index.lexical
    if list(ours.vocabulary) != list(theirs.vocabulary) or not np.array_equal(ours.postings, theirs.postings):
        faults.append("the words are not those of a clean build")
    if [d.text for d in grown.documents.each()] != [d.text for d in clean.documents.each()]:
        faults.append("the documents are not those of a clean build")
    return faults
