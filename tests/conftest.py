"""What all tests share: no socket leaves this machine, and no library calls home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import enable_socket, socket_allow_hosts

os.environ |= {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "LANGSMITH_TRACING": "false", "TOKENIZERS_PARALLELISM": "false"}

# Machines are shared and noisy: how long an example takes says nothing of the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings, the keys or the index of the person who runs it."""
    for name in list(os.environ):
        if name.startswith(("FOOTNOTE_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "footnote-home"))
