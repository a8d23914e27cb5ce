"""The processes under measurement, and what they hold and use as /proc shows it (Linux)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.served import BIN, STOPPING, environment
from tests.servers import free_port, wait_for

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_IDLE = (3, 4)  # idle, iowait: their places in the line of all cores


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    pid: int


@dataclass(frozen=True, slots=True)
class Sample:
    """`cpu` is what the process used so far, `machine` what all processes did, in seconds of one core."""

    at: float
    megabytes: float
    files: int
    threads: int
    cpu: float
    machine: float


@contextmanager
def server(home: Path, settings: Mapping[str, str], errors: Path) -> Iterator[Running]:
    """`footnote serve`; what it says on stderr goes into the file `errors`."""
    port = free_port()
    command = [str(BIN / "footnote"), "serve", "--port", str(port)]
    with (
        errors.open("wb") as said,
        subprocess.Popen(command, env=environment(home, settings), cwd=home.parent, stderr=said) as run,
        _ended(run),
    ):
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield Running(f"http://127.0.0.1:{port}", run.pid)


@contextmanager
def provider(bill: Path, sentences: int) -> Iterator[Running]:
    """`bench.streams.provider`. On leaving, the bill is there."""
    command = [sys.executable, "-m", "bench.streams.provider", str(bill), str(sentences)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run, _ended(run):
        assert run.stdout is not None
        yield Running(run.stdout.readline().strip(), run.pid)


@contextmanager
def _ended(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOPPING)


def sample(pid: int) -> Sample:
    folder = Path("/proc", str(pid))
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    used = (int(fields[11]) + int(fields[12])) / _TICKS
    all_cores = [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    machine = sum(ticks for place, ticks in enumerate(all_cores) if place not in _IDLE) / _TICKS
    return Sample(time.monotonic(), int(fields[21]) * _PAGE / 2**20, len(os.listdir(folder / "fd")), int(fields[17]), used, machine)


class Watch:
    """Samples processes, by their ids, every second while it runs."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.samples: dict[str, list[Sample]] = {name: [sample(pid)] for name, pid in pids.items()}
        self._pids = pids

    async def __aenter__(self) -> Watch:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        self._take()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._take()

    def _take(self) -> None:
        for name, pid in self._pids.items():
            self.samples[name].append(sample(pid))


def cores(samples: Sequence[Sample]) -> float:
    """How many cores a process kept busy."""
    first, last = samples[0], samples[-1]
    return (last.cpu - first.cpu) / (last.at - first.at)


def cores_of_others(watched: Mapping[str, Sequence[Sample]]) -> float:
    """How many cores were kept busy by what is not watched."""
    one = next(iter(watched.values()))
    return (one[-1].machine - one[0].machine) / (one[-1].at - one[0].at) - sum(cores(samples) for samples in watched.values())


def slope(samples: Sequence[Sample]) -> float:
    """Megabytes a minute, by least squares."""
    at = np.array([one.at for one in samples])
    return float(np.polyfit(at - at[0], [one.megabytes for one in samples], 1)[0]) * 60
