"""Every operation of the API as its own schema describes it, with what it generates: no reply outside of it, no 5xx, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from api.http.app import create_app
from api.http.doors import Doors
from api.identity.audit import AuditLog
from api.identity.callers import Doorman
from api.identity.keys import Keys
from tests.fakes import FakeChatModel
from tests.permissions import answered_or_written_out
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CALLERS = ["nobody", "wrong", "narrow", "other group", "admin"]
EXAMPLES = 12
OPERATIONS = [
    "POST /v1/ask", "POST /v1/search", "GET /v1/documents", "GET /v1/documents/{document_id}", "POST /v1/feedback", "GET /v1/traces",
    "GET /v1/traces/{trace_id}", "GET /v1/costs", "POST /v1/chat/completions", "GET /v1/models", "GET /healthz", "GET /readyz",
    "GET /metrics",
]  # fmt: skip


@dataclass(frozen=True)
class Described:
    """A server, what it says of itself, and the headers of each caller."""

    url: str
    schema: Any
    callers: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    place = tmp_path_factory.mktemp("world")
    world = World(place)
    world.write("leave.md", "# Leave\n\nFull-time employees have 25 days of paid annual leave.\n")
    world.write("hr.md", "---\ngroups: [hr]\n---\n# Pay\n\nA senior engineer earns 80,000 euros.\n")
    world.ingest()
    keys = Keys(place / "keys.json")
    tokens = {
        "narrow": keys.create("narrow", (), ("traces",), None)[1],
        "other group": keys.create("other", ("it",), ("ask", "traces"), None)[1],
        "admin": keys.create("ada", ("hr",), ("admin",), None)[1],
        "wrong": f"fn_{'0' * 12}_{'x' * 43}",
    }
    callers = {name: {"authorization": f"Bearer {token}"} for name, token in tokens.items()} | {"nobody": {}}
    with (
        world.assistant(OPEN_GATE, FakeChatModel(answered_or_written_out)) as assistant,
        serving(create_app(assistant, Doors(Doorman([keys]), AuditLog(place / "audit.jsonl")))) as url,
    ):
        yield Described(url, schemathesis.openapi.from_url(f"{url}/openapi.json"), callers)


def test_every_operation_is_listed_here(described: Described) -> None:
    assert {found.ok().label for found in described.schema.get_all_operations()} == set(OPERATIONS)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_reply_is_outside_of_the_schema(described: Described, operation: str, caller: str) -> None:
    method, path = operation.split()
    headers = described.callers[caller]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=described.schema[path][method].as_strategy())
    def check(case: Any) -> None:
        response = case.call(base_url=described.url, headers=headers)
        case.validate_response(response, checks=CHECKS)

    check()


@pytest.mark.parametrize("caller", ["other group", "admin"])
def test_what_one_operation_gives_the_next_takes(described: Described, caller: str) -> None:
    headers = described.callers[caller]

    class Workflow(described.schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:  # noqa: ARG002  # schemathesis names it
            return {"base_url": described.url, "headers": headers}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    Workflow.run(
        settings=settings(max_examples=20, stateful_step_count=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    )
