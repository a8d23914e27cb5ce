"""Prices: known ones are exact, unknown ones are unknown, the operator's own come first, and nothing is fetched."""

from __future__ import annotations

import random
import threading
from decimal import Decimal
from importlib.metadata import version

import genai_prices
import pytest
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st
from pytest_socket import disable_socket

from assistant.adapters.genai_prices import GenaiPrices
from assistant.adapters.own_prices import OwnPrices
from assistant.costs import usd_of
from assistant.own_prices import read_prices
from assistant.types import Rate, Usage
from tests.fakes import FakePrices


def rate(read: str, cached: str, written: str) -> Rate:
    return Rate(Decimal(read), Decimal(cached), Decimal(written))


class TestTable:
    def test_a_known_model_has_prices_of_input_cached_input_and_output(self) -> None:
        assert GenaiPrices().rate("openai", "gpt-5-mini", 1000) == rate("0.25", "0.025", "2")

    @pytest.mark.parametrize("provider", ["openai", "azure", "anthropic", "google", "mistral", "xai", "openrouter"])
    def test_our_arithmetic_agrees_with_the_tables_for_every_model(self, provider: str) -> None:
        prices, dice = GenaiPrices(), random.Random(provider)
        models = [model.id for found in providers if found.id == provider.replace("xai", "x-ai") for model in found.models]
        priced = [model for model in models if prices.rate(provider, model, 0) is not None]

        for model in priced:
            for _ in range(8):
                usage = drawn(dice)
                known = prices.rate(provider, model, usage.input_tokens)
                assert known is not None
                assert usd_of(known, usage) == table_says(provider, model, usage), (model, usage)
        for model in set(models) - {*priced, "perplexity/sonar-deep-research"}:  # which a rate cannot say
            assert not (table_says(provider, model, Usage(10**6)) and table_says(provider, model, Usage(0, 10**6))), model
        assert len(priced) > len(models) / 2

    @pytest.mark.parametrize("tokens", [200_000, 200_001])
    def test_above_its_limit_a_long_call_pays_more_for_all_its_tokens(self, tokens: int) -> None:
        known = GenaiPrices().rate("anthropic", "claude-sonnet-4-5", tokens)

        assert known == (rate("3", "0.3", "15") if tokens == 200_000 else rate("6", "0.6", "22.5"))

    def test_where_no_price_of_cached_input_is_named_it_costs_what_input_does(self) -> None:
        assert GenaiPrices().rate("openai", "gpt-4", 1000) == rate("30", "30", "60")

    @pytest.mark.parametrize(
        ("provider", "model"),
        [
            ("azure_openai", "gpt-5-mini"),
            ("anthropic", "claude-sonnet-4-5"),
            ("google_genai", "gemini-2.5-flash"),
            ("mistralai", "mistral-small-latest"),
            ("xai", "grok-4"),
            ("bedrock_converse", "anthropic.claude-3-haiku-20240307-v1:0"),
        ],
    )
    def test_langchains_names_of_providers_are_known(self, provider: str, model: str) -> None:
        assert GenaiPrices().rate(provider, model, 1000) is not None

    @pytest.mark.parametrize(
        ("provider", "model"),
        [
            ("ollama", "llama3.2"),
            ("ollama", "gpt-5-mini"),
            ("openai", "our-own-model"),
            ("openai", ""),
            ("", "gpt-5-mini"),
            ("google", "gemma-3"),  # in the table, without a price
            ("openai", "text-embedding-3-small"),  # writes nothing, so that writing has no price
            ("perplexity", "sonar"),  # takes a fee for each request besides
            ("perplexity", "sonar-deep-research"),  # takes less for thoughts than for words
        ],
    )
    def test_an_unknown_price_is_never_a_number(self, provider: str, model: str) -> None:
        assert GenaiPrices().rate(provider, model, 1000) is None

    def test_the_version_names_the_table(self) -> None:
        assert GenaiPrices().version == f"genai-prices {version('genai-prices')}"

    def test_nothing_is_fetched_and_no_thread_started(self) -> None:
        disable_socket()
        before = threading.active_count()
        assert GenaiPrices().rate("openai", "gpt-5-mini", 1000) is not None
        assert threading.active_count() == before


class TestOwn:
    OWN = read_prices("openai:our-llama=0.10/0.40, azure_openai:gpt-5-mini=0.25/0.025/2.00, ollama:llama3.2:3b=0/0")

    @pytest.mark.parametrize(
        ("provider", "model", "known"),
        [
            ("openai", "our-llama", rate("0.1", "0.1", "0.4")),
            ("azure_openai", "gpt-5-mini", rate("0.25", "0.025", "2")),
            ("azure_openai", "gpt-5-mini-2025-08-07", rate("0.25", "0.025", "2")),
            ("azure_openai", "gpt-5-mini@20250807", rate("0.25", "0.025", "2")),
            ("azure_openai", "gpt-5-mini-002", rate("0.25", "0.025", "2")),
            ("ollama", "llama3.2:3b", rate("0", "0", "0")),
        ],
    )
    def test_what_the_operator_says_comes_first(self, provider: str, model: str, known: Rate) -> None:
        assert OwnPrices(self.OWN, FakePrices()).rate(provider, model, 1000) == known

    @pytest.mark.parametrize(
        ("provider", "model"),
        [
            ("openai", "gpt-5-mini"),  # of another provider
            ("azure_openai", "gpt-5"),
            ("azure_openai", "gpt-5-mini-high"),
            ("azure_openai", "gpt-5-mini-2025-08-07-high"),
            ("azure_openai", "gpt-5-mini2025"),
            ("openai", "our-llama-70b"),
            ("openai", "our-llama-2"),
        ],
    )
    def test_another_model_is_left_to_the_table(self, provider: str, model: str) -> None:
        assert OwnPrices(self.OWN, FakePrices()).rate(provider, model, 1000) == FakePrices().rate(provider, model, 1000)

    def test_a_version_that_is_named_itself_has_its_own_price(self) -> None:
        own = read_prices("openai:m=1/2,openai:m-2026-01-01=3/4")

        assert OwnPrices(own, FakePrices()).rate("openai", "m-2026-01-01", 0) == rate("3", "3", "4")

    def test_the_version_changes_with_a_price_and_not_with_how_it_is_written(self) -> None:
        def named(text: str) -> str:
            return OwnPrices(read_prices(text), FakePrices()).version

        assert named("openai:a=1/2,openai:b=3/4").startswith("fake-prices 1, own prices ")
        assert named("openai:a=1/2,openai:b=3/4") == named(" openai:b = 3.0/4.00 , openai:a=1/1/2,")
        assert len({named("openai:a=1/2"), named("openai:a=1/2.1"), named("openai:a=1/0.1/2"), named("openai:b=1/2"), named("")}) == 5


PRICE = st.decimals(0, 1000, places=4).map(abs)
NAME = st.from_regex(r"[a-z_]{1,10}:[A-Za-z0-9./@:-]{1,20}", fullmatch=True)


@given(st.dictionaries(NAME, st.builds(Rate, PRICE, PRICE, PRICE), max_size=5))
def test_prices_that_are_written_down_are_read_as_they_were(own: dict[str, Rate]) -> None:
    text = ", ".join(f"{name}={known.input}/{known.cached}/{known.output}" for name, known in own.items())

    assert read_prices(text) == own


@pytest.mark.parametrize(
    "wrong",
    ["openai:m", "openai:m=", "openai:m=1", "openai:m=1/2/3/4", "m=1/2", ":m=1/2", "openai:=1/2", "openai:m=1/-2", "openai:m=$1/$2",
     "openai:m=1/nan", "openai:m=1e3/2", "openai:m=./2", "openai:m=0,1/2", "openai:m=1/2;openai:n=1/2", "openai:m=1/2=3"],
)  # fmt: skip
def test_a_price_that_cannot_be_read_is_quoted(wrong: str) -> None:
    with pytest.raises(ValueError, match="input/output") as error:
        read_prices(f"openai:good=1/2, {wrong}")

    assert f"`{wrong.split(',')[0]}`" in str(error.value)


def test_a_model_with_two_prices_is_named() -> None:
    with pytest.raises(ValueError, match="`openai:m` is there twice"):
        read_prices("openai:m=1/2, openai:m=1/2")


@given(st.text(max_size=40))
def test_any_other_text_is_read_or_refused(text: str) -> None:
    try:
        own = read_prices(text)
    except ValueError:
        return
    assert all(known.input >= 0 for known in own.values())


def drawn(dice: random.Random) -> Usage:
    """Of all sizes, some right at where a long call begins to cost more."""
    begins = dice.choice([32_000, 128_000, 200_000, 256_000, 272_000])
    read = dice.choice([dice.randrange(1000), dice.randrange(10**6), begins, begins + 1])
    return Usage(read, dice.randrange(10**5), dice.randrange(read + 1))


def table_says(provider: str, model: str, usage: Usage) -> Decimal:
    """0 where it does not find a model of its own by its id, as happens."""
    tokens = genai_prices.Usage(input_tokens=usage.input_tokens, cache_read_tokens=usage.cached_tokens, output_tokens=usage.output_tokens)
    provider = "x-ai" if provider == "xai" else provider
    try:
        return genai_prices.calc_price(tokens, model_ref=model, provider_id=provider).total_price
    except LookupError:
        return Decimal(0)
