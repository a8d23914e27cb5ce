"""The container files, as far as they can be held without a container engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.settings import Settings, variable_of

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SECRET = re.compile(r"(?i)(key|token|password|secret)")


def test_the_api_is_published_on_this_machine_alone() -> None:
    assert [port.rpartition(":")[0].partition(":")[0] for port in SERVICES["api"]["ports"]] == ["127.0.0.1"]


def test_nothing_else_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]


def test_the_api_says_on_purpose_that_it_has_no_keys() -> None:
    assert SERVICES["api"]["environment"]["FOOTNOTE_ANONYMOUS"] == "allow"


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not SECRET.search(name) or re.fullmatch(r"\$\{\w+:-\}", value), name


def test_every_setting_that_compose_hands_on_exists() -> None:
    handed = {name for name in SERVICES["api"]["environment"] if name.startswith(("FOOTNOTE_", "OPENAI_"))}

    assert handed <= {variable_of(field) for field in Settings.model_fields}


@pytest.mark.parametrize("name", ["api", "chroma", "model"])
def test_what_runs_on_has_a_health_check_and_a_volume(name: str) -> None:
    service = SERVICES[name]

    assert "healthcheck" in service or "HEALTHCHECK" in DOCKERFILE
    assert {mount.partition(":")[0] for mount in service["volumes"]} <= set(COMPOSE["volumes"])
    assert service["restart"] == "unless-stopped"


def test_chroma_has_the_version_of_the_lock() -> None:
    (locked,) = re.findall(r"(?m)^chromadb==(\S+)$", (ROOT / "requirements.lock").read_text(encoding="utf-8"))

    assert SERVICES["chroma"]["image"] == f"chromadb/chroma:{locked}"


def test_what_the_image_copies_is_there_and_let_through() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    copied = {name for line in re.findall(r"(?m)^COPY (.*)$", DOCKERFILE) for name in line.split()[:-1]}

    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert re.search(r"(?m)^USER footnote$", DOCKERFILE)
    assert not SECRET.search("\n".join(re.findall(r"(?m)^(?:ENV|ARG) .*$", DOCKERFILE)))
