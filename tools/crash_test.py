"""`make crash-test`: kills changing ingests at random moments, lets the disk refuse to take what they write, and holds what is left
against clean builds (tests/crash/drill.py). Minutes; the seed is printed, so that a failure can be had again.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder
from tests.crash.drill import Drill, Mishap, Tally
from tests.fakes import FakeEmbedder
from tests.servers import chroma_server


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills with a stub embedder (default 200)")
    parser.add_argument("--real", type=int, default=20, help="kills with the bundled model (default 20)")
    parser.add_argument("--server", type=int, default=20, help="kills on a Chroma server (default 20)")
    parser.add_argument("--writes", type=int, default=20, help="ingests whose files may not grow (default 20)")
    parser.add_argument("--disk", type=int, default=20, help="ingests on a full disk; needs the right to mount one (default 20)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    seed = given.seed
    return max(
        _stage("kill -9, stub embedder", "kill", given.kills, seed),
        _stage("files that may not grow", "writes", given.writes, seed),
        _stage("a full disk", "disk", given.disk, seed),
        _stage("kill -9, Chroma server", "kill", given.server, seed, server=True),
        _stage("kill -9, bundled model", "kill", given.real, seed, real=True),
    )


def _stage(name: str, mishap: Mishap, rounds: int, seed: int, *, server: bool = False, real: bool = False) -> int:
    tally, started = Tally(), time.monotonic()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-crash-")))
        if mishap == "disk" and not stack.enter_context(_small_disk(place)):
            print(f"{name}: left out, no disk can be mounted here")
            return 0
        url = stack.enter_context(chroma_server(place / "chroma")) if server else None
        embedder = SentenceTransformerEmbedder() if real else FakeEmbedder()
        for tally in Drill(place / "drill", embedder, seed, url=url, real=real).run(mishap, rounds) if rounds else ():
            if sys.stderr.isatty():
                print(f"\r{name}: {tally.struck} of {rounds} ", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - started
    print(
        f"{name}: {tally.struck} struck, {tally.escaped} escaped; {tally.looks} looks; {len(tally.faults)} faults ({seconds:.0f} s)",
        flush=True,
    )
    for fault in tally.faults:
        print(f"  {fault}")
    return 1 if tally.faults else 0


@contextmanager
def _small_disk(place: Path) -> Iterator[bool]:
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], check=False, capture_output=True).returncode == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)


if __name__ == "__main__":
    sys.exit(main())
