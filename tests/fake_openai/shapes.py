"""OpenAI's JSON: completions, chunks of them, errors, models."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from tests.fake_openai.behaviour import Behaviour

PIECE = 5  # characters: about a token


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream. `data` is what stands after `data: `."""

    kind: Literal["begin", "piece", "finish", "usage", "done"]
    data: str


def pieces(content: str) -> list[str]:
    """The content as it is streamed."""
    return [content[at : at + PIECE] for at in range(0, len(content), PIECE)]


def pieces_until(content: str, words: str) -> int:
    """How many pieces it takes until these words were said."""
    return -(-(content.index(words) + len(words)) // PIECE)


def error(behaviour: Behaviour) -> str:
    kind = "server_error" if behaviour.status in (200, *range(500, 600)) else "invalid_request_error"
    return json.dumps({"error": {"message": behaviour.error, "type": kind, "param": None, "code": behaviour.code}})


def models(model: str) -> str:
    card = {"id": model, "object": "model", "created": 1754425777, "owned_by": "system"}
    return json.dumps({"object": "list", "data": [card]})


def completion(behaviour: Behaviour, content: str, name: str, model: str, told: Mapping[str, Any] | None) -> str:
    message: dict[str, Any] = {"role": "assistant", "content": None if behaviour.refusal else content, "refusal": behaviour.refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": behaviour.finish_reason}
    usage = {} if told is None else {"usage": dict(told)}
    return json.dumps({**_frame(name, model, "chat.completion"), "choices": [choice] if behaviour.chooses else [], **usage})


def events(behaviour: Behaviour, said: list[str], name: str, model: str, *, asked: bool, told: Mapping[str, Any] | None) -> Iterator[Event]:
    """The stream of a reply. `asked`: the client asked for usage. Ends only where the behaviour does."""
    frame = {**_frame(name, model, "chat.completion.chunk"), **({"usage": None} if asked else {})}
    field = "refusal" if behaviour.refusal else "content"
    if behaviour.chooses:
        yield Event("begin", _chunk(frame, {"role": "assistant", "content": "" if field == "content" else None, "refusal": None}))
        before, after = _chunk(frame, {field: "%"}).split('"%"')
        for piece in chain(said, _forever(behaviour.endless)):
            yield Event("piece", f"{before}{json.dumps(piece)}{after}")
        yield Event("finish", _chunk(frame, {}, behaviour.finish_reason))
    else:
        yield Event("finish", json.dumps({**frame, "choices": []}))
    if asked and told is not None:
        yield Event("usage", json.dumps({**frame, "choices": [], "usage": dict(told)}))
    if behaviour.closes:
        yield Event("done", "[DONE]")


def _forever(text: str) -> Iterable[str]:
    while text:
        yield text


def _frame(name: str, model: str, kind: str) -> dict[str, Any]:
    shared = {"service_tier": "default", "system_fingerprint": None}
    return {"id": name, "object": kind, "created": int(time.time()), "model": model, **shared}


def _chunk(frame: Mapping[str, Any], delta: Mapping[str, Any], finish_reason: str | None = None) -> str:
    return json.dumps({**frame, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]})
