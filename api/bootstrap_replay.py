"""What `footnote replay` is made of: assistants that differ in index, model and prompts, and share all else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from api.bootstrap import chunk_store, make_gate, make_moderator, make_prices, make_writer, silence_vendors
from assistant.adapters.sentence_transformers import CrossEncoderReranker, SentenceTransformerEmbedder
from assistant.answer import Writer
from assistant.answering import Assistant
from assistant.generation import Home, Snapshots
from assistant.masking import mask
from assistant.model_calls.account import Budget
from assistant.ports import Prices
from assistant.prompting import Prompts
from assistant.replay import Replayer
from assistant.settings import Settings
from assistant.traces import Ledger


@contextmanager
def open_replayer(settings: Settings, other: str | None) -> Iterator[Replayer]:
    """On leaving, every trace is written. `other` is asked alone: what a model is worth is not to be answered by another one."""
    silence_vendors(settings)
    home, store, prices = Home(settings.home), chunk_store(settings), make_prices(settings)
    embedder, gate, moderator = SentenceTransformerEmbedder(settings.embeddings), make_gate(settings), make_moderator(settings)
    reranker = CrossEncoderReranker(settings.reranker) if settings.reranker else None
    budget = Budget(settings.budget_day, settings.budget_principal)
    stronger = None if other else settings.stronger_model
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 2, thread_name_prefix="footnote-compute")
    ledger = Ledger(home.traces, mask if settings.trace_masking else str)

    def opened(snapshots: Snapshots, model: str | None, prompts: Prompts) -> Assistant:
        asked = settings.model_copy(update={"model": model, "fallback_models": (), "stronger_model": stronger})
        return Assistant(
            snapshots, embedder, gate, ledger, prices, pool,
            writer=_by(prompts, asked, prices), reranker=reranker, moderator=moderator, budget=budget, seconds=settings.deadline,
        )  # fmt: skip

    try:
        yield Replayer(ledger, home, store, embedder.model_id, opened, other)
    finally:
        pool.shutdown()
        ledger.close()


def _by(prompts: Prompts, settings: Settings, prices: Prices) -> Writer | None:
    writer = make_writer(settings, prices)
    return replace(writer, prompts=prompts) if writer else None
