"""Adapts the bundled embedder to handbooks, rules and abstracts: `python -m bench.train_embedder FOLDER [--write FILE]`.

FOLDER holds the evaluation sets; `bench/pairs.py` says what is made of them. A low-rank adaptation of every matrix of the model's layers
is trained so that a query is nearer to its passage than to the others of its batch, which come from the same documents (InfoNCE, van den
Oord et al., 2018). Half of what was learnt is kept: the mean of the model before and after loses little of what the model knew of other
documents (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022). About thirteen minutes on two cores; `bench.retrieval` shows
what it does.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from assistant.adapters.low_rank import WEIGHTS
from assistant.adapters.sentence_transformers import BUNDLED, bundled_folder
from bench.low_rank_layers import SCALE, LowRank, add_low_rank
from bench.pairs import Pair, pairs

RANK = 16
EPOCHS = 2
BATCH = 48
RATE = 4e-4
TEMPERATURE = 0.05
QUERY_TOKENS, PASSAGE_TOKENS = 64, 144
KEPT = 0.5
REPORT = 25


class Encoder:
    """The bundled model with trainable low-rank parts; dropout stays off."""

    def __init__(self) -> None:
        from transformers import AutoModel, AutoTokenizer

        folder = str(bundled_folder())
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder).eval()
        add_low_rank(self.model, RANK)

    def encode(self, texts: Sequence[str], tokens: int) -> torch.Tensor:
        """Unit vectors, shape (len(texts), dimensions)."""
        batch = self._tokenizer(list(texts), padding=True, truncation=True, max_length=tokens, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16):
            states = self.model(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        return nn.functional.normalize((states.float() * mask).sum(1) / mask.sum(1), dim=1)


def batches(found: Sequence[Pair], chance: random.Random) -> list[list[Pair]]:
    """Every epoch holds all judgements and its part of the other pairs; a batch is of one set and kind, so that it is hard."""
    plan = []
    rest = [pair for pair in found if pair.kind != "judged"]
    for epoch in range(EPOCHS):
        groups: dict[tuple[str, str], list[Pair]] = {}
        for pair in (*(p for p in found if p.kind == "judged"), *rest[epoch::EPOCHS]):
            groups.setdefault((pair.corpus, pair.kind), []).append(pair)
        made = [batch for group in groups.values() for batch in _cut(group, chance)]
        chance.shuffle(made)
        plan += made
    return plan


def _cut(group: list[Pair], chance: random.Random) -> Iterator[list[Pair]]:
    chance.shuffle(group)
    yield from (part for start in range(0, len(group), BATCH) if len(part := group[start : start + BATCH]) >= 8)


def loss_of(encoder: Encoder, batch: Sequence[Pair]) -> torch.Tensor:
    """In both directions: the passage among passages, the query among queries."""
    queries = encoder.encode([pair.query for pair in batch], QUERY_TOKENS)
    passages = encoder.encode([pair.passage for pair in batch], PASSAGE_TOKENS)
    scores = (queries @ passages.T / TEMPERATURE).masked_fill(_no_wrong_answers(batch), -1e4)
    target = torch.arange(len(batch))
    return (nn.functional.cross_entropy(scores, target) + nn.functional.cross_entropy(scores.T, target)) / 2


def _no_wrong_answers(batch: Sequence[Pair]) -> torch.Tensor:
    def alike(one: Pair, other: Pair) -> bool:
        same_question = one.question_id is not None and one.question_id == other.question_id
        return one is not other and (one.passage_id == other.passage_id or one.query == other.query or same_question)

    return torch.tensor([[alike(one, other) for other in batch] for one in batch])


def train(found: Sequence[Pair], chance: random.Random) -> Mapping[str, LowRank]:
    """The trained low-rank parts, by the name of the matrix."""
    encoder, plan = Encoder(), batches(found, chance)
    parameters = [parameter for parameter in encoder.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
    losses: list[float] = []
    began = time.monotonic()
    for step, batch in enumerate(plan):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / (0.06 * len(plan))) * (1 - step / len(plan))
        loss = loss_of(encoder, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without annotations
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % REPORT == REPORT - 1:
            rate = (time.monotonic() - began) / (step + 1)
            print(f"step {step + 1} of {len(plan)}, loss {np.mean(losses[-REPORT:]):.3f}, {rate:.2f} s a step", file=sys.stderr)
    return {name: module for name, module in encoder.model.named_modules() if isinstance(module, LowRank)}


def store(parts: Mapping[str, LowRank], path: Path, about: Mapping[str, str]) -> None:
    tensors = {}
    for name, part in parts.items():
        tensors[f"{name}.a"] = part.a.detach().half().contiguous()
        tensors[f"{name}.b"] = (part.b.detach() * SCALE * KEPT).half().contiguous()
    save_file(tensors, path, metadata=dict(about))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--write", type=Path, default=WEIGHTS / "embedder.safetensors", help="the file to write the adaptation to")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    chance = random.Random(0)
    found = list(pairs(arguments.folder, chance))
    kinds = {f"{pair.corpus} {pair.kind}" for pair in found}
    counts = ", ".join(f"{kind} {sum(f'{p.corpus} {p.kind}' == kind for p in found)}" for kind in sorted(kinds))
    print(counts, file=sys.stderr)
    about = {"trained": datetime.now(UTC).date().isoformat(), "by": "bench/train_embedder.py", "base": BUNDLED, "pairs": counts}
    store(train(found, chance), arguments.write, about)


if __name__ == "__main__":
    main()
