"""Holds replies against those of an index that never had what the asker may not read: `python -m bench.non_interference FOLDER`.

The documents of FOLDER (an evaluation set) are split into four groups by their path. The index of all of them is asked by members of one,
two and three groups, and so is an index of these groups' documents alone: each question of the set, and a search for it. The two replies
must be equal but for trace, generation and time. Vectors come from one embedding cache: a vector's last bits depend on what was embedded
beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.bootstrap import open_assistant, silence_vendors
from api.http.schemas import ReplyOut
from api.http.shapes import hits_out
from assistant.answering import Assistant
from assistant.evaluation.measures import Row
from assistant.evaluation.questions import turns
from assistant.generation import Home
from assistant.settings import Settings, load_settings
from assistant.types import Filters, Principal, Question
from bench.retrieval import read_rows
from bench.served import ingest

GROUPS = 4
APART = ("trace_id", "generation", "latency_ms")

Replies = list[tuple[dict[str, Any], dict[str, Any]]]


def split(corpus: Path, folder: Path, groups: int) -> int:
    """Copies the documents of the first groups, each group's into a folder of its own; how many they are."""
    files = [path for path in sorted(corpus.rglob("*")) if path.is_file()]
    copied = 0
    for path in files:
        source = path.relative_to(corpus).as_posix()
        group = hashlib.sha256(source.encode()).digest()[0] % GROUPS
        if group < groups:
            target = folder / f"g{group}" / source
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
            copied += 1
    for group in range(groups):
        (folder / f"g{group}" / ".footnote.yaml").write_text(f"groups: [g{group}]\n", encoding="utf-8")
    return copied


def ingested(corpus: Path, place: Path, groups: int, cache: Path | None) -> Home:
    """An index of the first groups' documents. `cache` holds vectors of them."""
    home = Home(place / f"home-{groups}")
    home.folder.mkdir()
    if cache is not None:
        shutil.copy2(cache, home.embeddings)
    count = split(corpus, place / f"documents-{groups}", groups)
    _say(f"ingesting {count} documents of {groups} groups")
    ingest(place / f"documents-{groups}", home.folder)
    return home


def ask_all(home: Home, rows: Sequence[Row], reader: Principal) -> Replies:
    async def each(assistant: Assistant) -> Replies:
        found = []
        for row in rows:
            reply = await assistant.ask(Question(str(row["question"]), reader, turns(row)))
            hits = await assistant.search(str(row["question"]), reader, Filters(), 10)
            found.append((ReplyOut.model_validate(reply).model_dump(mode="json"), hits_out(hits).model_dump(mode="json")))
        return found

    with open_assistant(Settings(home=home.folder)) as assistant:
        return asyncio.run(each(assistant))


def different(one: Replies, other: Replies) -> list[int]:
    """Which of the replies or searches differ."""

    def timeless(reply: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in reply.items() if name not in APART}

    pairs = zip(one, other, strict=True)
    return [at for at, (a, b) in enumerate(pairs) if timeless(a[0]) != timeless(b[0]) or a[1] != b[1]]


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.non_interference", description=__doc__)
    parser.add_argument("folder", type=Path, help="an evaluation set")
    arguments = parser.parse_args(given)
    silence_vendors(load_settings())
    rows = read_rows(arguments.folder / "questions.jsonl")
    print("| groups of the reader | groups hidden | questions | answered | replies that differ |", "|---|---|---|---|---|", sep="\n")
    with tempfile.TemporaryDirectory(prefix="footnote-apart-") as temporary:
        place = Path(temporary)
        whole = ingested(arguments.folder / "corpus", place, GROUPS, None)
        for groups in range(1, GROUPS):
            alone = ingested(arguments.folder / "corpus", place, groups, whole.embeddings)
            reader = Principal("reader", frozenset(f"g{group}" for group in range(groups)))
            _say(f"asking as a member of {groups} groups")
            among, apart = ask_all(whole, rows, reader), ask_all(alone, rows, reader)
            answers = sum(reply["kind"] == "answer" for reply, _ in among)
            wrong = different(among, apart)
            print(f"| {groups} | {GROUPS - groups} | {len(rows)} | {answers} | {len(wrong)} |", flush=True)
            for at in wrong[:5]:
                print(json.dumps([among[at], apart[at]], ensure_ascii=False)[:2000], file=sys.stderr)


if __name__ == "__main__":
    main()
