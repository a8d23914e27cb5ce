"""A fake OpenAI: a real HTTP server on loopback that speaks POST /v1/chat/completions and misbehaves on demand.

    with FakeOpenAI([rate_limited(), answers()]) as fake:
        LangChainChatModel("openai:gpt-5-mini", prices, base_url=fake.url, api_key="test")

Each request takes the next behaviour of the script; the last one goes on for ever. `requests` holds what was asked, `served` what was
given, so that a ledger can be compared with it, and `paths` every address that was called.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Write = Callable[[str], str]
USAGE: Mapping[str, Any] = {
    "prompt_tokens": 800,
    "completion_tokens": 60,
    "total_tokens": 860,
    "prompt_tokens_details": {"cached_tokens": 512},
    "completion_tokens_details": {"reasoning_tokens": 20},
}


@dataclass(frozen=True)
class Behaviour:
    """How one request is answered. `write` makes the reply's content from the prompt; `part` is the share of the body that is sent
    before the connection is closed; `delay` is in seconds."""

    write: Write = lambda _: ""
    status: int = 200
    error: str = ""
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, Any] | None = field(default_factory=lambda: USAGE)
    refusal: str | None = None
    finish_reason: str = "stop"
    body: str | None = None
    part: float = 1.0
    delay: float = 0.0


@dataclass(frozen=True)
class Served:
    status: int
    usage: Mapping[str, Any] | None


def claims(*sentences: tuple[str, int, str], answerable: bool = True) -> str:
    """A reply's content, as a well-behaved model writes it."""
    items = [{"text": text, "marker": marker, "quote": quote} for text, marker, quote in sentences]
    return json.dumps({"answerable": answerable, "sentences": items})


def passages(prompt: str) -> dict[int, str]:
    """The text of each passage in a prompt, by its marker."""
    found = re.findall(r"<passage \[(\d+)\]>\n.*?^Text:\n(.*?)\n</passage \[\1\]>", prompt, re.DOTALL | re.MULTILINE)
    return {int(marker): text for marker, text in found}


def first_sentence(prompt: str) -> str:
    """Answers with the first sentence of the first passage, quoted."""
    marker, text = next(iter(passages(prompt).items()))
    sentence = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    return claims((sentence, marker, sentence))


def answers(write: Write | str = first_sentence) -> Behaviour:
    return Behaviour(write=(lambda _: write) if isinstance(write, str) else write)


def fails(status: int, error: str = "It failed.", code: str | None = None, **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Behaviour(status=status, error=error, code=code, headers=named, usage=None)


def rate_limited(retry_after: float | str | None = None) -> Behaviour:
    return fails(429, "Rate limit reached.", **({} if retry_after is None else {"retry_after": str(retry_after)}))


def stalls(seconds: float) -> Behaviour:
    return replace(answers(), delay=seconds, usage=None)


def refuses() -> Behaviour:
    return Behaviour(refusal="I'm sorry, I can't help with that.")


def stops_at_length() -> Behaviour:
    return Behaviour(write=lambda prompt: first_sentence(prompt)[:40], finish_reason="length")


def hangs_up(part: float = 0.5) -> Behaviour:
    """Closes the connection after a part of the body, or before any of it."""
    return replace(answers(), part=part, usage=None)


def says_nothing_of_usage() -> Behaviour:
    return replace(answers(), usage=None)


def serves_a_page() -> Behaviour:
    """A proxy's HTML in place of JSON."""
    return Behaviour(body="<html>Sign in</html>", headers={"content-type": "text/html"}, usage=None)


class FakeOpenAI:
    def __init__(self, script: Sequence[Behaviour], model: str = "gpt-5-mini-2025-08-07") -> None:
        self.script = list(script)
        self.model = model
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.served: list[Served] = []
        self.asked = threading.Event()
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def __enter__(self) -> FakeOpenAI:
        fake = self

        class Handler(_Handler):
            owner = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The base URL, as OPENAI_BASE_URL takes it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def prompt(self, request: int = -1) -> str:
        """All messages of a request as one text."""
        return _prompt(self.requests[request])

    def take(self, headers: Mapping[str, str], request: dict[str, Any]) -> Behaviour:
        """Books a request and gives what is to be done with it."""
        with self._lock:
            behaviour = self.script[min(len(self.requests), len(self.script) - 1)]
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self.requests.append(request)
            self.served.append(Served(behaviour.status, behaviour.usage))
        self.asked.set()
        return behaviour

    def wait(self, seconds: float) -> None:
        self._closing.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    owner: FakeOpenAI
    protocol_version = "HTTP/1.1"
    timeout = 5  # seconds that an idle connection is kept

    def do_GET(self) -> None:
        self.owner.paths.append(self.path)
        self._send(fails(404), b"{}")

    def do_POST(self) -> None:
        self.owner.paths.append(self.path)
        if not self.path.endswith("/chat/completions"):
            self.close_connection = True
            self._send(fails(404), b"{}")
            return
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        behaviour = self.owner.take(dict(self.headers.items()), request)
        self.owner.wait(behaviour.delay)
        body = _body(behaviour, request, self.owner.model).encode()
        try:
            self._send(behaviour, body)
        except OSError:  # the client gave up waiting
            self.close_connection = True

    def _send(self, behaviour: Behaviour, body: bytes) -> None:
        if behaviour.part > 0:
            self.send_response(behaviour.status)
            for name, value in ({"content-type": "application/json"} | dict(behaviour.headers)).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: int(len(body) * behaviour.part)])
            self.wfile.flush()
        if behaviour.part < 1:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing on stderr."""


def _prompt(request: Mapping[str, Any]) -> str:
    return "\n\n".join(str(message["content"]) for message in request["messages"])


def _body(behaviour: Behaviour, request: Mapping[str, Any], model: str) -> str:
    if behaviour.body is not None:
        return behaviour.body
    if behaviour.status != 200:
        error = {"message": behaviour.error, "type": "error", "param": None, "code": behaviour.code}
        return json.dumps({"error": error})
    content = None if behaviour.refusal else behaviour.write(_prompt(request))
    message = {"role": "assistant", "content": content, "refusal": behaviour.refusal}
    choice = {"index": 0, "message": message, "finish_reason": behaviour.finish_reason, "logprobs": None}
    reply: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion", "created": int(time.time()), "model": model}
    return json.dumps(reply | {"choices": [choice]} | ({"usage": dict(behaviour.usage)} if behaviour.usage else {}))
