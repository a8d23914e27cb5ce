"""Nobody is shown what their groups do not let them read, whatever changes and whatever is asked. `make soak` runs many more of these."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from api.http.app import create_app
from tests.permissions import Company
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

SEQUENCES = 200
STEPS = 15


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, str]]:
    world = World(tmp_path_factory.mktemp("world"))
    world.write("a.md", "# Leave\n\nLeave is 25 days.\n")
    world.ingest()
    with world.assistant(OPEN_GATE) as assistant:
        app = create_app(assistant)
        with serving(app) as url:
            yield app, url


@pytest.mark.timeout(600)
def test_nobody_is_shown_what_they_may_not_read(served: tuple[FastAPI, str]) -> None:
    app_, url_ = served
    with httpx.Client(timeout=30, trust_env=False) as client_:

        class Served(Company):
            app, url, client = app_, url_, client_

        run_state_machine_as_test(Served, settings=settings(max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None))
