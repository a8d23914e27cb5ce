"""A reply as `chat.completion.chunk` events: the role, each sentence when it is proven, what stands behind the sentences, the end."""

from __future__ import annotations

import json
import time

from fastapi.sse import format_sse_event

from api.http.openai_errors import in_openais_words
from api.http.openai_schemas import MODEL, FinishReason
from api.http.openai_shapes import annotations_of, finish_reason, new_id, usage_out
from api.http.openai_text import content, spoken
from api.http.problems import problem_of
from api.http.schemas import ReplyOut
from assistant.events import Event, Found
from assistant.types import Reply


class Chunks:
    """A `Script`. The white space behind a sentence is sent with the next one, so that all deltas together are the content of the reply."""

    def __init__(self, *, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._id = new_id()
        self._created = int(time.time())
        self._sent = ""
        self._gap = ""

    def begin(self) -> bytes:
        return self._delta({"role": "assistant", "content": ""})

    def event(self, event: Event) -> bytes:
        if isinstance(event, Found):
            return b""
        sentence = event.text.rstrip()
        said = spoken(self._gap + sentence)
        self._gap = event.text[len(sentence) :]
        self._sent += said
        return self._delta({"content": said})

    def end(self, reply: Reply) -> bytes:
        cited = [annotation.model_dump() for annotation in annotations_of(reply)]
        rest = self._delta({"content": content(reply)[len(self._sent) :], "annotations": cited})
        whole = ReplyOut.model_validate(reply).model_dump(mode="json")
        ended = self._delta({}, finish_reason(reply), footnote=whole)
        used = self._written(choices=[], usage=usage_out(reply).model_dump()) if self._with_usage else b""
        return rest + ended + used + format_sse_event(data_str="[DONE]")

    def failure(self, error: BaseException) -> bytes:
        return format_sse_event(data_str=json.dumps(in_openais_words(problem_of(error).problem)[1]))

    def _delta(self, delta: dict[str, object], reason: FinishReason | None = None, **more: object) -> bytes:
        return self._written(choices=[{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}], **more)

    def _written(self, **fields: object) -> bytes:
        head = {"id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": MODEL}
        if self._with_usage:
            head["usage"] = None
        return format_sse_event(data_str=json.dumps(head | fields))
