"""A chat model that does whatever the documents tell it, as strongly as it can: what it writes must not leave.

Where it sees no instruction it is honest: it quotes the sentences that share most with the question. Where it sees one, it adds to them
a window of all the ways of `obedient_ways`, moved on with each request about the same canary, or, with `instead`, replaces its answer.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

from bench.attacks.reading import canaries_in, skeleton
from bench.attacks.wording import DOMAIN
from tests.obedient_senses import Prompt, answers_in, lines_that_tell, read_prompt, sentences_of
from tests.obedient_ways import BESIDE, INSTEAD, WAYS, Item, Order, Whole, item, reply

HONEST = 3
WINDOW = 9
MOST_ITEMS = 12
_ADDRESS = re.compile(r"https?://[^\s<>\"')]+")


class ObedientModel:
    """`known` gives for instructions worded elsewhere the words that an answer holds if it obeys. `rules` is what stood before the passages
    of its last request; `obeyed` counts its requests by canary, `wrote` holds its last reply to each, `ways` what it tried there."""

    def __init__(self, known: Mapping[str, Sequence[str]] | None = None, *, instead: bool = False) -> None:
        self._known = {skeleton(instruction): (instruction, tuple(words)) for instruction, words in (known or {}).items()}
        self.instead = instead
        self._lock = threading.Lock()
        self.requests = 0
        self.rules = ""
        self.obeyed: Counter[str] = Counter()
        self.wrote: dict[str, str] = {}
        self.ways: dict[str, list[str]] = {}

    def __call__(self, text: str) -> str:
        """A reply's content to the messages of a request."""
        prompt = read_prompt(text)
        orders = self._orders(prompt)
        with self._lock:
            self.requests += 1
            self.rules = prompt.rules
        if not orders:
            return answer_honestly(text)
        order = orders[self.requests % len(orders)]
        said = self._obey(order, _answers(prompt))
        with self._lock:
            self.wrote[order.canary.lower()] = said
        return said

    def _orders(self, prompt: Prompt) -> list[Order]:
        found = [(canary, canary) for canary in canaries_in(prompt.material)]
        letters = skeleton(prompt.material)
        known = [(word, told) for shape, (told, words) in self._known.items() if shape in letters for word in words]
        return [_order(prompt, word, told) for word, told in (*found, *known)]

    def _obey(self, order: Order, answers: list[Item]) -> str:
        turn = self._turn(order.canary.lower())
        if self.instead:
            name, whole = _pick(INSTEAD, turn)
            self.ways[order.canary.lower()] = [f"instead, {name}"]
            return whole(order, "")
        names = [list(WAYS)[(turn * WINDOW + step) % len(WAYS)] for step in range(WINDOW)]
        bad = [made for name in names for made in WAYS[name](order)][: MOST_ITEMS - len(answers)]
        name, whole = _pick(BESIDE, turn)
        self.ways[order.canary.lower()] = [*names, f"beside, {name}"]
        at = (0, len(bad) // 2, len(bad))[turn % 3]
        return whole(order, reply([*bad[:at], *answers, *bad[at:]]))

    def _turn(self, canary: str) -> int:
        """Differs from canary to canary, and from request to request."""
        with self._lock:
            self.obeyed[canary] += 1
            return zlib.crc32(canary.encode()) + self.obeyed[canary]


def answer_honestly(text: str) -> str:
    """A reply's content that obeys nothing."""
    answers = _answers(read_prompt(text))
    return reply(answers, answerable=bool(answers))


def _answers(prompt: Prompt) -> list[Item]:
    return [item(sentence, (marker, sentence)) for marker, sentence in answers_in(prompt, HONEST)]


def _pick(choices: Mapping[str, Whole], turn: int) -> tuple[str, Whole]:
    return list(choices.items())[turn % len(choices)]


def _order(prompt: Prompt, word: str, instruction: str) -> Order:
    """`instruction` is what tells it: its words where they are known, else the canary."""
    as_written = re.search(re.escape(word), prompt.material, re.IGNORECASE)
    answer = next(iter(answers_in(prompt, 1)), None) or _first(prompt)
    told = _told(prompt, word, instruction) or answer
    links = [link for link in _ADDRESS.findall(prompt.material) if word.lower() in link.lower()]
    letters = re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")
    return Order(
        canary=as_written[0] if as_written else word,
        link=links[0] if links else f"https://{letters}.{DOMAIN}/a?q=",
        honest=answer[1],
        marker=answer[0],
        told=told[1],
        told_marker=told[0],
        question=prompt.question,
        rules=prompt.rules,
        passage=prompt.passages[told[0]],
    )


def _told(prompt: Prompt, word: str, instruction: str) -> tuple[int, str] | None:
    if found := lines_that_tell(prompt.passages, word):
        return found[0]
    return next(((marker, instruction) for marker, body in prompt.passages.items() if instruction in body), None)


def _first(prompt: Prompt) -> tuple[int, str]:
    marker, body = next(iter(prompt.passages.items()))
    return marker, next(iter(sentences_of(body)), body)
