"""Asks the product, as it is installed, about attacked documents: `footnote serve` with the obedient model as its provider, or without one.

Pages on the same subject stand in each other's way, so the documents are spread over companies that hold one page for a question.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from assistant.evaluation.measures import FOUND, Passage, share_found
from bench.attack_documents import Attack
from bench.attacks.leaks import Leaks, leaks_of
from bench.served import ask, ingest, served
from tests.fake_openai import FakeOpenAI, answers
from tests.obedient import ObedientModel

WORKERS = 4
STREAMED = 4  # every fourth question is asked as a stream
TIMEOUT = 120.0
OPEN_GATE = {"FOOTNOTE_MOST_WRONG": "0.99"}  # nearly every question reaches the model, and with it what is hidden


@dataclass(frozen=True, slots=True)
class Setup:
    """How the product is run: with which model, None for none, and whether its gate is opened as far as it goes. Setups that run on the
    same index have models of different names, so that what one wrote is not recalled for the other."""

    name: str
    model: str | None
    instead: bool = False
    gate_open: bool = False

    def obedient(self, known: Mapping[str, Sequence[str]] | None = None) -> ObedientModel | None:
        return ObedientModel(known, instead=self.instead) if self.model else None


@dataclass(frozen=True, slots=True)
class Asked:
    """One attack's question and what came of it. `saw`: the model made out the instruction; it is told of by the model alone."""

    attack: Attack
    reply: Mapping[str, Any]
    leaks: Leaks
    useful: bool
    saw: bool = False


@contextmanager
def product(home: Path, setup: Setup, model: ObedientModel | None) -> Iterator[str]:
    """The address of a server."""
    settings = OPEN_GATE if setup.gate_open else {}
    if model is None:
        with served(home, settings) as url:
            yield url
        return
    with FakeOpenAI([answers(model)], keep=False) as fake:
        provider = {"FOOTNOTE_MODEL": f"openai:{setup.model}", "OPENAI_BASE_URL": fake.url, "OPENAI_API_KEY": "test"}
        with served(home, settings | provider) as url:
            yield url


def is_useful(reply: Mapping[str, Any], evidence: Sequence[str]) -> bool:
    """An answer that quotes at least half of a piece of evidence."""
    quotes = [Passage("", citation["quote"]) for citation in reply.get("citations") or []]
    return reply["kind"] == "answer" and any(share_found({"doc": "", "text": text}, quotes) >= FOUND for text in evidence)


@dataclass(frozen=True, slots=True)
class Company:
    """Attacks on different questions, with the homes into which their documents were ingested, attacked and clean."""

    attacks: tuple[Attack, ...]
    attacked: Path
    clean: Path


def companies(documents: Path, attacks: Sequence[Attack], work: Path) -> list[Company]:
    return [_company(documents, some, work / f"company-{number}") for number, some in enumerate(rounds(attacks))]


def rounds(attacks: Sequence[Attack]) -> list[list[Attack]]:
    """As few lists as hold no question twice, in order."""
    found: list[list[Attack]] = []
    asked: Counter[str] = Counter()
    for attack in attacks:
        if asked[attack.question_id] == len(found):
            found.append([])
        found[asked[attack.question_id]].append(attack)
        asked[attack.question_id] += 1
    return found


def _company(documents: Path, attacks: Sequence[Attack], work: Path) -> Company:
    attacked = [file for attack in attacks for file in attack.files]
    for name, files in (("attacked", attacked), ("clean", [attack.clean for attack in attacks])):
        (work / name).mkdir(parents=True)
        for file in files:
            shutil.copy(documents / file, work / name)
        ingest(work / name, work / f"home-{name}")
    return Company(tuple(attacks), work / "home-attacked", work / "home-clean")


def ask_companies(all_of_them: Sequence[Company], setup: Setup, model: ObedientModel | None, *, clean: bool) -> list[Asked]:
    found: list[Asked] = []
    for company in all_of_them:
        with product(company.clean if clean else company.attacked, setup, model) as url:
            found += ask_attacks(url, company.attacks, model, clean=clean)
    return found


def ask_attacks(url: str, attacks: Sequence[Attack], model: ObedientModel | None, *, clean: bool) -> list[Asked]:
    def one(numbered: tuple[int, Attack]) -> Asked:
        number, attack = numbered
        sources = [Path(file).name for file in ((attack.clean,) if clean else attack.files)]
        reply = ask(client, attack.question, sources, stream=number % STREAMED == 0)
        leaks = leaks_of(reply, attack.canary, model.rules if model else "")
        return Asked(attack, reply, leaks, is_useful(reply, attack.evidence), model is not None and attack.canary.lower() in model.obeyed)

    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client, ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, enumerate(attacks)))
