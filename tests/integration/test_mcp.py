"""The MCP door, driven by the official client: over HTTP under a real uvicorn, and over stdio with the installed command."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import uvicorn
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent
from starlette.applications import Starlette

from api.http.doors import Doors
from api.http.limits import Limits
from api.identity.callers import ANYBODY, Caller, Doorman, Scope
from api.listening import listen
from api.mcp.server import WENT_WRONG, http_app, make_server
from api.mcp.serving import PatientServer
from assistant.ports import Completion, Message, Vectors
from assistant.types import LOCAL, Principal
from tests.fakes import FakeChatModel, FakeEmbedder, first_sentence
from tests.worlds import OPEN_GATE, SHUT_GATE, World

BIN = Path(sys.executable).parent
LEAVE = (
    "---\nowner: people@northlight.example\neffective: 2026-01-01\n---\n# Leave\n\n## Annual leave\n\n"
    "Everyone has 25 days of paid annual leave.\n"
)
BONUS = "---\ngroups: [hr]\n---\n# Bonus\n\nThe annual bonus of a manager is 900 euros.\n"
ASKED = {"question": "How many days of annual leave are there?"}
BOTH_PROTOCOLS = pytest.mark.parametrize("mode", ["legacy", "auto"])
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HEADERS = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}


class KnownTokens:
    """Verifies the tokens it was told of."""

    wanted = True

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        self._callers = callers

    async def caller(self, token: str) -> Caller | None:
        return self._callers.get(token)


def caller(name: str, groups: tuple[str, ...] = (), scope: Scope = "ask") -> Caller:
    return Caller(Principal(name, frozenset(groups)), frozenset({scope}))


CALLERS = {"hr-key": caller("anna", ("hr",)), "sales-key": caller("bert", ("sales",)), "narrow": caller("carl", scope="traces")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    made.write("hr/leave.md", LEAVE)
    made.write("hr/bonus.md", BONUS)
    made.write("travel.md", "# Travel\n\nEmployees travel second class by train.\n")
    made.ingest()
    return made


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Under a real uvicorn in a thread; gives the address of the tools."""
    with running(uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5))) as address:
        yield address


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    """A server that wants keys."""
    with world.assistant(OPEN_GATE) as assistant, serving(http_app(assistant, Doors(Doorman([KnownTokens(CALLERS)])))) as address:
        yield address


@asynccontextmanager
async def connected(url: str, key: str = "sales-key", mode: str = "auto") -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=30, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def called(client: Client, tool: str, **arguments: Any) -> Any:
    """The structured result, which is as its schema says: the client looks at that, too."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, said(result)
    schema = next(one.output_schema for one in (await client.list_tools()).tools if one.name == tool)
    Draft202012Validator(schema or {}).validate(result.structured_content)
    return result.structured_content


def said(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


class TestTools:
    @BOTH_PROTOCOLS
    async def test_they_are_listed_with_their_schemas(self, url: str, mode: str) -> None:
        async with connected(url, mode=mode) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            instructions = client.instructions

        assert {name: set(tool.input_schema["properties"]) for name, tool in tools.items()} == {
            "ask": {"question", "sources", "as_of"}, "search": {"query", "k", "sources"}, "read": {"source", "offset", "limit"},
        }  # fmt: skip
        assert {name: tool.input_schema["required"] for name, tool in tools.items()} == {
            "ask": ["question"], "search": ["query"], "read": ["source"],
        }  # fmt: skip
        for tool in tools.values():
            assert tool.annotations
            assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (True, False)
            assert "quote" in str(tool.description)
            assert not tool.input_schema["additionalProperties"]
            for schema in (tool.input_schema, tool.output_schema):
                Draft202012Validator.check_schema(schema or {})
        assert "citation" in str(instructions)

    @BOTH_PROTOCOLS
    async def test_an_answer_comes_with_citations_that_stand_in_what_read_gives(self, url: str, mode: str) -> None:
        async with connected(url, mode=mode) as client:
            reply = await called(client, "ask", **ASKED)
            document = await called(client, "read", source="hr/leave.md")
            text = said(await client.call_tool("ask", ASKED))

        (citation,) = reply["citations"]
        assert (reply["kind"], reply["text"]) == ("answer", "Everyone has 25 days of paid annual leave [1].")
        assert (citation["marker"], citation["source"], citation["title"], citation["headings"]) == (
            1,
            "hr/leave.md",
            "Leave",
            ["Annual leave"],
        )
        assert document["text"][citation["start"] : citation["end"]] == citation["quote"] == "Everyone has 25 days of paid annual leave"
        assert (document["owner"], document["effective"], document["title"]) == ("people@northlight.example", "2026-01-01", "Leave")
        assert text == f"{reply['text']}\n\n[1] Leave > Annual leave (hr/leave.md)\n“{citation['quote']}”"

    async def test_a_refusal_is_a_result(self, world: World) -> None:
        with world.assistant(SHUT_GATE) as assistant:
            async with Client(make_server(assistant, lambda _: nullcontext(LOCAL))) as client:
                reply = await called(client, "ask", **ASKED)
                text = said(await client.call_tool("ask", ASKED))

        refusal = reply["refusal"]
        assert (reply["kind"], reply["citations"], refusal["reason"]) == ("refusal", [], "insufficient_evidence")
        assert {"source": "hr/leave.md", "title": "Leave", "headings": ["Annual leave"], "owner": "people@northlight.example"} in refusal[
            "closest"
        ]
        assert text.startswith(f"No answer: {refusal['message']} (insufficient_evidence)\n\nThe nearest documents:\n")
        assert "\n- Leave > Annual leave (hr/leave.md), ask people@northlight.example" in text

    async def test_sources_narrow_both_questions_and_searches(self, url: str) -> None:
        async with connected(url) as client:
            reply = await called(client, "ask", **ASKED, sources=["none/*"])
            hits = (await called(client, "search", query="annual leave", sources=["travel.md"]))["hits"]

        assert reply["refusal"]["reason"] == "no_evidence"
        assert {hit["source"] for hit in hits} == {"travel.md"}

    async def test_the_day_decides_what_is_in_force(self, url: str) -> None:
        async with connected(url) as client:
            early = await called(client, "ask", **ASKED, as_of="2025-06-01")

        assert [notice["kind"] for notice in early["notices"]] == ["not_yet_in_force"]

    async def test_a_search_gives_so_many_passages_best_first(self, url: str) -> None:
        async with connected(url) as client:
            both = (await called(client, "search", query="annual leave"))["hits"]
            one = (await called(client, "search", query="annual leave", k=1))["hits"]
            text = said(await client.call_tool("search", {"query": "annual leave", "k": 1}))

        assert ([hit["rank"] for hit in both], one) == ([1, 2], both[:1])
        assert set(one[0]) == {"rank", "score", "source", "title", "headings", "page", "text"}
        assert text == f"1. Leave > Annual leave (hr/leave.md)\n{one[0]['text']}"

    async def test_a_document_is_read_in_pieces(self, url: str) -> None:
        pieces: list[str] = []
        async with connected(url) as client:
            whole = await called(client, "read", source="hr/leave.md")
            at: int | None = 0
            while at is not None:
                piece = await called(client, "read", source="hr/leave.md", offset=at, limit=20)
                pieces.append(piece["text"])
                at = piece["next_offset"]
            text = said(await client.call_tool("read", {"source": "hr/leave.md", "limit": 20}))

        assert ("".join(pieces), whole["next_offset"]) == (whole["text"], None)
        assert {len(piece) for piece in pieces[:-1]} == {20}
        assert text == f"Leave (hr/leave.md), characters 0 to 20 of {whole['characters']}; go on with offset 20.\n\n{pieces[0]}"

    @pytest.mark.parametrize(
        ("tool", "arguments", "message"),
        [
            ("ask", {"question": " "}, "question: is empty"),
            ("ask", {}, "question: field required"),
            ("ask", ASKED | {"history": []}, "history: there is no such argument"),
            ("ask", ASKED | {"sources": [" "]}, "sources.0: is empty"),
            ("ask", ASKED | {"as_of": "soon"}, "as_of: "),
            ("search", {"query": "x", "k": 101}, "k: input should be less than or equal to 100"),
            ("read", {"source": "none.md"}, "There is no document none.md."),
            ("read", {"source": "hr/leave.md", "offset": 10_000}, "offset: is behind the end: the document has "),
            ("read", {"source": "a\x00b"}, "source: has a control character"),
            ("write", {}, "There is no tool write."),
        ],
    )
    async def test_what_is_wrong_is_said_in_our_words(self, url: str, tool: str, arguments: dict[str, Any], message: str) -> None:
        async with connected(url) as client:
            result = await client.call_tool(tool, arguments)

        assert result.is_error
        assert said(result).startswith(message)
        assert "pydantic" not in said(result)

    async def test_a_fault_of_ours_is_told_to_the_log_alone(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        class Broken(FakeEmbedder):
            def embed(self, texts: Sequence[str]) -> Vectors:
                raise RuntimeError(f"internals of {texts}")

        world.embedder, kept = Broken(), world.embedder
        try:
            with world.assistant(OPEN_GATE) as assistant:
                async with Client(make_server(assistant, lambda _: nullcontext(LOCAL))) as client:
                    result = await client.call_tool("search", {"query": "leave"})
        finally:
            world.embedder = kept

        assert (result.is_error, said(result)) == (True, WENT_WRONG)
        assert "internals" in capsys.readouterr().out


class TestWho:
    async def test_what_one_may_not_read_does_not_exist(self, url: str) -> None:
        question = "How much is the annual bonus of a manager?"
        async with connected(url, "hr-key") as anna, connected(url, "sales-key") as bert:
            answered = await called(anna, "ask", question=question)
            refused = said(await bert.call_tool("ask", {"question": question}))
            found, missed = [(await called(who, "search", query=question))["hits"] for who in (anna, bert)]
            read = await called(anna, "read", source="hr/bonus.md")
            forbidden, nowhere = [await bert.call_tool("read", {"source": source}) for source in ("hr/bonus.md", "hr/no.md")]

        assert "900 euros" in answered["text"]
        assert "900" in read["text"]
        assert "hr/bonus.md" in {hit["source"] for hit in found}
        assert "hr/bonus.md" not in {hit["source"] for hit in missed}
        assert "900" not in refused
        assert "hr/bonus.md" not in refused
        assert (forbidden.is_error, said(forbidden)) == (True, said(nowhere).replace("hr/no.md", "hr/bonus.md"))

    @pytest.mark.parametrize(("key", "status"), [("wrong", 401), ("", 401), ("narrow", 403)])
    @pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
    async def test_who_may_not_ask_does_not_come_in(self, url: str, key: str, status: int, version: str) -> None:
        headers = HEADERS | {"mcp-protocol-version": version} | ({"authorization": f"Bearer {key}"} if key else {})
        async with httpx.AsyncClient(trust_env=False) as http:
            replies = [await http.request(method, url, headers=headers, json=PING) for method in ("POST", "GET", "DELETE")]

        assert {reply.status_code for reply in replies} == {status}
        assert {reply.headers["content-type"] for reply in replies} == {"application/problem+json"}
        assert {reply.headers.get("www-authenticate") for reply in replies} == {"Bearer" if status == 401 else None}

    async def test_a_session_is_nobody_elses(self, url: str) -> None:
        begin = {
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
        }  # fmt: skip
        async with httpx.AsyncClient(trust_env=False, headers=HEADERS) as http:
            anna, bert = ({"authorization": f"Bearer {key}"} for key in ("hr-key", "sales-key"))
            begun = await http.post(url, headers=anna, json=begin)
            session = {"mcp-session-id": begun.headers["mcp-session-id"]}
            own, others = [(await http.post(url, headers=who | session, json=PING)).status_code for who in (anna, bert)]

        assert (own, others) == (200, 404)

    @BOTH_PROTOCOLS
    async def test_each_question_leaves_its_trace_under_who_asked(
        self, url: str, world: World, mode: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async with connected(url, "hr-key", mode) as client:
            reply = await called(client, "ask", **ASKED)
            (line,) = [line for line in capsys.readouterr().out.splitlines() if reply["trace_id"] in line]
        with world.assistant() as assistant:
            trace = assistant.ledger.trace(reply["trace_id"])

        assert (trace["principal"], trace["question"], trace["reply"]["text"]) == ("anna", ASKED["question"], reply["text"])
        assert "anna" in line
        assert "/mcp" in line
        assert "annual" not in line

    async def test_without_keys_the_local_user_asks_and_no_page_of_another_name(self, world: World) -> None:
        with world.assistant(OPEN_GATE) as assistant, serving(http_app(assistant, Doors())) as url:
            async with connected(url) as client:
                read = await called(client, "read", source="hr/bonus.md")
            async with httpx.AsyncClient(trust_env=False, headers=HEADERS) as http:
                elsewhere = await http.post(url, headers={"host": "footnote.example"}, json=PING)
                page = await http.post(url, headers={"origin": "http://footnote.example"}, json=PING)

        assert "900" in read["text"]
        assert (elsewhere.status_code, page.status_code) == (421, 403)
        assert ANYBODY.principal == LOCAL

    async def test_who_asks_too_much_waits(self, world: World) -> None:
        doors = Doors(Doorman([KnownTokens(CALLERS)]), limits=Limits("2/minute"))
        with world.assistant(OPEN_GATE) as assistant, serving(http_app(assistant, doors)) as url:
            async with httpx.AsyncClient(trust_env=False, headers=HEADERS | {"authorization": "Bearer hr-key"}) as http:
                replies = [await http.post(url, json=PING) for _ in range(3)]

        assert [reply.status_code == 429 for reply in replies] == [False, False, True]
        assert int(replies[2].headers["retry-after"]) > 0


class Waiting(FakeChatModel):
    """Is asked, and says nothing until it is told to go on, or is cancelled."""

    def __init__(self) -> None:
        super().__init__(first_sentence)
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.cancelled = threading.Event()

    async def complete(self, messages: Sequence[Message], **more: Any) -> Completion:
        self.asked.set()
        try:
            while not self.go_on.is_set():  # noqa: ASYNC110  # another thread sets it
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)  # to close a connection takes a moment
            self.cancelled.set()
            raise
        return await super().complete(messages, **more)


@pytest.fixture
def small(tmp_path: Path) -> World:
    """Of its own ledger, where nothing was answered yet."""
    made = World(tmp_path)
    made.write("leave.md", LEAVE)
    made.ingest()
    return made


@BOTH_PROTOCOLS
async def test_a_server_that_ends_finishes_what_runs_first(small: World, mode: str) -> None:
    model = Waiting()
    with small.assistant(OPEN_GATE, model) as assistant:
        server = PatientServer(http_app(assistant, Doors()), assistant)
        with running(server) as url:
            async with connected(url, mode=mode) as client:
                await client.list_tools()  # else the client does so behind the call, and nobody is there any more
                call = asyncio.create_task(client.call_tool("ask", ASKED))
                assert await asyncio.to_thread(model.asked.wait, 10)
                server.handle_exit(signal.SIGTERM, None)
                await asyncio.sleep(1.2)  # longer than the SDK's streams look for an end
                model.go_on.set()
                reply = await call

    assert (reply.is_error, said(reply).splitlines()[0]) == (False, "Everyone has 25 days of paid annual leave [1].")


@BOTH_PROTOCOLS
async def test_who_cancels_a_call_cancels_answering(small: World, mode: str) -> None:
    model = Waiting()
    doors = Doors(Doorman([KnownTokens(CALLERS)]), limits=Limits(at_once=1))
    with small.assistant(OPEN_GATE, model) as assistant, serving(http_app(assistant, doors)) as url:
        async with connected(url, mode=mode) as client:
            call = asyncio.create_task(client.call_tool("ask", ASKED))
            assert await asyncio.to_thread(model.asked.wait, 10)
            second = await client.call_tool("search", {"query": "leave"})
            call.cancel()
            assert await asyncio.to_thread(model.cancelled.wait, 10)
            await asyncio.wait({call})
        (cancelled,) = await asyncio.to_thread(_ended, assistant.ledger, "cancelled")

    assert call.cancelled()
    assert (second.is_error, said(second)) == (True, "No more than 1 questions at once with one key. Wait for one to be answered.")
    assert cancelled["question"] == ASKED["question"]


def _ended(ledger: Any, outcome: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 5
    while not (found := [trace for trace in ledger.recent(5) if trace["outcome"] == outcome]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


async def test_the_command_speaks_the_protocol_and_nothing_else_on_stdout(world: World, tmp_path: Path) -> None:
    environment = {"FOOTNOTE_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    ingest = [str(BIN / "ingest"), str(world.folder)]
    await asyncio.to_thread(subprocess.run, ingest, env=os.environ | environment, cwd=tmp_path, check=True, capture_output=True)
    server = StdioServerParameters(command=str(BIN / "footnote"), args=["mcp", "--groups", "sales"], env=environment, cwd=tmp_path)
    stray: list[object] = []

    async def heard(message: object) -> None:
        stray.append(message)

    with (tmp_path / "stderr").open("w") as errors:
        async with Client(stdio_client(server, errlog=errors), message_handler=heard, read_timeout_seconds=60) as client:
            reply = await called(client, "ask", **ASKED)
            hits = (await called(client, "search", query="annual bonus of a manager"))["hits"]
            forbidden = await client.call_tool("read", {"source": "hr/bonus.md"})
            traced = await client.call_tool("read", {"source": "hr/leave.md", "wrong": 1})

    assert (reply["kind"], reply["citations"][0]["quote"]) == ("answer", "Everyone has 25 days of paid annual leave")
    assert "hr/bonus.md" not in {hit["source"] for hit in hits}
    assert (forbidden.is_error, said(forbidden)) == (True, "There is no document hr/bonus.md.")
    assert (traced.is_error, said(traced)) == (True, "wrong: there is no such argument")
    assert stray == []
    assert (tmp_path / "stderr").read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_input_as_a_client_does_that_goes(number: signal.Signals) -> None:
    code = "import sys, api.mcp.stdin as ours; ours.end_with_signals(); print(input(), flush=True); print(sys.stdin.read() == '')"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("hello\n")
        process.stdin.flush()
        heard = process.stdout.readline()
        process.send_signal(number)
        ended = process.stdout.read()

    assert (heard, ended, process.returncode) == ("hello\n", "True\n", 0)
