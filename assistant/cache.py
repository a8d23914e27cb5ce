"""Gives an answer again that a model wrote for the same question, to the same readers, from the same documents, by the same rules.

The ledger is the cache: an answer is found again under its key, and gone when its trace is (forgotten with a document, or by age). What
changes an answer is in the key, the day too, because documents come into force and lapse. What somebody disliked is not given again.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from assistant.types import Cost, Question, Reply

_REPLY = TypeAdapter(Reply)
_ENDS = re.compile(r"[\s?!.]+$")


def key_of(question: Question, day: date, generation: str, recipe: str) -> str:
    """`recipe` names models, prompts and settings, `day` is the one by which documents are in force."""
    who = question.principal
    readers = "all" if who.reads_all else sorted(who.groups)
    turns = [(turn.role, turn.content) for turn in question.history]
    parts = [normalised(question.text), turns, readers, sorted(question.filters.sources), day.isoformat(), generation, recipe]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def normalised(question: str) -> str:
    """Without what never changes the answer: case, white space, marks at the end."""
    return _ENDS.sub("", " ".join(unicodedata.normalize("NFC", question).casefold().split()))


def worth_keeping(reply: Reply) -> bool:
    """What a model decided and what went as it should: an answer, or that the evidence does not suffice."""
    if reply.mode != "model" or any(notice.kind == "degraded" for notice in reply.notices):
        return False
    return reply.refusal is None or reply.refusal.reason == "insufficient_evidence"


def again(stored: dict[str, Any], trace_id: str, prices: str, latency_ms: dict[str, float]) -> Reply:
    """A reply of the ledger as the reply to another question: it costs nothing."""
    reply = _REPLY.validate_python(stored)
    return replace(reply, mode="cache", trace_id=trace_id, cost=Cost(Decimal(0), 0, 0, 0, prices), latency_ms=latency_ms)


def sentences_of(text: str) -> list[str]:
    """The sentences of an answer: each ends in marks."""
    return re.findall(r".+?(?:\[\d+\])+[.!?:;]*(?:\s+|$)", text, re.DOTALL)
