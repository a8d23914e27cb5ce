"""Traces as rows of a questions file: what somebody was not content with becomes a question that is scored from then on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def rows_of(traces: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row for each question that had a reply, whole traces given; the same question asked again is not repeated.

    The owner sets `answerable`, and where it is true moves what answers into `evidence`. `question` is what was searched for, so that a
    follow-up stands alone; `asked` is what the asker wrote. `given` and `comments` are there to decide by, and are not read.
    """
    seen = set()
    for trace in traces:
        if trace["reply"] and trace["standalone"] not in seen:
            seen.add(trace["standalone"])
            yield _row(trace)


def _row(trace: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": trace["id"],
        "question": trace["standalone"],
        "answerable": None,
        "answers": [],
        "evidence": [],
        "evidence_mode": "any",
        "asked": trace["question"],
        "comments": [one["comment"] for one in trace["feedback"] if one["comment"]],
        "given": _given(trace["reply"]),
    }


def _given(reply: Mapping[str, Any]) -> dict[str, Any]:
    """What was replied. A citation has the form of a piece of evidence: a good one is copied there."""
    refusal = reply["refusal"] or {"reason": None, "closest": ()}
    return {
        "kind": reply["kind"],
        "text": reply["text"],
        "reason": refusal["reason"],
        "cited": [{"doc": citation["source"], "text": citation["quote"]} for citation in reply["citations"]],
        "closest": list(dict.fromkeys(near["source"] for near in refusal["closest"])),
    }
