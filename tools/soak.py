"""Changes documents, groups and keys at random while everybody asks, and looks for a word that its reader may not read: `make soak`.

3,000 sequences over stores in memory with a crude embedder, 50 over Chroma and the bundled model, each of 15 steps. What went wrong is
printed as the shortest sequence that shows it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import structlog
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from api.bootstrap import silence_vendors
from api.http.app import create_app
from assistant.adapters.chroma import EmbeddedChroma
from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder
from assistant.settings import load_settings
from tests.permissions import Company
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

STEPS = 15


class RealWorld(World):
    """Chroma and the bundled model, which is loaded once, in place of the fakes."""

    def __init__(self, path: Path, embedder: SentenceTransformerEmbedder) -> None:
        super().__init__(path)
        self.store = EmbeddedChroma(self.home.generations)  # type: ignore[assignment]  # nothing here looks into the fake
        self.embedder = embedder  # type: ignore[assignment]  # as above


def run(sequences: int, make_: Callable[[Path], World]) -> None:
    """Raises what the machine found."""
    with tempfile.TemporaryDirectory(prefix="footnote-soak-") as folder:
        world = World(Path(folder))
        world.write("a.md", "# Leave\n\nLeave is 25 days.\n")
        world.ingest()
        with world.assistant(OPEN_GATE) as assistant:
            app_ = create_app(assistant)
            with serving(app_) as url_, httpx.Client(timeout=30, trust_env=False) as client_:

                class Served(Company):
                    app, url, client, make = app_, url_, client_, staticmethod(make_)

                wanted = settings(max_examples=sequences, stateful_step_count=STEPS, deadline=None, database=None, derandomize=False)
                run_state_machine_as_test(Served, settings=wanted)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("--fakes", type=int, default=3000, help="sequences over stores in memory")
    parser.add_argument("--real", type=int, default=50, help="sequences over Chroma and the bundled model")
    arguments = parser.parse_args(given)
    silence_vendors(load_settings())
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    embedder = SentenceTransformerEmbedder()
    for name, sequences, make in (
        ("stores in memory", arguments.fakes, World),
        ("Chroma and the bundled model", arguments.real, lambda path: RealWorld(path, embedder)),
    ):
        started = time.monotonic()
        if sequences:
            run(sequences, make)
        print(f"{sequences} sequences over {name}: no leak, {time.monotonic() - started:.0f} s.", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
