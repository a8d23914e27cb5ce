"""Pairs of a query and a passage that belongs to it, to train the embedder on: made from the evaluation sets' documents.

    headings       a heading and what stands under it, the heading taken away (handbook, whose questions are headings, too)
    titles         a title and its abstract (scifact)
    cloze          a sentence and the chunk it was taken out of (Lee et al., "Latent Retrieval", 2019: the inverse cloze task)
    judgements     a question and its evidence (obliqa, scifact)

Questions of the other sets are left to gate and extracts, which are judged on them: an embedder that had seen these would flatter
both. Documents and queries of one fold in five are kept out, to be measured on. policyqa and conditionalqa have no part in it.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.measures import Passage, Row, letters, share_found
from assistant.retrieval.sentences import sentences
from assistant.types import Chunk
from bench.retrieval import chunks_of, read_rows

FOLDS = 5
CLOZES = {"handbook": 1500, "squad2": 700, "clapnq": 500, "mtrag": 1500, "obliqa": 2500, "scifact": 1500}
JUDGED = ("obliqa", "scifact")
MOST_EVIDENCE = 4
TITLED = 0.3
KEPT_SENTENCE = 0.15


@dataclass(frozen=True, slots=True)
class Pair:
    """`corpus` and `kind` say where it comes from; pairs with the same `passage_id`, `query` or `question_id` are no wrong answers to
    each other."""

    corpus: str
    kind: str
    query: str
    passage: str
    passage_id: str
    question_id: str | None = None


def held_out(corpus: str, name: str) -> bool:
    """Whether a document, or a query of scifact, is kept for measuring."""
    return int(hashlib.sha256(f"{corpus}/{name}".encode()).hexdigest(), 16) % FOLDS == 0


def row_held_out(corpus: str, row: Row) -> bool:
    if corpus == "scifact":
        return held_out(corpus, row["id"])
    places = [evidence["doc"] for evidence in row["evidence"]] or [row.get("scope") or row["id"]]
    return any(held_out(corpus, str(place).removeprefix("corpus/")) for place in places)


def pairs(folder: Path, chance: random.Random) -> Iterator[Pair]:
    """All pairs of the sets below `folder`, set by set."""
    for corpus, clozes in CLOZES.items():
        every = chunks_of(folder / corpus)
        chunks = [chunk for chunk in every if corpus == "scifact" or not held_out(corpus, chunk.source)]
        if corpus in JUDGED:
            yield from _judged(corpus, every, read_rows(folder / corpus / "questions.jsonl"))
        if corpus == "handbook":
            yield from _headings(corpus, chunks, chance)
        if corpus == "scifact":
            firsts = {chunk.source: chunk for chunk in reversed(chunks)}
            yield from (Pair(corpus, "title", chunk.title, chunk.text, chunk.id) for chunk in firsts.values())
        yield from _clozes(corpus, chunks, clozes, chance)


def _judged(corpus: str, chunks: Sequence[Chunk], rows: Sequence[Row]) -> Iterator[Pair]:
    by_source: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        by_source.setdefault(chunk.source, []).append(chunk)
    for row in rows:
        if row["answerable"] and not row_held_out(corpus, row):
            found = _relevant(row, by_source)[:MOST_EVIDENCE]
            yield from (Pair(corpus, "judged", str(row["question"]), chunk.indexed_text, chunk.id, str(row["id"])) for chunk in found)


def _relevant(row: Row, by_source: dict[str, list[Chunk]]) -> list[Chunk]:
    """Of scifact the first chunk of each relevant abstract; else the chunks that hold half of a piece of evidence, or lie in one."""
    if "qrels" in row:
        return [by_source[f"{document}.txt"][0] for document in row["qrels"] if f"{document}.txt" in by_source]
    found = []
    for evidence in row["evidence"]:
        gold = letters(evidence["text"])
        for chunk in by_source.get(str(evidence["doc"]).removeprefix("corpus/"), ()):
            mine = letters(chunk.text)
            touching = gold in mine or mine in gold or mine[:20] in gold or mine[-20:] in gold
            if touching and (mine in gold or share_found(evidence, [Passage(chunk.source, chunk.text)]) >= 0.5):
                found.append(chunk)
    return found


def _headings(corpus: str, chunks: Sequence[Chunk], chance: random.Random) -> Iterator[Pair]:
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for chunk in chunks:
        place = (chunk.source, chunk.headings)
        if not chunk.headings or place in seen or chunk.text == chunk.headings[-1]:
            continue
        seen.add(place)
        heading = re.sub(r"^[\d.\s]+", "", chunk.headings[-1]).strip()
        if len(heading) >= 8 and " " in heading and len(chunk.text) > 60:
            query = f"{chunk.title}: {heading}" if chance.random() < TITLED else heading
            yield Pair(corpus, "heading", query, _passage(chunk, chunk.headings[:-1], chunk.text), chunk.id)


def _clozes(corpus: str, chunks: Sequence[Chunk], most: int, chance: random.Random) -> Iterator[Pair]:
    made = 0
    for chunk in chance.sample(list(chunks), len(chunks)):
        found = [span for span in sentences(chunk.text) if 40 <= len(span.text) <= 250]
        if len(found) < 2:
            continue
        span = chance.choice(found)
        rest = chunk.text if chance.random() < KEPT_SENTENCE else chunk.text[: span.start] + chunk.text[span.end :]
        yield Pair(corpus, "cloze", span.text, _passage(chunk, chunk.headings, rest), chunk.id)
        made += 1
        if made == most:
            return


def _passage(chunk: Chunk, headings: tuple[str, ...], text: str) -> str:
    """What is embedded of a chunk, under these headings and with this text."""
    place = [chunk.title, *(heading for heading in headings if heading != chunk.title)]
    return "\n".join([" > ".join(place), *(lead.text for lead in chunk.leads), text])
