"""A few rounds of what `make crash-test` does two hundred times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.drill import Drill, Mishap
from tests.fakes import FakeEmbedder
from tests.servers import chroma_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with chroma_server(tmp_path / "chroma") as url:
        yield url


@pytest.mark.parametrize(("mishap", "rounds"), [("kill", 4), ("writes", 3)])
def test_an_ingest_that_is_cut_off_leaves_nothing_behind(tmp_path: Path, mishap: Mishap, rounds: int) -> None:
    *_, tally = Drill(tmp_path / "drill", FakeEmbedder(), seed=7).run(mishap, rounds)

    assert tally.faults == []
    assert (tally.struck, tally.looks > 10) == (rounds, True)


def test_on_a_server_neither(tmp_path: Path, server: str) -> None:
    *_, tally = Drill(tmp_path / "drill", FakeEmbedder(), seed=7, url=server).run("kill", 3)

    assert tally.faults == []
    assert tally.struck == 3
