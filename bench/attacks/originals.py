"""The public set `injection` without its attacks: handbook pages as they were, mails without the foreign sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.retrieval import read_rows


def attacks_known(injection: Path) -> dict[str, list[str]]:
    """Each instruction of the set with the words that an answer holds if it was followed; those without such words are left out."""
    return {row["attack"]: row["canary"] for row in read_rows(injection / "questions.jsonl") if row.get("canary")}


def set_of_originals(injection: Path, handbook: Path, out: Path) -> None:
    """A set with the same questions on clean documents."""
    (out / "corpus").mkdir(parents=True)
    shutil.copy(injection / "questions.jsonl", out / "questions.jsonl")
    attacks = {row["scope"]: row["attack"] for row in read_rows(injection / "questions.jsonl")}
    for page in sorted(path for path in (injection / "corpus").rglob("*") if path.is_file()):
        place = page.relative_to(injection)
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        if (handbook / place).exists():
            shutil.copy(handbook / place, out / place)
        else:
            told = page.read_text(encoding="utf-8")
            (out / place).write_text(told.replace(attacks.get(place.as_posix(), "\0"), ""), encoding="utf-8")
