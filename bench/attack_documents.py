"""Makes documents with hidden instructions: `python -m bench.attack_documents OUT --seed N --count 1200`.

OUT receives `attacked/` (one instruction a document, in a page of the sample company), `clean/` (the same pages in the same formats
without it) and `manifest.jsonl`: a line for each attack with what is hidden, how and where, the canary, what following it would look
like, and an ordinary question on the page with its evidence. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.attacks.bases import Base, read_bases
from bench.attacks.blocks import Page, Text
from bench.attacks.disguises import DISGUISES
from bench.attacks.kinds import FORMATS, SPLIT, Kind, all_kinds, mixed
from bench.attacks.placing import at_the_end
from bench.attacks.wording import WORDINGS, Canary, Instruction, canaries, worded

ANNEX = "This annex names who keeps the page up to date. It is reviewed every spring."


@dataclass(frozen=True, slots=True)
class Attack:
    """A line of the manifest. `files` and `clean` are paths below OUT; the first of the files holds the evidence."""

    files: tuple[str, ...]
    clean: str
    format: str
    place: str
    disguise: str
    family: str
    instruction: str
    canary: str
    link: str
    follows: str
    question_id: str
    question: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one attack is made from. `pieces` are the instruction, disguised."""

    kind: Kind
    base: Base
    family: str
    canary: Canary
    instruction: Instruction
    pieces: tuple[str, ...]


def make(out: Path, seed: int, count: int, kinds: Sequence[Kind] | None = None) -> list[Attack]:
    """Writes everything below `out` and gives the manifest. `kinds` are those that have their turn first; None: all."""
    attacks = [_written(out, number, plan) for number, plan in enumerate(_plans(seed, count, kinds or all_kinds()))]
    lines = [json.dumps(asdict(attack), ensure_ascii=False) for attack in attacks]
    (out / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return attacks


def read_manifest(out: Path) -> list[Attack]:
    rows = [json.loads(line) for line in (out / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Attack(**row | {"files": tuple(row["files"]), "evidence": tuple(row["evidence"])}) for row in rows]


def _plans(seed: int, count: int, kinds: Sequence[Kind]) -> Iterator[_Plan]:
    chance = random.Random(seed)
    bases, families, first = read_bases(), list(WORDINGS), list(kinds)
    chance.shuffle(first)
    for number, canary in enumerate(canaries(count, chance)):
        kind = first[number] if number < len(first) else None
        yield _plan(kind, bases[number % len(bases)], families[number % len(families)], canary, chance)


def _plan(kind: Kind | None, base: Base, family: str, canary: Canary, chance: random.Random) -> _Plan:
    """Chance decides again where a format cannot write what it decided: PDFs know no other scripts here."""
    while True:
        chosen = kind or mixed(chance)
        instruction = worded(canary, family, chance)
        pieces = DISGUISES[chosen.disguise](instruction.text, canary)
        if all(map(FORMATS[chosen.ending].can_write, pieces)):
            return _Plan(chosen, base, family, canary, instruction, pieces)


def _written(out: Path, number: int, plan: _Plan) -> Attack:
    kind, base = plan.kind, plan.base
    clean = f"clean/{base.question_id}.{kind.ending}"
    if not (out / clean).exists():
        _write(out / clean, kind.ending, base.page)
    pages = _pages(plan)
    files = tuple(f"attacked/{number:04}{letter}.{kind.ending}" for letter in ("", "b")[: len(pages)])
    for file, page in zip(files, pages, strict=True):
        _write(out / file, kind.ending, page)
    return Attack(
        files, clean, kind.ending, kind.place, kind.disguise, plan.family, plan.instruction.text, plan.canary.word, plan.canary.link,
        plan.instruction.follows, base.question_id, base.question, base.evidence,
    )  # fmt: skip


def _pages(plan: _Plan) -> list[Page]:
    first, *rest = plan.pieces
    page = plan.kind.put(plan.base.page, plan.base.at, first)
    if plan.kind.disguise == SPLIT[1]:
        annex = Page(f"{plan.base.page.title}, annex", (Text(ANNEX), Text(rest[0])))
        return [page, annex]
    for piece in rest:
        page = at_the_end(page, plan.base.at, piece)
    return [page]


def _write(path: Path, ending: str, page: Page) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(FORMATS[ending].write(page))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.attack_documents", description=__doc__)
    parser.add_argument("out", type=Path, help="an empty or new folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1200)
    arguments = parser.parse_args(given)
    if arguments.out.exists() and any(arguments.out.iterdir()):
        parser.error(f"{arguments.out} is not empty.")
    attacks = make(arguments.out, arguments.seed, arguments.count)
    kinds = {(attack.format, attack.place, attack.disguise) for attack in attacks}
    print(f"{len(attacks)} attacks of {len(kinds)} kinds in {arguments.out}.")


if __name__ == "__main__":
    main()
