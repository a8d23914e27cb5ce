"""Measures what a chat model is shown, and what it saves and loses to show less: `python -m bench.evidence_budget FOLDER --vectors FOLDER`.

FOLDER holds the evaluation sets. Asked are at most 300 answerable questions of each set, without a model; the rules that keep a part of the
evidence which retrieval found stand in `bench/evidence_rules.py`. *Recall* is the share of the gold evidence of which at least half of the
letters lie in what is kept. *Prompt* is the tokens of all that is sent but the provider's framing and the reply's schema. Dollars are for
these and `OUTPUT` tokens written, nothing cached.

Tokens are reckoned from characters, as the product reckons them; with `--bpe` they are those of OpenAI's encoding o200k_base, which
tiktoken fetches, or finds in TIKTOKEN_CACHE_DIR.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.adapters.chroma import EmbeddedChroma
from assistant.adapters.genai_prices import GenaiPrices
from assistant.costs import usd_of
from assistant.evaluation.measures import Passage, Row, mean, percentile, recall
from assistant.generation import Snapshot, Snapshots
from assistant.model_calls.account import reckoned
from assistant.ports import Embedder
from assistant.prompting import ask_for_claims, load_prompts
from assistant.retrieve import Retriever
from assistant.settings import Settings
from assistant.types import LOCAL, Evidence, Filters, Usage
from bench.answers import ingested
from bench.evidence_rules import Found, Rule, everything, rules
from bench.retrieval import VectorStore, read_rows

SETS = {
    "handbook": "question",
    "policyqa": "question",
    "conditionalqa": "question",
    "obliqa": "question",
    "squad2": "question",
    "mtrag": "question_standalone",
    "clapnq": "question",
}
MOST_ROWS = 300
MODELS = ("gpt-5-mini", "gpt-5")
OUTPUT = 120

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a set, and the evidence that retrieval found."""

    row: Row
    question: str
    evidence: Found


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one rule on one set: means, `p95` excepted. `prompt` and `p95` are tokens."""

    recall: float
    passages: float
    prompt: float
    p95: float

    def dollars(self, model: str) -> float:
        """Of a thousand questions. Raises LookupError where the price table does not hold the model."""
        if (rate := GenaiPrices().rate("openai", model, round(self.prompt))) is None:
            raise LookupError(f"There is no price of {model}.")
        return 1000 * float(usd_of(rate, Usage(round(self.prompt), OUTPUT)))


def asked_of(snapshot: Snapshot, rows: Sequence[Row], field: str, embedder: Embedder) -> list[Asked]:
    rows = [row for row in rows if row["answerable"] and row["evidence"] and row.get(field)]
    retriever, today = Retriever(embedder), datetime.now(UTC).date()
    out = []
    for row in random.Random(0).sample(rows, min(MOST_ROWS, len(rows))):
        question = str(row[field])
        out.append(Asked(row, question, retriever.retrieve(snapshot, question, LOCAL, Filters(), today).material.evidence))
    return out


def measured(asked: Sequence[Asked], rule: Rule, instructions: str, count: Count) -> Figures:
    kept = [rule(one.evidence) for one in asked]
    prompts = [ask_for_claims(instructions, one.question, evidence, {}) for one, evidence in zip(asked, kept, strict=True)]
    tokens = [sum(count(message.content) for message in messages) for messages in prompts]
    found = [recall(one.row, [_passage(item) for item in evidence]) for one, evidence in zip(asked, kept, strict=True)]
    return Figures(mean(found), mean(map(len, kept)), mean(tokens), percentile(tokens, 95))


def rules_table(found: Mapping[str, Mapping[str, Figures]]) -> Iterator[str]:
    """What each rule (by set, then by rule) loses and saves beside showing everything, every set counting alike."""
    yield "| rule | passages | recall lost | most on a set | prompt | saved |"
    yield "|---|---|---|---|---|---|"
    for name in next(iter(found.values())):
        pairs = [(figures["everything"], figures[name]) for figures in found.values()]
        lost = {of: figures["everything"].recall - figures[name].recall for of, figures in found.items()}
        worst = max(lost, key=lambda of: lost[of])
        saved = mean(1 - kept.prompt / whole.prompt for whole, kept in pairs)
        passages, prompt = mean(kept.passages for _, kept in pairs), mean(kept.prompt for _, kept in pairs)
        yield f"| {name} | {passages:.2f} | {mean(lost.values()):.4f} | {lost[worst]:.4f} {worst} | {prompt:.0f} | {saved:.1%} |"


def sets_table(before: Mapping[str, Figures], now: Mapping[str, Figures]) -> Iterator[str]:
    yield "| set | recall | prompt, mean | p95 | " + " | ".join(f"{model}, $ per 1,000" for model in MODELS) + " |"
    yield "|---|" + "---|" * (3 + len(MODELS))
    for name, was in before.items():
        both = (was, now[name])
        dollars = [" → ".join(f"{one.dollars(model):.3f}" for one in both) for model in MODELS]
        cells = [" → ".join(f"{one.recall:.3f}" for one in both), " → ".join(f"{one.prompt:.0f}" for one in both)]
        yield " | ".join([f"| {name}", *cells, " → ".join(f"{one.p95:.0f}" for one in both), *dollars]) + " |"


def _passage(item: Evidence) -> Passage:
    return Passage(item.chunk.source, item.chunk.text)


def _counter(*, bpe: bool) -> Count:
    if not bpe:
        return lambda text: reckoned(len(text))
    import tiktoken

    encoding = tiktoken.get_encoding("o200k_base")
    return lambda text: len(encoding.encode_ordinary(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    parser.add_argument(
        "--before", type=Path, help="the rules of an earlier commit, to which everything shown is compared (default: today's)"
    )
    parser.add_argument(
        "--tokens", type=int, default=Settings.model_fields["evidence_tokens"].default, help="of evidence (default: %(default)s)"
    )
    parser.add_argument("--bpe", action="store_true", help="count with o200k_base")
    arguments = parser.parse_args()
    from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder

    embedder, count = VectorStore(SentenceTransformerEmbedder(), arguments.vectors), _counter(bpe=arguments.bpe)
    today = load_prompts().answer
    earlier = arguments.before.read_text(encoding="utf-8").strip() if arguments.before else today
    before: dict[str, Figures] = {}
    found: dict[str, dict[str, Figures]] = {}
    for name, field in SETS.items():
        folder = arguments.folder / name
        with ingested(folder / "corpus", embedder) as home:
            snapshot = Snapshots(home, EmbeddedChroma(home.generations), embedder.model_id).current()
            asked = asked_of(snapshot, read_rows(folder / "questions.jsonl"), field, embedder)
        before[name] = measured(asked, everything, earlier, count)
        found[name] = {title: measured(asked, rule, today, count) for title, rule in rules(arguments.tokens).items()}
        print(f"{name}: {len(asked)} questions", file=sys.stderr)
    print(f"Rules: {count(earlier)} tokens before, {count(today)} now.\n")
    print(*sets_table(before, {name: list(figures.values())[-1] for name, figures in found.items()}), "", *rules_table(found), sep="\n")


if __name__ == "__main__":
    main()
