"""How one request is answered: a Behaviour, and makers of the common ones.

Makers compose by `dataclasses.replace`: a slow reply in another language is `replace(slowly(0.1), write=german_sentence)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal

from assistant.types import Usage
from tests.fake_openai.replies import Write, first_sentence, german_sentence

Tell = Callable[[Usage], "Mapping[str, Any] | None"]


def as_it_is(usage: Usage) -> Mapping[str, Any]:
    """OpenAI's form of usage."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": 0},
    }


@dataclass(frozen=True)
class Fault:
    """What goes wrong once `at` events of a stream have gone out: the connection closes (`cut`), or closes inside the next event (`torn`),
    the next event is no JSON (`garbled`), or the provider says in its place that it failed (`error`). A reply that is not streamed is cut
    or torn in its middle, is half a JSON text, or is the error."""

    kind: Literal["cut", "torn", "garbled", "error"]
    at: int


@dataclass(frozen=True)
class Behaviour:
    """How one request is answered.

    `write` makes the content from the prompt. `usage` is what it costs, None: counted. `tells` makes what the client is told of it.
    `body` is sent as it is, in place of the provider's. Without `chooses` there is no choice in it, without `closes` no [DONE].
    `part` is the share of the reply that is sent before the connection is closed. `endless` is sent again and again after the content.
    All times are in seconds: `delay` before anything is sent, `pieces_every` between two pieces, `lasts` from the first piece to the
    last, `pauses` once so many pieces were sent, `bytes_every` after each byte.
    """

    write: Write = lambda _: ""
    status: int = 200
    error: str = ""
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    usage: Usage | None = None
    tells: Tell = as_it_is
    refusal: str | None = None
    finish_reason: str = "stop"
    body: str | None = None
    chooses: bool = True
    closes: bool = True
    part: float = 1.0
    fault: Fault | None = None
    endless: str = ""
    delay: float = 0.0
    pieces_every: float = 0.0
    lasts: float = 0.0
    pauses: Mapping[int, float] = field(default_factory=dict)
    bytes_every: float = 0.0


def answers(write: Write | str = first_sentence) -> Behaviour:
    return Behaviour(write=(lambda _: write) if isinstance(write, str) else write)


def fails(status: int, error: str = "It failed.", code: str | None = None, **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Behaviour(status=status, error=error, code=code, headers=named)


def rate_limited(retry_after: float | str | datetime | None = None) -> Behaviour:
    """With Retry-After in seconds, as a date in UTC, or as whatever is given."""
    if isinstance(retry_after, datetime):
        retry_after = format_datetime(retry_after, usegmt=True)
    return fails(429, "Rate limit reached.", **({} if retry_after is None else {"retry_after": str(retry_after)}))


def stalls(seconds: float) -> Behaviour:
    """Says nothing at all for a while."""
    return replace(answers(), delay=seconds)


def slowly(pieces_every: float, write: Write | str = first_sentence) -> Behaviour:
    return replace(answers(write), pieces_every=pieces_every)


def lasts(seconds: float, write: Write | str = first_sentence) -> Behaviour:
    """Streams for so long, however much it has to say."""
    return replace(answers(write), lasts=seconds)


def pauses(seconds: float, after: int = 0, write: Write | str = first_sentence) -> Behaviour:
    """Once so many pieces were sent; `FakeOpenAI.go_on` ends it."""
    return replace(answers(write), pauses={after: seconds})


def trickles(seconds: float = 1.0) -> Behaviour:
    """A byte at a time."""
    return replace(answers(), bytes_every=seconds)


def refuses() -> Behaviour:
    return Behaviour(refusal="I'm sorry, I can't help with that.")


def filtered() -> Behaviour:
    """A filter stops it after a few words."""
    return Behaviour(write=lambda prompt: first_sentence(prompt)[:40], finish_reason="content_filter")


def stops_at_length() -> Behaviour:
    return Behaviour(write=lambda prompt: first_sentence(prompt)[:40], finish_reason="length")


def in_german() -> Behaviour:
    return answers(german_sentence)


def chooses_nothing() -> Behaviour:
    return replace(answers(), chooses=False)


def never_ends(text: str = " " * 500, write: Write | str = "") -> Behaviour:
    """Sends the text again and again, as fast as it is read, until the client leaves."""
    return replace(answers(write), endless=text)


def hangs_up(part: float = 0.5) -> Behaviour:
    """Closes the connection after a part of the reply, or before any of it."""
    return replace(answers(), part=part)


def cut_after(events: int) -> Behaviour:
    """Closes the connection after so many events; a reply of no more than these arrives whole."""
    return replace(answers(), fault=Fault("cut", events))


def torn_after(events: int) -> Behaviour:
    return replace(answers(), fault=Fault("torn", events))


def garbled_after(events: int) -> Behaviour:
    return replace(answers(), fault=Fault("garbled", events))


def fails_after(events: int) -> Behaviour:
    return replace(answers(), error="The server had an error while processing your request.", fault=Fault("error", events))


def never_closes() -> Behaviour:
    """Ends the stream without [DONE]."""
    return replace(answers(), closes=False)


def says_nothing_of_usage() -> Behaviour:
    return replace(answers(), tells=lambda _: None)


def tells_no_details() -> Behaviour:
    nothing = {"prompt_tokens_details": None, "completion_tokens_details": None}
    return replace(answers(), tells=lambda usage: {**as_it_is(usage), **nothing})


def contradicts_itself() -> Behaviour:
    """Reports more tokens from the cache than there were, and more reasoning than output."""

    def wrong(usage: Usage) -> Mapping[str, Any]:
        return as_it_is(replace(usage, cached_tokens=usage.input_tokens + 1, reasoning_tokens=usage.output_tokens + 1))

    return replace(answers(), tells=wrong)


def serves_a_page() -> Behaviour:
    """A proxy's HTML in place of JSON."""
    return Behaviour(body="<html>Sign in</html>", headers={"content-type": "text/html"})
