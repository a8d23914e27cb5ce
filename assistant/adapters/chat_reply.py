"""What the messages of one reply come to: LangChain gives one where it is not streamed, and many where it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from assistant.ports import Completion
from assistant.types import Usage

_LONGEST_NAME = 200
# Where providers say why a reply ended, and the words in which they say that it ran into the limit, or was not to be said.
_REASONS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_DECLINED = frozenset({"content_filter", "content_filtered", "refusal", "safety", "prohibited_content", "guardrail_intervened"})


class ReplyParts:
    """`says_why`: the provider says at the end why it ends, as OpenAI and its imitators do in streams. `adds_up`: usage is what all
    reports come to, as from providers that report input and output apart; else the last one counts, as some servers repeat it with
    every piece."""

    def __init__(self, model: str, *, says_why: bool, adds_up: bool) -> None:
        self.reason: str | None = None
        self._model = model
        self._says_why = says_why
        self._adds_up = adds_up
        self._texts: list[str] = []
        self._refused = False
        self._usage: Any = None

    @property
    def cut_off(self) -> bool:
        """No end has come, as far as can be told."""
        return self._says_why and self.reason is None

    def add(self, message: Any) -> str:
        """Takes in the next message; returns its text."""
        said = message.response_metadata
        self._model = str(said.get("model_name") or self._model)[:_LONGEST_NAME]
        self.reason = _reason(said) or self.reason
        self._refused |= _refuses(message)
        self._take(message.usage_metadata)
        text = str(message.text)
        self._texts.append(text)
        return text

    def completion(self) -> Completion:
        return Completion("".join(self._texts), self._model, usage_of(self._usage), self._ended())

    def _ended(self) -> Literal["complete", "cut", "declined"]:
        if self._refused or self.reason in _DECLINED:
            return "declined"
        return "cut" if self.reason in _CUT else "complete"

    def _take(self, usage: Any) -> None:
        from langchain_core.messages.ai import add_usage

        if usage:
            self._usage = add_usage(self._usage, usage) if self._adds_up else usage


def usage_of(metadata: Mapping[str, Any] | None) -> Usage | None:
    """LangChain's usage, which every provider's package fills from the provider's report; None where there was none, or nonsense."""
    if not metadata:
        return None
    tokens = (
        metadata.get("input_tokens"),
        metadata.get("output_tokens"),
        _detail(metadata.get("input_token_details"), "cache_read"),
        _detail(metadata.get("output_token_details"), "reasoning"),
    )
    counts = [count for count in tokens if isinstance(count, int) and count >= 0]
    return Usage(*counts) if len(counts) == len(tokens) else None


def _detail(details: Mapping[str, Any] | None, name: str) -> Any:
    """`priority_cache_read` is one, too: LangChain puts the service tier before the name."""
    return next((count for key, count in (details or {}).items() if key.endswith(name)), 0)


def _reason(said: Mapping[str, Any]) -> str | None:
    """In lower case. OpenAI's Responses API gives a status, and a reason only where it is not `completed`."""
    found = next((said[key] for key in _REASONS if said.get(key)), None)
    found = found or (said.get("incomplete_details") or {}).get("reason") or said.get("status")
    return str(found).lower() if found else None


def _refuses(message: Any) -> bool:
    blocks = [block for block in message.content if isinstance(block, dict)]
    return bool(message.additional_kwargs.get("refusal")) or any(block.get("type") == "refusal" for block in blocks)
