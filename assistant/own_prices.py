"""Reads what the operator says that models cost, `FOOTNOTE_PRICES`:

    openai:our-llama=0.10/0.40, azure_openai:gpt-5-mini=0.25/0.025/2.00

that is `provider:model=input/output` or `provider:model=input/cached/output`, in dollars per million tokens.
"""

from __future__ import annotations

import re
from decimal import Decimal

from assistant.types import Rate

_PRICE = r"\s*([0-9]+(?:\.[0-9]+)?)\s*"
_ENTRY = re.compile(rf"([^:=\s][^:=]*:[^=]*[^=\s])\s*={_PRICE}(?:/{_PRICE})?/{_PRICE}")


def read_prices(text: str) -> dict[str, Rate]:
    """By `provider:model`. Where no price of cached input is named, it is that of input. Raises ValueError, quoting what is wrong."""
    prices: dict[str, Rate] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise ValueError(f"`{entry}` is not `provider:model=input/output` with prices such as 0.25, a point before the cents")
        name, read, cached, written = found.groups()
        if name in prices:
            raise ValueError(f"`{name}` is there twice, leave one out")
        prices[name] = Rate(Decimal(read), Decimal(cached or read), Decimal(written))
    return prices
