"""A company whose documents change: the sample's, and a folder of files that come, change and go."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.served import BIN, environment

GROUPS = ("hr", "finance", "security")
ADMIN = "admin"
CHANGING = "changing"
BEGINS_WITH = 30
LARGEST = 20_000
EVERY = 60.0
FIRST = 15.0


@dataclass(frozen=True, slots=True)
class Ingested:
    """One change and its ingest: when it began and how long it took, in seconds; how many generations were left, and what was wrong."""

    at: float
    seconds: float
    change: str
    generations: int
    complaint: str | None


class Company:
    """Lies in `root`. `removed` are the sources of what went, `others` the files that may still come."""

    def __init__(self, policies: Path, corpus: Path, root: Path, seed: int = 0) -> None:
        self.root = root
        self.removed = set[str]()
        self._chance = random.Random(seed)
        self._others = sorted(path for path in corpus.rglob("*.md") if path.stat().st_size < LARGEST)
        self._chance.shuffle(self._others)
        self._turns = 0
        shutil.copytree(policies, root)
        for _ in range(BEGINS_WITH):
            self._add()

    def change(self) -> str:
        """Adds a file, changes one or removes one, in turn; says which."""
        self._turns += 1
        return (self._remove, self._add, self._alter)[self._turns % 3]()

    def _add(self) -> str:
        original = self._others.pop()
        path = self.root / CHANGING / f"{len(self._others):04}-{original.name}"
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(original, path)
        return f"added {path.name}"

    def _alter(self) -> str:
        path = self._one()
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n\nThis page was changed for the {self._turns}th time.\n")
        return f"changed {path.name}"

    def _remove(self) -> str:
        path = self._one()
        path.unlink()
        self.removed.add(path.relative_to(self.root).as_posix())
        return f"removed {path.name}"

    def _one(self) -> Path:
        return self._chance.choice(sorted((self.root / CHANGING).iterdir()))


def make_key(home: Path, name: str, *options: str) -> str:
    command = [str(BIN / "footnote"), "keys", "create", name, *options, "--json"]
    done = subprocess.run(command, env=environment(home, {}), cwd=home.parent, check=True, stdout=subprocess.PIPE)
    return str(json.loads(done.stdout)["key"])


def make_keys(home: Path) -> dict[str, str]:
    """One that reads each group's documents, and an admin's; by name."""
    keys = {group: make_key(home, group, "--groups", group) for group in GROUPS}
    return keys | {ADMIN: make_key(home, ADMIN, "--scopes", "ask,traces,admin")}


async def changes(company: Company, home: Path, began: float, seconds: float) -> Sequence[Ingested]:
    """Once a minute something is changed and ingested. `began` is of the monotonic clock."""
    found, due = list[Ingested](), FIRST
    while due < seconds:
        await asyncio.sleep(began + due - time.monotonic())
        found.append(await _ingest(company, home, began))
        due = max(due + EVERY, time.monotonic() - began)
    return found


async def _ingest(company: Company, home: Path, began: float) -> Ingested:
    at, change = time.monotonic(), company.change()
    command = [str(BIN / "ingest"), str(company.root), "--yes"]
    run = await asyncio.create_subprocess_exec(
        *command, env=environment(home, {}), cwd=home.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await run.communicate()
    complaint = f"status {run.returncode}: {said.decode(errors='replace')[-500:]}" if run.returncode else None
    return Ingested(at - began, time.monotonic() - at, change, generations(home), complaint)


def generations(home: Path) -> int:
    """How many lie on disk, whole or not."""
    return sum(path.is_dir() for path in (home / "generations").iterdir())
