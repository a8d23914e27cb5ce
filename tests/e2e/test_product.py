"""The product as its user has it: the installed commands, the bundled model, the sample company, a server on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import footnote_server

BIN = Path(sys.executable).parent
SAMPLE = Path(__file__).parents[2] / "data" / "policies"
SCAN = "health-safety/first-aiders-scan.pdf"
BANDS = "What is the salary band for level 4?"


@dataclass(frozen=True)
class Shell:
    """Runs the commands on one FOOTNOTE_HOME, from an empty folder and with no settings but those given."""

    home: Path
    folder: Path

    def run(self, *command: str | bytes, **settings: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
        environment = kept | {"FOOTNOTE_HOME": str(self.home)} | settings
        program = [str(BIN / str(command[0])), *command[1:]]
        return subprocess.run(
            program, capture_output=True, encoding="utf-8", errors="replace", env=environment, cwd=self.folder, check=False, timeout=300
        )

    def json(self, *command: str) -> Any:
        done = self.run(*command, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def quotes_in(printed: str) -> list[str]:
    return [" ".join(quote.split()) for quote in re.findall("“(.*?)”", printed, re.DOTALL)]


def questions() -> list[Any]:
    return [json.loads(line) for line in (SAMPLE.parent / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The sample company, ingested."""
    made = Shell(tmp_path_factory.mktemp("home") / "footnote", tmp_path_factory.mktemp("cwd"))
    done = made.run("ingest", str(SAMPLE), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {file["status"] for file in report["files"]} == {"parsed"}
    assert report["documents"] == len(report["files"]) >= 48
    return made


@pytest.fixture(scope="module")
def url(shell: Shell) -> Iterator[str]:
    """A server on the sample; the commands use it."""
    with footnote_server(shell.home, shell.folder) as address:
        yield address


def test_an_answer_comes_with_a_verbatim_quote(shell: Shell, url: str) -> None:
    question = "How many days of leave may I carry over into the next year?"
    reply = shell.json("footnote", "ask", question)

    assert reply["kind"] == "answer"
    assert "5 days" in reply["text"]
    assert quotes_in(shell.run("footnote", "ask", question).stdout) == [citation["quote"] for citation in reply["citations"]]
    for citation in reply["citations"]:
        (listed,) = httpx.get(f"{url}/v1/documents", params={"source": citation["source"]}).json()["documents"]
        text = httpx.get(f"{url}/v1/documents/{listed['id']}").json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_scan_answers_what_stands_in_it_alone(shell: Shell, url: str) -> None:
    (asked,) = [q for q in questions() for e in q["evidence"] if e["doc"].endswith(SCAN)]
    reply = shell.json("footnote", "ask", asked["question"])
    (listed,) = httpx.get(f"{url}/v1/documents", params={"source": SCAN}).json()["documents"]
    text = httpx.get(f"{url}/v1/documents/{listed['id']}").json()["text"]

    assert all(evidence["text"] in text for evidence in asked["evidence"])
    assert (reply["kind"], {(c["source"], c["page"]) for c in reply["citations"]}) == ("answer", {(SCAN, 1)})
    assert all(answer in reply["text"] for answer in asked["answers"])


def test_a_refusal_is_done_too(shell: Shell, url: str) -> None:
    assert url
    done = shell.run("footnote", "ask", "Who won the football world cup in 1974?")

    assert (done.returncode, "No answer" in done.stdout) == (0, True)


def test_what_was_asked_can_be_looked_up(shell: Shell, url: str) -> None:
    trace_id = shell.json("footnote", "ask", "How is a lost hardware key reported?")["trace_id"]

    assert trace_id in [trace["id"] for trace in shell.json("footnote", "traces")]
    assert shell.json("footnote", "traces", trace_id)["calls"] == []
    assert "retrieve" in shell.run("footnote", "traces", trace_id).stdout
    assert shell.json("footnote", "costs")["total"]["usd"] == 0
    assert httpx.get(f"{url}/v1/traces/{trace_id}").json()["id"] == trace_id


def test_search_through_the_server_and_without_it_agree(shell: Shell, url: str) -> None:
    assert url
    through = shell.json("footnote", "search", "hotel limits", "-k", "5")["hits"]
    without = shell.json("footnote", "search", "hotel limits", "-k", "5", "--groups", "hr,finance,security")["hits"]

    assert [hit["source"] for hit in through] == [hit["source"] for hit in without]


def test_groups_decide_what_is_seen(shell: Shell) -> None:
    outsider = shell.json("footnote", "search", BANDS, "--groups", "sales")["hits"]
    member = shell.json("footnote", "search", BANDS, "--groups", "hr")["hits"]

    assert not [hit for hit in outsider if "confidential" in hit["source"]]
    assert [hit for hit in member if "confidential" in hit["source"]]


def test_a_second_ingest_changes_nothing_and_loads_no_model(shell: Shell) -> None:
    report = shell.json("ingest", str(SAMPLE))

    assert (report["published"], report["embedded"]) == (False, 0)
    assert report["seconds"] < 5


def test_another_root_is_refused(shell: Shell) -> None:
    done = shell.run("ingest", str(SAMPLE / "hr"))

    assert (done.returncode, "--new-root" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        (("ingest", "missing"), 1, "does not exist"),
        (("footnote", "ask", " "), 2, "question: is empty"),
        (("footnote", "ask", "x" * 100_000), 2, "at most 4,000"),
        (("footnote", "ask", b"caf\xe9 hours"), 2, "not valid Unicode"),
        (("footnote", "search", "x", "-k", "0"), 2, "k: must be from 1 to 100"),
        (("footnote", "traces", "none"), 1, "no trace none"),
        (("footnote", "parse", "missing"), 1, "does not exist"),
        (("footnote", "serve", "--host", "0.0.0.0"), 2, "FOOTNOTE_ANONYMOUS"),
        (("footnote", "slack"), 2, "No such command"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_lost(shell: Shell, command: tuple[str | bytes, ...], status: int, says: str) -> None:
    done = shell.run(*command)

    assert (done.returncode, says in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_wrong_setting_is_told_by_name(shell: Shell) -> None:
    done = shell.run("footnote", "ask", "How?", FOOTNOTE_MODEL_TIMEOUT="soon")

    assert (done.returncode, done.stderr.startswith("footnote: FOOTNOTE_MODEL_TIMEOUT: ")) == (2, True)


def test_a_port_in_use_is_told(shell: Shell, url: str) -> None:
    done = shell.run("footnote", "serve", "--port", url.rpartition(":")[2])

    assert (done.returncode, "Choose another with --port" in done.stderr) == (1, True)


def test_parse_shows_a_line_of_json_a_file(shell: Shell) -> None:
    done = shell.run("footnote", "parse", str(SAMPLE / "hr"), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert {"leave.md", "holidays.xlsx", "confidential/salary-bands.xlsx"} <= {row["source"] for row in rows}
    assert {frozenset(row) for row in rows} == {frozenset({"source", "status", "text", "title", "error"})}
    assert shell.json("footnote", "parse", str(SAMPLE / "hr" / "leave.md"))["source"] == "leave.md"


def test_help_is_for_everyone(shell: Shell) -> None:
    assert "ingest" in shell.run("footnote", "--help").stdout
    assert "--new-root" in shell.run("ingest", "--help").stdout


def test_parse_says_of_every_file_what_it_is(shell: Shell, tmp_path: Path) -> None:
    for name, content in {"a.md": b"# A\n\nWords.", "b.xyz": b"words", "c.txt": b"", "d.pdf": b"%PDF-1.7 garbage"}.items():
        (tmp_path / name).write_bytes(content)
    done = shell.run("footnote", "parse", str(tmp_path), "--json")
    rows = {row["source"]: row for row in map(json.loads, done.stdout.splitlines())}

    assert {source: row["status"] for source, row in rows.items()} == {
        "a.md": "parsed", "b.xyz": "failed", "c.txt": "empty", "d.pdf": "failed",
    }  # fmt: skip
    assert ".xyz" in rows["b.xyz"]["error"]
