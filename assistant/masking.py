"""Replaces personal data in what is stored by a word for its kind: [mail], [phone], [iban], [card].

Masking twice changes nothing: what stands before a number is judged as it was left, and what stands behind it stops it only where it would
be stopped itself. No pattern looks further than its own few characters, so time grows with the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from assistant.personal_numbers import identified

_MAIL = re.compile(r"\w[\w.%+'&-]{0,63}@(?:[\w-]{1,63}\.){1,16}[^\W\d_]{2,24}")
# Where a number may begin: with enough digits, or letters and digits, behind it.
_START = re.compile(r"(?<![\w@])(?:[A-Za-z]{2}[0-9]{2}(?=[ \u00a0\u202f0-9A-Za-z-]{11})|[0-9](?=(?:[^0-9]{0,3}[0-9]){5}))|[+(]\+?\(?[0-9]")
_LOOK_BACK = 40


def mask(text: str) -> str:
    """`text` with mail addresses, telephone numbers, IBANs and card numbers replaced."""
    text = _MAIL.sub("[mail]", text)
    done = ""
    parts: list[str] = []
    copied = at = 0
    while found := _START.search(text, at):
        start = at = found.start()
        before = (done + text[max(copied, start - _LOOK_BACK) : start])[-_LOOK_BACK:]
        if hit := identified(text, start, before):
            done = hit[0]
            parts += (text[copied:start], done)
            copied = at = hit[1]
        else:
            at += 1
    return "".join((*parts, text[copied:]))


def masked(value: Any, mask: Callable[[str], str], leave: Container[str] = ()) -> Any:
    """JSON-like `value` with every text in it masked, but for what stands under a key in `leave`. Keys stay, and what is no text."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: item if key in leave else masked(item, mask, leave) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, mask, leave) for item in value]
    return value
