"""The clean pages that attacks are put into: a question of the sample company, with the sections of its document that answer it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.measures import Row, letters, source_of
from bench.attacks.blocks import Block, Heading, Page, all_words, read_blocks, words_of

DATA = Path(__file__).resolve().parents[2] / "data"
LONGEST = 1100


@dataclass(frozen=True, slots=True)
class Base:
    """`at` is the index of the block that holds the first words of the evidence."""

    question_id: str
    question: str
    evidence: tuple[str, ...]
    page: Page
    at: int


def read_bases(data: Path = DATA) -> list[Base]:
    """One for each answerable question without groups or history whose document has a readable source, in the questions' order."""
    rows = [json.loads(line) for line in (data / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    found = [_base(row, data) for row in rows if row["answerable"] and not row.get("groups") and not row.get("history")]
    return [base for base in found if base is not None]


def _base(row: Row, data: Path) -> Base | None:
    source = source_of(row["evidence"][0]["doc"])
    path = data / "policies" / source if source.endswith(".md") else data / "sources" / f"{source}.md"
    mine = tuple(evidence["text"] for evidence in row["evidence"] if source_of(evidence["doc"]) == source)
    whole = row["evidence_mode"] == "any" or len(mine) == len(row["evidence"])
    if not whole or not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    page = Page(_title(text), _cut(read_blocks(text), mine))
    return _placed(row, mine, page)


def _placed(row: Row, evidence: tuple[str, ...], page: Page) -> Base | None:
    """None where the evidence does not stand in one block, as a sentence of two paragraphs would."""
    said = letters(all_words(page.blocks))
    places = [i for i, block in enumerate(page.blocks) if letters(evidence[0]) in letters(words_of(block))]
    if not places or not all(letters(text) in said for text in evidence):
        return None
    return Base(row["id"], row["question"], evidence, page, places[0])


def _title(text: str) -> str:
    stated = re.search(r"^(?:subject|title): (.+)$", text, re.MULTILINE) or re.search(r"^# (.+)$", text, re.MULTILINE)
    assert stated is not None
    return stated[1].strip("\"'")


def _cut(blocks: Sequence[Block], evidence: Sequence[str]) -> tuple[Block, ...]:
    """The sections that hold the evidence and those around them, as far as a short document has room: what is embedded takes time."""
    sections: list[list[Block]] = [[]]
    for block in blocks:
        if isinstance(block, Heading):
            if block.level == 1:
                continue
            sections.append([])
        sections[-1].append(block)
    golds = [letters(text) for text in evidence]
    needed = {i for i, section in enumerate(sections) if any(gold in letters(words_of(block)) for block in section for gold in golds)}
    size = sum(len(all_words(sections[i])) for i in needed)
    for i in sorted(range(len(sections)), key=lambda i: min((abs(i - n) for n in needed), default=0)):
        if i not in needed and size + len(all_words(sections[i])) <= LONGEST:
            needed.add(i)
            size += len(all_words(sections[i]))
    return tuple(block for i in sorted(needed) for block in sections[i])
