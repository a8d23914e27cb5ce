"""What the operator says that models cost, before what a table says: a local server's hours, a contract's discount."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from assistant.ports import Prices
from assistant.types import Rate

# As providers mark the version of a model that was asked for by its plain name: `gpt-5-mini-2025-08-07`, `claude-3-haiku-20240307`,
# `claude-3-haiku@20240307`, `gemini-1.5-pro-002`. Any other ending (`gpt-5-mini` for `gpt-5`) is another model at another price.
_DATED = re.compile(r"[-@](?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{3,8})$")


class OwnPrices:
    """Implements `assistant.ports.Prices`. `own` is by `provider:model`; a dated version of a named model costs the same, unless it is
    named itself. What is not named is left to `fallback`. Here 0 is a price: somebody wrote it down."""

    def __init__(self, own: Mapping[str, Rate], fallback: Prices) -> None:
        self._own = dict(own)
        self._fallback = fallback
        self._digest = _digest(own)

    @property
    def version(self) -> str:
        """Changes with every own price, and with the fallback's version."""
        return f"{self._fallback.version}, own prices {self._digest}"

    def rate(self, provider: str, model: str, input_tokens: int) -> Rate | None:
        name = f"{provider}:{model}"
        own = self._own.get(name) or self._own.get(_DATED.sub("", name))
        return own or self._fallback.rate(provider, model, input_tokens)


def _digest(own: Mapping[str, Rate]) -> str:
    """Of the prices, not of how they are written: 0.1 is 0.10."""
    lines = (f"{name}={rate.input.normalize():f}/{rate.cached.normalize():f}/{rate.output.normalize():f}" for name, rate in own.items())
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:8]
