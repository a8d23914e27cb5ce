"""Runs ingests that are to be killed: everything is imported once, and each ingest is a fork of its own.

Reads one JSON object a line: home, folder, url (of a Chroma server, or null), real (the bundled model), most (the largest file that may be
written, in bytes, or null). Answers each with two lines: the process id, and the exit status when it has ended (negative: the signal).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

from assistant.adapters.chroma import ChromaServer, EmbeddedChroma
from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder
from assistant.errors import IngestError
from assistant.generation import Home
from assistant.ports import ChunkStore, Embedder
from ingest.parsing import FileParser
from ingest.pipeline import Ingest
from tests.fakes import FakeEmbedder

REFUSED = 1
BROKEN = 70


def store_of(home: Home, url: str | None) -> ChunkStore:
    return ChromaServer(url) if url else EmbeddedChroma(home.generations)


def work_on(home: Home, url: str | None, embedder: Embedder) -> Ingest:
    return Ingest(home, store_of(home, url), embedder, FileParser(), 2, lambda *_: None, lambda *_: True)


def main() -> None:
    import chromadb  # noqa: F401  # imported here once, so that a fork has it

    real = SentenceTransformerEmbedder() if "--real" in sys.argv else None
    if real is not None:
        real.embed([])
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_ingest(order, real or FakeEmbedder()))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _ingest(order: dict[str, Any], embedder: Embedder) -> int:
    if order["most"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["most"], order["most"]))
    try:
        work_on(Home(Path(order["home"])), order["url"], embedder).run(Path(order["folder"]))
    except IngestError:
        return REFUSED
    except BaseException:  # noqa: BLE001  # whatever it is, the test is to see it
        traceback.print_exc()
        return BROKEN
    return 0


if __name__ == "__main__":
    main()
