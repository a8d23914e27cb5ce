"""Has a follow-up question written out by a model, and keeps what comes back only where it adds nothing of its own.

What a search is made with decides what is found, so the model may use the asker's words and the conversation's, and no others that say
something. Where it fails, or says more, the rules of `rewrite.py` do it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.errors import ModelUnavailable
from assistant.model_calls.account import Account
from assistant.model_calls.caller import Caller, Request
from assistant.model_calls.deadline import Deadline
from assistant.prompting import ask_for_question
from assistant.retrieval.analysis import STOP_WORDS, fold
from assistant.rewrite import leans, standalone
from assistant.types import Turn

MOST_TURNS = 6
MOST_TOKENS = 400
LONGEST = 500
SHARE_OF_TIME = 0.25

_WORD = re.compile(r"[^\W_]+")


async def written_out(
    question: str, history: Sequence[Turn], caller: Caller, rules: str, account: Account, deadline: Deadline
) -> tuple[str, str]:
    """The question in words that stand alone, and who wrote them: `asker`, `model` or `rules`. Costs a call only where the question leans
    on what was said before. Raises nothing: a budget that is used up, too, leaves the rules."""
    if not history or not leans(question):
        return question, "asker"
    request = Request(ask_for_question(rules, question, history[-MOST_TURNS:]), "rewrite", MOST_TOKENS)
    try:
        completion = await caller.ask(request, account, deadline.share(SHARE_OF_TIME))
    except ModelUnavailable:
        return standalone(question, history), "rules"
    said = " ".join(completion.text.split()).strip("\"'` ")
    if completion.ended == "complete" and 0 < len(said) <= LONGEST and adds_nothing(said, [question, *(turn.content for turn in history)]):
        return said, "model"
    return standalone(question, history), "rules"


def adds_nothing(written: str, known: Sequence[str]) -> bool:
    """Whether every word that says something stands in what is known, at least in its beginning: "carried" in "carry" too."""
    words = {fold(word) for text in known for word in _WORD.findall(text)}
    beginnings = {word[:4] for word in words}
    fresh = [word for word in map(fold, _WORD.findall(written)) if word not in words and word not in STOP_WORDS]
    return all(len(word) > 3 and word[:4] in beginnings and not any(c.isdigit() for c in word) for word in fresh)
