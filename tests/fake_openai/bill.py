"""What the provider charges: one record a request, and sums of them that a ledger can be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assistant.types import Rate, Usage

_CHARACTERS_A_TOKEN = 3  # unlike the four by which Footnote reckons, so that a reckoned figure never passes for a reported one
_REASONING = 16


@dataclass(slots=True)
class Served:
    """One request, from its arrival on; changed while it is answered.

    `usage` is what it is charged for, None where it is free: an error, a moderation, a reply that something in between gave. `reported` is
    what the client was told of it, None as long as it was told nothing. `complete`: all was handed to the network that was to be sent.
    `cancelled`: the client went away before. `pieces` went out so far, one token each. `started` and `ended` are of the monotonic clock,
    which all processes of a machine share.
    """

    endpoint: str
    status: int
    model: str
    started: float
    usage: Usage | None = None
    reported: Mapping[str, Any] | None = None
    complete: bool = False
    cancelled: bool = False
    pieces: int = 0
    ended: float | None = None


def full_usage(prompt: str, pieces: int) -> Usage:
    """Of a reply given to its end: some of the input was cached, some of the output was spent on reasoning."""
    tokens = -(-len(prompt) // _CHARACTERS_A_TOKEN)
    return Usage(tokens, pieces + _REASONING, tokens // 2, _REASONING)


def usage_so_far(full: Usage, pieces: int) -> Usage:
    """Of a reply that broke off: the input, and the pieces that were sent."""
    return Usage(full.input_tokens, pieces, full.cached_tokens)


class Bill:
    """All that was served, in the order of arrival."""

    def __init__(self) -> None:
        self.served: list[Served] = []

    def charged(self, model: str | None = None) -> Usage:
        """The sum of what is charged, of one model's replies or of all."""
        usages = [each.usage for each in self.served if each.usage is not None and model in (None, each.model)]
        return Usage(
            sum(usage.input_tokens for usage in usages),
            sum(usage.output_tokens for usage in usages),
            sum(usage.cached_tokens for usage in usages),
            sum(usage.reasoning_tokens for usage in usages),
        )

    def bill(self, rate: Rate, model: str | None = None) -> Decimal:
        """Dollars for it."""
        usage = self.charged(model)
        fresh = usage.input_tokens - usage.cached_tokens
        return (fresh * rate.input + usage.cached_tokens * rate.cached + usage.output_tokens * rate.output) / 1_000_000
