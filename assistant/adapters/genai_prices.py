"""Prices of hosted models from the table bundled with genai-prices. No network, no update thread: the version names the table."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from assistant.types import Rate

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, TieredPrices

# LangChain's provider names (as init_chat_model takes them) where the price table calls the same provider otherwise.
_PROVIDER_IDS = {
    "azure_openai": "azure",
    "azure_ai": "azure",
    "google_genai": "google",
    "google_vertexai": "google",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "anthropic_bedrock": "aws",
    "mistralai": "mistral",
    "xai": "x-ai",
}


class GenaiPrices:
    """Implements `assistant.ports.Prices`."""

    @cached_property
    def version(self) -> str:
        from importlib.metadata import version

        return f"genai-prices {version('genai-prices')}"

    def rate(self, provider: str, model: str, input_tokens: int) -> Rate | None:
        """None where the table does not hold this provider's model (a local server's, for instance), or holds it without a price of input
        and output: a price of 0 is a gap in the table. Where it names no price of cached input, that is paid like any other."""
        import genai_prices

        try:
            found = genai_prices.calc_price(genai_prices.Usage(), model_ref=model, provider_id=_PROVIDER_IDS.get(provider, provider))
        except LookupError:
            return None
        price = found.model_price
        read, written = _at(price.input_mtok, input_tokens), _at(price.output_mtok, input_tokens)
        if not read or not written or _asks_for_more(price):
            return None
        cached = _at(price.cache_read_mtok, input_tokens)
        return Rate(read, read if cached is None else cached, written)


def _at(price: Decimal | TieredPrices | None, input_tokens: int) -> Decimal | None:
    """Above a tier's start its price holds for all tokens of the call, not only for those above."""
    if price is None or isinstance(price, Decimal):
        return price
    reached = [tier.price for tier in price.tiers if input_tokens > tier.start]
    return reached[-1] if reached else price.base


def _asks_for_more(price: ModelPrice) -> bool:
    """A search model's fee for each request, or prices of its own for thoughts and citations: a rate cannot say them, and the sum would be
    too low."""
    return any((price.requests_kcount, price.output_reasoning_mtok, price.output_citation_mtok))
