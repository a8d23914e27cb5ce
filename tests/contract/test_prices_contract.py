"""What every source of prices promises: the table, the operator's own prices before it, and the fake of the unit tests."""

from __future__ import annotations

from dataclasses import astuple
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.adapters.genai_prices import GenaiPrices
from assistant.adapters.own_prices import OwnPrices
from assistant.ports import Prices
from assistant.types import Rate
from tests.fakes import FakePrices

OWN = {"openai:ours": Rate(Decimal("0.1"), Decimal("0.05"), Decimal("0.4"))}
SOURCES: list[tuple[Prices, str]] = [
    (FakePrices(), "any"),
    (GenaiPrices(), "gpt-5-mini"),
    (OwnPrices(OWN, FakePrices()), "ours"),
    (OwnPrices(OWN, GenaiPrices()), "gpt-5-mini"),
]


@pytest.mark.parametrize(("prices", "known"), SOURCES)
class TestPrices:
    def test_a_version_names_them_and_stays(self, prices: Prices, known: str) -> None:
        version = prices.version
        prices.rate("openai", known, 10)

        assert version.strip()
        assert prices.version == version

    def test_a_known_model_has_all_three_prices(self, prices: Prices, known: str) -> None:
        rate = prices.rate("openai", known, 1000)

        assert rate is not None
        assert all(isinstance(dollars, Decimal) and dollars.is_finite() and dollars > 0 for dollars in astuple(rate))

    @pytest.mark.parametrize("provider", ["openai", "nobody", ""])
    def test_an_unknown_model_has_none(self, prices: Prices, known: str, provider: str) -> None:
        del known

        assert prices.rate(provider, "unknown", 1000) is None

    @given(tokens=st.integers(0, 10_000_000))
    def test_a_known_model_has_a_price_for_calls_of_every_length_and_always_the_same(self, prices: Prices, known: str, tokens: int) -> None:
        rate = prices.rate("openai", known, tokens)

        assert rate is not None
        assert rate == prices.rate("openai", known, tokens)
