"""How an ingest compares with what it cannot do without: the embedder alone, on the same chunks, in the same run.

    python -m bench.ingest FOLDER

A clean build, the embedder alone, then the command itself where nothing changed and where one page did. The ratio is given in seconds
of the clock and of the processors: the second does not mind who else uses the machine meanwhile.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from assistant.adapters.chroma import EmbeddedChroma
from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder
from assistant.documents import DocumentStore
from assistant.generation import Home
from ingest.pipeline import Ingest
from ingest.report import Report
from ingest.sandbox import SandboxedParser

T = TypeVar("T")
CHANGE = "\n\nThis paragraph was added to measure what one changed page costs.\n"


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="footnote-ingest-") as place:
        root, home = Path(place) / "documents", Home(Path(place) / "home")
        shutil.copytree(folder, root, copy_function=shutil.copyfile)
        embedder = SentenceTransformerEmbedder(threads=os.cpu_count() or 1)
        report, whole, whole_cpu = timed(lambda: clean_build(root, home, embedder))
        texts = texts_of(home, report.generation)
        _, alone, alone_cpu = timed(lambda: embedder.embed(texts))
        print(f"{report.documents} documents, {report.chunks} chunks; {len(report.files)} files")
        print(f"clean build {whole:.1f} s, {report.chunks / whole:.1f} chunks/s; {whole_cpu:.1f} s of processors")
        print(f"embedder alone {alone:.1f} s, {report.chunks / alone:.1f} chunks/s; {alone_cpu:.1f} s of processors")
        print(f"the build reaches {alone / whole:.2f} of the embedder's rate, {alone_cpu / whole_cpu:.2f} by processors")
        print(f"nothing changed {command(root, home):.1f} s")
        page = max(root.rglob("*.md"), key=lambda path: path.stat().st_size)
        page.write_text(page.read_text(encoding="utf-8") + CHANGE, encoding="utf-8")
        print(f"one page changed {command(root, home):.1f} s")


def clean_build(root: Path, home: Home, embedder: SentenceTransformerEmbedder) -> Report:
    cores = os.cpu_count() or 1
    with SandboxedParser(cores) as parser:
        store = EmbeddedChroma(home.generations)
        return Ingest(home, store, embedder, parser, cores, lambda *_: None, lambda *_: True).run(root)


def texts_of(home: Home, generation: str) -> list[str]:
    with closing(DocumentStore.open(home.documents(generation))) as documents:
        return [chunk.indexed_text for chunk in documents.chunks()]


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What came of it, the seconds it took, and those of all processors, its processes' included."""
    started, before = time.monotonic(), processors()
    return work(), time.monotonic() - started, processors() - before


def processors() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def command(root: Path, home: Home) -> float:
    """Seconds of the whole process, as a person waits for it."""
    started = time.monotonic()
    ingest = Path(sys.executable).parent / "ingest"
    subprocess.run([str(ingest), str(root)], env=os.environ | {"FOOTNOTE_HOME": str(home.folder)}, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]))
