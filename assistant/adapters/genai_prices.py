"""Prices of hosted models from the table bundled with genai-prices. No network, no update thread: the version names the table."""

from __future__ import annotations

from decimal import Decimal

from assistant.types import Usage

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

    @property
    def version(self) -> str:
        from importlib.metadata import version

        return f"genai-prices {version('genai-prices')}"

    def usd(self, provider: str, model: str, usage: Usage) -> Decimal | None:
        """Dollars for one call, None where the table does not hold this provider's model (a local server's, for instance).

        A price of 0 is a gap in the table or in the report, and as unknown as a missing one.
        """
        import genai_prices

        tokens = genai_prices.Usage(
            input_tokens=usage.input_tokens, cache_read_tokens=usage.cached_tokens, output_tokens=usage.output_tokens
        )
        try:
            price = genai_prices.calc_price(tokens, model_ref=model, provider_id=_PROVIDER_IDS.get(provider, provider))
        except (LookupError, ValueError):  # an unknown model, or a report that contradicts itself (more cached than input tokens)
            return None
        return price.total_price or None
