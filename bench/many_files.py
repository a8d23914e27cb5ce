"""How an ingest grows: makes many distinct small files and ingests them with a stub embedder, so that everything but the model is timed.

    python -m bench.many_files 10000 20000

Each size runs in a process of its own; its peak memory is that of the ingest, and the largest parsing worker's beside it.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOPICS = ["leave", "travel", "budget", "laptop", "badge", "visitor", "training", "expense", "contract", "holiday", "shift", "safety"]
DOINGS = ["is asked for", "is paid", "ends", "begins", "is checked", "is kept", "is lent", "is told", "is refused", "is planned"]
TIMES = ["in March", "at once", "after a week", "every quarter", "on Mondays", "with notice", "by the manager", "in the office", "by post"]


def main(sizes: list[int]) -> None:
    for size in sizes:
        subprocess.run([sys.executable, "-m", "bench.many_files", "--one", str(size)], check=True)


def one(size: int) -> None:
    from assistant.adapters.chroma import EmbeddedChroma
    from assistant.generation import Home
    from ingest.pipeline import Ingest
    from ingest.sandbox import SandboxedParser
    from tests.fakes import FakeEmbedder

    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="footnote-many-") as folder, SandboxedParser(cores) as parser:
        root, home = Path(folder) / "documents", Home(Path(folder) / "home")
        make_files(root, size)
        work = Ingest(home, EmbeddedChroma(home.generations), FakeEmbedder(), parser, cores, lambda *_: None, lambda *_: True)
        times = [timed(work, root)]
        times.append(timed(work, root))
        (root / "0" / "0.md").write_text("# Changed\n\nThis page was changed.\n", encoding="utf-8")
        times.append(timed(work, root))
    here, there = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    first, unchanged, changed = times
    print(
        f"{size:>7,} files: {first:6.1f} s ({size / first:,.0f}/s), nothing changed {unchanged:.1f} s, one page changed {changed:.1f} s; "
        f"peak memory {here:,.0f} MB, a worker's {there:,.0f} MB",
        flush=True,
    )


def make_files(root: Path, size: int) -> None:
    chance = random.Random(size)
    for number in range(size):
        path = root / str(number // 500) / f"{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        rules = " ".join(f"{chance.choice(TOPICS).title()} {number} {chance.choice(DOINGS)} {chance.choice(TIMES)}." for _ in range(10))
        path.write_text(f"# {chance.choice(TOPICS).title()} {number}\n\n## Rules\n\n{rules}\n", encoding="utf-8")


def timed(work: object, root: Path) -> float:
    started = time.monotonic()
    work.run(root)  # type: ignore[attr-defined]  # an Ingest, imported only in the process that runs one
    return time.monotonic() - started


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(int(sys.argv[2]))
    else:
        main([int(size) for size in sys.argv[1:]])
