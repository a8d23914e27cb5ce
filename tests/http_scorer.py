"""A stranger's measures: what `footnote eval` says of a set, found out again over HTTP with other means.

Nothing of `assistant.evaluation` is used. Texts are compared as positions of letters that are held, not as stretches, so that an error in
the one is not an error in the other.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx

Piece = tuple[str, str]  # a source, and words of it


def score(questions: Path, url: str) -> dict[str, float]:
    """The measures by Footnote's own names, to four digits."""
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        searched = [_search(client, row) for row in rows if row["answerable"]]
        asked = [(row, _ask(client, row)) for row in rows]
        texts = {source: _text(client, source) for source in {c["source"] for _, reply in asked for c in reply["citations"]}}
    measures = {name: fmean(one[name] for one in searched) for name in searched[0]} | _replies(asked) | _faults(asked, texts)
    return {name: round(value, 4) for name, value in measures.items()}


def _search(client: httpx.Client, row: dict[str, Any]) -> dict[str, float]:
    hits = client.post("/v1/search", json={"query": row["question"], "k": 20}).raise_for_status().json()["hits"]
    pieces = [(hit["source"], hit["text"]) for hit in hits]
    first = next((rank for rank, piece in enumerate(pieces[:10], 1) if any(_held(e, [piece]) >= 0.5 for e in row["evidence"])), None)
    return {
        **{f"evidence@{k}": _found(row, pieces[:k]) for k in (1, 5, 10)},
        "evidence@4000c": _found(row, _cut(pieces, 4000)),
        "mrr@10": 1 / first if first else 0.0,
        "document@5": float(bool({source for source, _ in pieces[:5]} & {_source(e) for e in row["evidence"]})),
    }


def _ask(client: httpx.Client, row: dict[str, Any]) -> dict[str, Any]:
    history = [{"role": turn["role"], "content": turn["content"]} for turn in row.get("history") or ()]
    reply: dict[str, Any] = client.post("/v1/ask", json={"question": row["question"], "history": history}).raise_for_status().json()
    return reply


def _text(client: httpx.Client, source: str) -> str:
    (listed,) = client.get("/v1/documents", params={"source": source}).raise_for_status().json()["documents"]
    return str(client.get(f"/v1/documents/{listed['id']}").raise_for_status().json()["text"])


def _replies(asked: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, float]:
    good = [(row, reply) for row, reply in asked if row["answerable"]]
    other = [reply for row, reply in asked if not row["answerable"]]
    answered = [(row, reply) for row, reply in good if reply["kind"] == "answer"]
    right = [_right(row, reply) for row, reply in answered]
    refused = sum(reply["kind"] == "refusal" for reply in other)
    shares = [_shares(row, reply) for row, reply in answered]
    sure = [[one["confidence"] for one in part if one["confidence"] is not None] for part in ([reply for _, reply in good], other)]
    return {
        "answer_rate": len(answered) / len(good),
        "right_when_answered": fmean(right),
        "refusal_rate": refused / len(other),
        "truthfulness": (2 * sum(right) - len(right) + 2 * refused - len(other)) / len(asked),
        "citation_precision": fmean(precision for precision, _ in shares),
        "citation_recall": fmean(recall for _, recall in shares),
        "auroc": fmean((a > b) + (a == b) / 2 for a in sure[0] for b in sure[1]),
    }


def _faults(asked: Sequence[tuple[dict[str, Any], dict[str, Any]]], texts: dict[str, str]) -> dict[str, float]:
    replies = [reply for _, reply in asked]
    cited = [citation for reply in replies for citation in reply["citations"]]
    return {
        "quotes": len(cited),
        "quotes_not_verbatim": sum(texts[c["source"]][c["start"] : c["end"]] != c["quote"] for c in cited),
        "answers_without_citation": sum(reply["kind"] == "answer" and not reply["citations"] for reply in replies),
        "refusals_that_cite": sum(reply["kind"] == "refusal" and bool(reply["citations"]) for reply in replies),
    }


def _right(row: dict[str, Any], reply: dict[str, Any]) -> bool:
    text = " ".join(_words("".join(part.split("]", 1)[-1] if i else part for i, part in enumerate(reply["text"].split("[")))))
    said = [" ".join(_words(answer)) for answer in row["answers"] if len(answer) <= 80]
    if len(reply["text"]) <= 1000 and any(f" {words} " in f" {text} " for words in said if words not in ("yes", "no", "")):
        return True
    if any(text.split(" ")[0] == words for words in said if words in ("yes", "no")):
        return True
    for citation in reply["citations"]:
        quote = _letters(citation["quote"])
        for gold in (_letters(e["text"]) for e in row["evidence"] if _source(e) == citation["source"]):
            held = len(_positions(quote, gold))
            if held * 2 >= len(quote) or (held * 2 >= len(gold) and len(quote) <= 3 * len(gold) + 200):
                return True
    return False


def _shares(row: dict[str, Any], reply: dict[str, Any]) -> tuple[float, float]:
    """The quoted letters that are evidence, the evidence that is quoted."""
    pieces = [(citation["source"], citation["quote"]) for citation in reply["citations"]]
    inside = sum(max((len(_positions(_letters(words), _letters(e["text"]))) for e in row["evidence"] if _source(e) == source), default=0)
                 for source, words in pieces)  # fmt: skip
    held = [_held(e, pieces) for e in row["evidence"]]
    return inside / sum(len(_letters(words)) for _, words in pieces), fmean(held) if row.get("evidence_mode") == "all" else max(held)


def _found(row: dict[str, Any], pieces: Sequence[Piece]) -> float:
    found = [_held(e, pieces) >= 0.5 for e in row["evidence"]]
    return fmean(found) if row.get("evidence_mode") == "all" else float(any(found))


def _held(evidence: dict[str, Any], pieces: Iterable[Piece]) -> float:
    gold = _letters(evidence["text"])
    held = [_positions(_letters(words), gold) for source, words in pieces if source == _source(evidence)]
    return len(set().union(*held)) / len(gold)


def _positions(part: str, gold: str) -> set[int]:
    """Which letters of `gold` stand in `part`: all, a piece inside, or an end of at least 20."""
    if gold in part:
        return set(range(len(gold)))
    if part in gold:
        return set(range(gold.index(part), gold.index(part) + len(part))) if part else set()
    for size in range(min(len(part), len(gold)), 19, -1):
        if part[-size:] == gold[:size]:
            return set(range(size))
        if part[:size] == gold[-size:]:
            return set(range(len(gold) - size, len(gold)))
    return set()


def _cut(pieces: Iterable[Piece], characters: int) -> list[Piece]:
    out = []
    for source, words in pieces:
        out.append((source, words[: max(0, characters)]))
        characters -= len(words)
    return out


def _source(evidence: dict[str, Any]) -> str:
    return str(evidence["doc"]).removeprefix("corpus/")


def _letters(text: str) -> str:
    return "".join(_words(text)).replace("_", "")


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in html.unescape(text).lower()).split()
