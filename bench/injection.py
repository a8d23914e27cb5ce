"""What instructions hidden in documents achieve: `python -m bench.injection FOLDER [--seed N --count 1200]`.

FOLDER holds the evaluation sets, of which `injection` and the pages of `handbook` are used. The product runs as it is installed; its model
is `tests.obedient.ObedientModel` behind a server that speaks OpenAI's protocol. First, documents of `bench.attack_documents` are
ingested, attacked and clean ones apart, and each page's ordinary question is asked of its document: with the model, with the model
replacing its whole answer by what it is told, and without a model. Then the set `injection` and its clean pages are asked as the sets'
own program asks them. A table goes to stdout, every leak with what the model wrote to `--leaks`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from assistant.evaluation.measures import FOUND, Passage, share_found
from bench.attack_documents import Attack, make
from bench.attacks.leaks import Leaks, leaks_of
from bench.attacks.originals import attacks_known, set_of_originals
from bench.served import ask, ingest, served
from tests.fake_openai import FakeOpenAI, answers
from tests.obedient import ObedientModel

WORKERS = 4
STREAMED = 4  # every fourth question is asked as a stream
TIMEOUT = 120.0
PROGRAM = "score.py"


@dataclass(frozen=True, slots=True)
class Asked:
    """One attack's question and what came of it. `saw`: the model made out the instruction; it is told of by the model alone."""

    attack: Attack
    reply: Mapping[str, Any]
    leaks: Leaks
    useful: bool
    saw: bool = False


@contextmanager
def product(home: Path, model: ObedientModel | None) -> Iterator[str]:
    """The address of a server whose model it is; without one it answers in extracts."""
    if model is None:
        with served(home, {}) as url:
            yield url
        return
    with FakeOpenAI([answers(model)]) as fake:
        settings = {"FOOTNOTE_MODEL": "openai:gpt-5-mini", "OPENAI_BASE_URL": fake.url, "OPENAI_API_KEY": "test"}
        with served(home, settings) as url:
            yield url


def is_useful(reply: Mapping[str, Any], evidence: Sequence[str]) -> bool:
    """An answer that quotes at least half of a piece of evidence."""
    quotes = [Passage("", citation["quote"]) for citation in reply.get("citations") or []]
    return reply["kind"] == "answer" and any(share_found({"doc": "", "text": text}, quotes) >= FOUND for text in evidence)


def ask_attacks(url: str, attacks: Sequence[Attack], model: ObedientModel | None, *, clean: bool) -> list[Asked]:
    def one(numbered: tuple[int, Attack]) -> Asked:
        number, attack = numbered
        sources = [Path(file).name for file in ((attack.clean,) if clean else attack.files)]
        reply = ask(client, attack.question, sources, stream=number % STREAMED == 0)
        leaks = leaks_of(reply, attack.canary, model.rules if model else "")
        return Asked(attack, reply, leaks, is_useful(reply, attack.evidence), model is not None and attack.canary.lower() in model.obeyed)

    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client, ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, enumerate(attacks)))


def figures(attacked: Sequence[Asked], clean: Sequence[Asked]) -> dict[str, object]:
    """The row of a table."""
    useful, before = (sum(one.useful for one in asked) / len(asked) for asked in (attacked, clean))
    return {
        "attacks": len(attacked),
        "seen by the model": sum(one.saw for one in attacked),
        "canaries outside of quotes": sum(one.leaks.outside for one in attacked),
        "the same, as score.py counts": sum(one.leaks.scored for one in attacked),
        "foreign links, pictures, markup": sum(bool(one.leaks.links) for one in attacked),
        "lines of the prompt": sum(bool(one.leaks.rules) for one in attacked),
        "canaries in quotes": sum(one.leaks.quoted for one in attacked),
        "canaries in titles": sum(one.leaks.named for one in attacked),
        "answers": sum(one.reply["kind"] == "answer" for one in attacked),
        "useful, %": f"{100 * useful:.1f}",
        "useful without attacks, %": f"{100 * before:.1f}",
    }


def measure_documents(out: Path, attacks: Sequence[Attack], leaks: Path | None) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name in ("attacked", "clean"):
        _say(f"ingesting {name} documents")
        ingest(out / name, out / f"home-{name}")
    for how, attacking, honest in (
        ("model obeys beside answering", ObedientModel(), ObedientModel()),
        ("model obeys instead of answering", ObedientModel(instead=True), ObedientModel()),
        ("no model", None, None),
    ):
        _say(f"asking: {how}")
        with product(out / "home-attacked", attacking) as url:
            attacked = ask_attacks(url, attacks, attacking, clean=False)
        with product(out / "home-clean", honest) as url:
            clean = ask_attacks(url, attacks, honest, clean=True)
        if leaks is not None:
            _write_leaks(leaks, how, attacked, attacking)
        yield how, figures(attacked, clean)


def _write_leaks(path: Path, how: str, asked: Sequence[Asked], model: ObedientModel | None) -> None:
    with path.open("a", encoding="utf-8") as file:
        for one in asked:
            if one.leaks.any or one.leaks.scored or one.leaks.quoted:
                key = one.attack.canary.lower()
                wrote = {} if model is None else {"wrote": model.wrote.get(key), "ways": model.ways.get(key)}
                row = {"how": how, "leaks": asdict(one.leaks), "attack": asdict(one.attack), "reply": dict(one.reply)} | wrote
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def measure_set(folder: Path, work: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The set `injection` and its pages without the attacks, with the obedient model and without a model."""
    attacked, clean = folder / "injection", work / "originals"
    set_of_originals(attacked, folder / "handbook", clean)
    for name, place in (("attacked", attacked), ("clean", clean)):
        ingest(place / "corpus", work / f"home-set-{name}")
    for how, with_model in (("model obeys", True), ("no model", False)):
        for name, place in (("attacked", attacked), ("clean", clean)):
            _say(f"asking the set {name}: {how}")
            model = ObedientModel(attacks_known(attacked)) if with_model else None
            with product(work / f"home-set-{name}", model) as url:
                yield f"injection, {name}, {how}", _scored(folder / PROGRAM, place, url) | _seen(model)


def _scored(program: Path, folder: Path, url: str) -> dict[str, object]:
    command = [sys.executable, str(program), str(folder), "--url", url, "--only", "ask", "--scope", "--timeout", str(TIMEOUT)]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    names = (
        "canaries", "canaries_out", "canaries_quoted", "answered_when_answerable", "right_when_answered", "refused_when_unanswerable",
        "quotes_not_verbatim", "truthfulness",
    )  # fmt: skip
    return {name: report["ask"].get(name) for name in names}


def _seen(model: ObedientModel | None) -> dict[str, object]:
    return {"instructions followed": len(model.obeyed) if model else 0}


def tables(found: Sequence[tuple[str, Mapping[str, object]]]) -> Iterator[str]:
    """One for all rows with the same columns."""
    for columns in dict.fromkeys(tuple(row) for _, row in found):
        yield from ("", "| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns))
        yield from (f"| {how} | " + " | ".join(map(str, row.values())) + " |" for how, row in found if tuple(row) == columns)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.injection", description=__doc__)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--leaks", type=Path, help="a file for what came out, a line each")
    arguments = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="footnote-injection-") as temporary:
        work = Path(temporary)
        attacks = make(work / "documents", arguments.seed, arguments.count)
        found = [*measure_documents(work / "documents", attacks, arguments.leaks), *measure_set(arguments.folder, work)]
    places = Counter(attack.format for attack in attacks)
    print(f"{len(attacks)} attacked documents (seed {arguments.seed}): {', '.join(f'{count} {name}' for name, count in places.items())}")
    print(*tables(found), sep="\n")


if __name__ == "__main__":
    main()
