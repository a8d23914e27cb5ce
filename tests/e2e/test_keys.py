"""Keys as an operator makes them, on a running server: who has none is not answered, who has one reads by its groups."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.e2e.test_product import Shell
from tests.servers import footnote_server

BANDS = "---\ngroups: [hr]\n---\n# Salary bands\n\nThe salary band for level 4 is 70,000 to 90,000 euros a year.\n"
LEAVE = "# Leave\n\nFull-time employees have 25 days of paid annual leave.\n"
QUESTION = "What is the salary band for level 4?"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    documents = tmp_path_factory.mktemp("documents")
    (documents / "bands.md").write_text(BANDS, encoding="utf-8")
    (documents / "leave.md").write_text(LEAVE, encoding="utf-8")
    made = Shell(tmp_path_factory.mktemp("home") / "footnote", tmp_path_factory.mktemp("cwd"))
    done = made.run("ingest", str(documents), "--yes")
    assert done.returncode == 0, done.stderr
    return made


def ask(url: str, key: str | None) -> httpx.Response:
    return httpx.post(f"{url}/v1/ask", json={"question": QUESTION}, headers={"authorization": f"Bearer {key}"} if key else {}, timeout=60)


def test_the_first_key_closes_the_door_of_a_running_server(shell: Shell) -> None:
    refused = shell.run("footnote", "serve", "--host", "0.0.0.0", "--port", "0")
    assert (refused.returncode, "footnote keys create NAME" in refused.stderr) == (2, True)
    assert shell.json("footnote", "keys", "list") == []

    with footnote_server(shell.home, shell.folder) as url:
        assert ask(url, None).json()["kind"] == "answer"

        hr = shell.json("footnote", "keys", "create", "people", "--groups", "hr")["key"]
        sales = shell.run("footnote", "keys", "create", "sales", "--scopes", "ask", "--expires", "30d").stdout.strip()
        admin = shell.json("footnote", "keys", "create", "ada", "--scopes", "admin")["key"]
        assert ask(url, None).status_code == 401
        assert "70,000" in ask(url, hr).json()["text"]
        assert "70,000" not in ask(url, sales).text
        assert shell.json("footnote", "ask", QUESTION)["kind"] == "answer"  # who may read the files needs no key

        asked = httpx.get(f"{url}/v1/traces", headers={"authorization": f"Bearer {admin}"}).json()["traces"]
        assert {trace["principal"] for trace in asked} == {"local", "key:people", "key:sales"}
        assert shell.run("footnote", "keys", "revoke", "people").returncode == 0
        assert ask(url, hr).status_code == 401

    assert [(entry["who"], entry["did"]) for entry in shell.json("footnote", "audit")] == [
        *[("local", "create key")] * 3, ("key:ada", "look"), ("local", "revoke key"),
    ]  # fmt: skip
    assert [(key["name"], key["state"]) for key in shell.json("footnote", "keys", "list")] == [
        ("people", "revoked"), ("sales", "valid"), ("ada", "valid"),
    ]  # fmt: skip
    assert not any(secret in (shell.home / "keys.json").read_text(encoding="utf-8") for secret in (hr, sales, admin))

    log = shell.home / "audit.jsonl"
    log.write_text(log.read_text(encoding="utf-8").replace('"sales', '"hales'), encoding="utf-8")
    tampered = shell.run("footnote", "audit")
    assert (tampered.returncode, "line 2 is not what was written there" in tampered.stderr) == (1, True)
    assert json.loads((shell.home / "keys.json").read_text(encoding="utf-8"))
