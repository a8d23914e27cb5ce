"""What the API says of itself: complete, and with examples that are what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.http import schemas
from api.http.app import create_app
from api.http.openapi import EXAMPLES
from tests.worlds import World


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _app(tmp_path_factory.mktemp("world")).openapi()


def _app(place: Path) -> FastAPI:
    with World(place).assistant() as assistant:
        return create_app(assistant)


@pytest.mark.parametrize(("name", "example"), [(name, one) for name, examples in EXAMPLES.items() for one in examples])
def test_an_example_is_what_it_is_an_example_of(schema: dict[str, Any], name: str, example: dict[str, Any]) -> None:
    model = getattr(schemas, name)
    assert model.model_validate(example)
    assert set(example) <= set(model.model_fields)
    assert example in schema["components"]["schemas"][name]["examples"]


def test_every_operation_says_what_it_does_what_it_takes_and_what_goes_wrong(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["description"] or operation["summary"], (method, path)
            assert operation["tags"], (method, path)
            assert {"4XX", "5XX"} <= set(operation["responses"]), (method, path)
            for status in ("4XX", "5XX"):
                (kind,) = operation["responses"][status]["content"]
                assert kind == ("application/json" if "openai" in operation["tags"] else "application/problem+json")


def test_what_needs_a_key_says_so(schema: dict[str, Any]) -> None:
    open_to_all = {path for path, operations in schema["paths"].items() for one in operations.values() if not one.get("security")}
    assert open_to_all == {"/healthz", "/readyz"}
