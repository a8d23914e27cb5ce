"""Runs the fake provider alone, for load tests and for tests that kill what asks it: `python -m tests.fake_openai --behaviour slow`.

Prints its URL and ends with SIGTERM or SIGINT. Its bill is at GET /bill.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable

from tests.fake_openai import Behaviour, FakeOpenAI, answers, fails, lasts, never_ends, stalls

_BEHAVIOURS: dict[str, Callable[[float], Behaviour]] = {
    "answers": lambda _: answers(),
    "slow": lasts,
    "stalls": stalls,
    "fails": lambda _: fails(500),
    "endless": lambda _: never_ends(),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_openai", description="A fake OpenAI on loopback.")
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    parser.add_argument("--behaviour", choices=_BEHAVIOURS, default="answers")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long a slow reply streams, or one that stalls says nothing")
    chosen = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with FakeOpenAI([_BEHAVIOURS[chosen.behaviour](chosen.seconds)], keep=False, port=chosen.port) as fake:
        print(fake.url, flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
