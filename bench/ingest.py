"""How an ingest compares with what it cannot do without: the embedder alone, on the same chunks, in the same run.

    python -m bench.ingest FOLDER

A clean build, the embedder alone, then the command itself where nothing changed and where one page did.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from assistant.adapters.chroma import EmbeddedChroma
from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder
from assistant.documents import DocumentStore
from assistant.generation import Home
from ingest.pipeline import Ingest
from ingest.report import Report
from ingest.sandbox import SandboxedParser

CHANGE = "\n\nThis paragraph was added to measure what one changed page costs.\n"


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="footnote-ingest-") as place:
        root, home = Path(place) / "documents", Home(Path(place) / "home")
        shutil.copytree(folder, root, copy_function=shutil.copyfile)
        embedder = SentenceTransformerEmbedder(threads=os.cpu_count() or 1)
        started = time.monotonic()
        report = clean_build(root, home, embedder)
        whole = time.monotonic() - started
        alone = embedding_alone(home, report.generation, embedder)
        print(f"{report.documents} documents, {report.chunks} chunks; {len(report.files)} files")
        print(f"clean build {whole:.1f} s, {report.chunks / whole:.1f} chunks/s")
        print(f"embedder alone {alone:.1f} s, {report.chunks / alone:.1f} chunks/s; the build reaches {alone / whole:.2f} of it")
        print(f"nothing changed {command(root, home):.1f} s")
        page = max(root.rglob("*.md"), key=lambda path: path.stat().st_size)
        page.write_text(page.read_text(encoding="utf-8") + CHANGE, encoding="utf-8")
        print(f"one page changed {command(root, home):.1f} s")


def clean_build(root: Path, home: Home, embedder: SentenceTransformerEmbedder) -> Report:
    cores = os.cpu_count() or 1
    with SandboxedParser(cores) as parser:
        store = EmbeddedChroma(home.generations)
        return Ingest(home, store, embedder, parser, cores, lambda *_: None, lambda *_: True).run(root)


def embedding_alone(home: Home, generation: str, embedder: SentenceTransformerEmbedder) -> float:
    """Seconds for all chunks at once; the model is loaded already, which the build had to do."""
    with closing(DocumentStore.open(home.documents(generation))) as documents:
        texts = [chunk.indexed_text for chunk in documents.chunks()]
    started = time.monotonic()
    embedder.embed(texts)
    return time.monotonic() - started


def command(root: Path, home: Home) -> float:
    """Seconds of the whole process, as a person waits for it."""
    started = time.monotonic()
    ingest = Path(sys.executable).parent / "ingest"
    subprocess.run([str(ingest), str(root)], env=os.environ | {"FOOTNOTE_HOME": str(home.folder)}, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]))
