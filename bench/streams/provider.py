"""The slow provider, in a process of its own: `python -m bench.streams.provider BILL SENTENCES`. Prints its URL; ends with SIGTERM, and
writes to the file BILL for which question each request was and what came of it. An answer is the first sentence of each of SENTENCES
passages.

A question's number says how long its answer streams: see `Kind`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import signal
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

from tests.fake_openai import Behaviour, FakeOpenAI, answers, claims, lasts, passages, prompt_of

_NUMBER = re.compile(r"^Question: .*\b(\d{7})\W*$", re.MULTILINE)
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|$)", re.DOTALL)


class Kind(IntEnum):
    """What a question is for: its number's millions."""

    PROBE = 1
    LOAD = 2
    LEAVING = 3
    AFTERWARDS = 4

    def number(self, turn: int) -> int:
        return self * 1_000_000 + turn


SECONDS = {Kind.PROBE: 0.0, Kind.LOAD: 15.0, Kind.LEAVING: 3.0, Kind.AFTERWARDS: 0.0}


def number_of(text: str) -> int:
    """Of the question in a prompt. Raises LookupError where there is none."""
    if (found := _NUMBER.search(text)) is None:
        raise LookupError(f"No numbered question: {text[-300:]}")
    return int(found[1])


class Script:
    """`numbers` are those of the requests, in the order of the bill."""

    def __init__(self, sentences: int) -> None:
        self.numbers: list[int] = []
        self._sentences = sentences

    def __call__(self, request: Mapping[str, Any]) -> Behaviour:
        number = number_of(prompt_of(request))
        self.numbers.append(number)
        seconds = SECONDS[Kind(number // 1_000_000)]
        return lasts(seconds, self._write) if seconds else answers(self._write)

    def _write(self, prompt: str) -> str:
        first = [(marker, found[0]) for marker, text in passages(prompt).items() if (found := _SENTENCE.match(text))]
        return claims(*((sentence, marker, sentence) for marker, sentence in first[: self._sentences]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streams.provider", description=__doc__)
    parser.add_argument("bill", type=Path)
    parser.add_argument("sentences", type=int)
    arguments = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    script = Script(arguments.sentences)
    with FakeOpenAI(script, keep=False) as fake:
        print(fake.url, flush=True)
        signal.sigwait(ends)
    served = [{"number": number, **dataclasses.asdict(record)} for number, record in zip(script.numbers, fake.served, strict=True)]
    arguments.bill.write_text(json.dumps(served), encoding="utf-8")


if __name__ == "__main__":
    main()
