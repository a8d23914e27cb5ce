"""Prices: known ones are counted exactly, unknown ones are unknown, and nothing is fetched."""

from __future__ import annotations

import threading
from decimal import Decimal
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_socket import disable_socket

from assistant.adapters.genai_prices import GenaiPrices
from assistant.types import Usage

TOKENS = st.integers(0, 2_000_000)


def test_a_known_model_is_priced_by_input_cached_and_output_tokens() -> None:
    prices = GenaiPrices()
    assert prices.usd("openai", "gpt-5-mini", Usage(1_000_000, 0)) == Decimal("0.25")
    assert prices.usd("openai", "gpt-5-mini", Usage(1_000_000, 0, cached_tokens=1_000_000)) == Decimal("0.025")
    assert prices.usd("openai", "gpt-5-mini", Usage(1_000_000, 1_000_000)) == Decimal("2.25")


def test_reasoning_tokens_are_part_of_the_output_and_not_paid_twice() -> None:
    prices = GenaiPrices()
    assert prices.usd("openai", "gpt-5-mini", Usage(10, 500, reasoning_tokens=400)) == prices.usd("openai", "gpt-5-mini", Usage(10, 500))


@pytest.mark.parametrize("provider", ["azure_openai", "anthropic", "google_genai", "mistralai", "xai", "bedrock_converse"])
def test_langchains_names_of_providers_are_known(provider: str) -> None:
    model = {
        "azure_openai": "gpt-5-mini",
        "anthropic": "claude-sonnet-4-5",
        "google_genai": "gemini-2.5-flash",
        "mistralai": "mistral-small-latest",
        "xai": "grok-4",
        "bedrock_converse": "anthropic.claude-3-haiku-20240307-v1:0",
    }[provider]
    assert GenaiPrices().usd(provider, model, Usage(1000, 100)) is not None


@pytest.mark.parametrize(
    ("provider", "model"),
    [("ollama", "llama3.2"), ("ollama", "gpt-5-mini"), ("openai", "our-own-model"), ("openai", ""), ("", "gpt-5-mini"), ("nobody", "x")],
)
def test_an_unknown_price_is_never_a_number(provider: str, model: str) -> None:
    assert GenaiPrices().usd(provider, model, Usage(1000, 100)) is None


def test_a_report_that_contradicts_itself_has_no_price() -> None:
    assert GenaiPrices().usd("openai", "gpt-5-mini", Usage(input_tokens=10, output_tokens=5, cached_tokens=20)) is None


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_more_tokens_never_cost_less_and_never_nothing(input_tokens: int, output_tokens: int, more_in: int, more_out: int) -> None:
    prices = GenaiPrices()
    less = prices.usd("openai", "gpt-5-mini", Usage(input_tokens, output_tokens))
    more = prices.usd("openai", "gpt-5-mini", Usage(input_tokens + more_in, output_tokens + more_out))
    assert less != 0
    assert more != 0
    if less is not None:
        assert more is not None
        assert more >= less


def test_the_version_names_the_table() -> None:
    assert GenaiPrices().version == f"genai-prices {version('genai-prices')}"


def test_nothing_is_fetched_and_no_thread_started() -> None:
    disable_socket()
    before = threading.active_count()
    assert GenaiPrices().usd("openai", "gpt-5-mini", Usage(1000, 100)) is not None
    assert threading.active_count() == before
