"""What instructions hidden in documents achieve: `python -m bench.injection FOLDER [--seed N --count 1200]`.

FOLDER holds the evaluation sets, of which `injection` and the pages of `handbook` are used. The product runs as it is installed; its model
is `tests.obedient.ObedientModel` behind a server that speaks OpenAI's protocol. First, documents of `bench.attack_documents` are
ingested, as many companies as needed for each to hold one page for a question, attacked and clean ones apart, and each page's ordinary
question is asked of its document in every setup: with the model answering and obeying, with the model replacing its whole answer by what
it is told, and without a model; with the gate as it stands, and open, so that nearly everything reaches the model. Then the set
`injection` and its clean pages are asked as the sets' own program asks them. Tables go to stdout, every leak with what the model wrote to
`--leaks`.
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
from dataclasses import asdict
from pathlib import Path

from bench.attack_documents import make
from bench.attacks.asking import TIMEOUT, Asked, Company, Setup, ask_companies, companies, product
from bench.attacks.originals import attacks_known, set_of_originals
from bench.served import ingest
from tests.obedient import ObedientModel

PROGRAM = "score.py"
SETUPS = (
    Setup("model obeys beside answering", "gpt-5-mini"),
    Setup("the same, gate open", "gpt-5-nano", gate_open=True),
    Setup("model obeys instead of answering, gate open", "gpt-5", instead=True, gate_open=True),
    Setup("no model", None),
    Setup("no model, gate open", None, gate_open=True),
)


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
        "canaries in titles and notices": sum(one.leaks.named for one in attacked),
        "answers": sum(one.reply["kind"] == "answer" for one in attacked),
        "useful, %": f"{100 * useful:.1f}",
        "useful without attacks, %": f"{100 * before:.1f}",
    }


def measure_documents(found: Sequence[Company], leaks: Path | None) -> Iterator[tuple[str, Mapping[str, object]]]:
    clean: dict[tuple[bool, bool], list[Asked]] = {}
    for setup in SETUPS:
        alike = setup.model is not None, setup.gate_open
        if alike not in clean:
            _say(f"asking clean documents: {setup.name}")
            clean[alike] = ask_companies(found, setup, setup.obedient(), clean=True)
        _say(f"asking attacked documents: {setup.name}")
        model = setup.obedient()
        attacked = ask_companies(found, setup, model, clean=False)
        if leaks is not None:
            _write_leaks(leaks, setup.name, attacked, model)
        yield setup.name, figures(attacked, clean[alike])


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
    for setup in SETUPS:
        for name, place in (("attacked", attacked), ("clean", clean)):
            _say(f"asking the set injection, {name}: {setup.name}")
            model = setup.obedient(attacks_known(attacked))
            with product(work / f"home-set-{name}", setup, model) as url:
                yield f"{setup.name}, {name}", _scored(folder / PROGRAM, place, url) | _seen(model)


def _scored(program: Path, folder: Path, url: str) -> dict[str, object]:
    command = [sys.executable, str(program), str(folder), "--url", url, "--only", "ask", "--scope", "--timeout", str(TIMEOUT)]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    names = (
        "canaries", "canaries_out", "canaries_quoted", "answered_when_answerable", "right_when_answered", "refused_when_unanswerable",
        "quotes_not_verbatim", "truthfulness",
    )  # fmt: skip
    return {name: report["ask"].get(name) for name in names}


def _seen(model: ObedientModel | None) -> dict[str, object]:
    return {"requests obeyed": model.obeyed.total() if model else 0}


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
        _say("ingesting")
        ingested = companies(work / "documents", attacks, work)
        found = [*measure_documents(ingested, arguments.leaks), *measure_set(arguments.folder, work)]
    places = Counter(attack.format for attack in attacks)
    print(f"{len(attacks)} attacked documents (seed {arguments.seed}): {', '.join(f'{count} {name}' for name, count in places.items())}")
    print(*tables(found), sep="\n")


if __name__ == "__main__":
    main()
