"""The one place where settings become objects. Entry points call it; tests build the same objects from fakes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from assistant.adapters.chroma import ChromaServer, EmbeddedChroma
from assistant.adapters.genai_prices import GenaiPrices
from assistant.adapters.sentence_transformers import CrossEncoderReranker, SentenceTransformerEmbedder, needs_hub
from assistant.answering import Assistant
from assistant.gate import Gate, load_gate
from assistant.generation import Home, Snapshots
from assistant.ports import ChatModel, ChunkStore, Prices
from assistant.settings import Settings
from assistant.traces import Ledger
from ingest.pipeline import Confirm, Ingest
from ingest.sandbox import SandboxedParser
from ingest.survey import Progress

# Libraries that would call home, and what tells them not to.
_QUIET = {
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
}


@contextmanager
def open_assistant(settings: Settings, traces: Path | None = None) -> Iterator[Assistant]:
    """An Assistant on the published index; on leaving, what runs is finished and every trace is written: to the file `traces`, by default
    the one in FOOTNOTE_HOME."""
    _silence_vendors(settings)
    home = Home(settings.home)
    prices = GenaiPrices()
    model = _chat_model(settings, prices)
    embedder = SentenceTransformerEmbedder(settings.embeddings)
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 2, thread_name_prefix="footnote-compute")
    ledger = Ledger(traces or home.traces)
    try:
        yield Assistant(
            snapshots=Snapshots(home, chunk_store(settings), embedder.model_id),
            embedder=embedder,
            gate=_gate(settings),
            ledger=ledger,
            prices=prices,
            pool=pool,
            model=model,
            reranker=CrossEncoderReranker(settings.reranker) if settings.reranker else None,
        )
    finally:
        pool.shutdown()
        ledger.close()


@contextmanager
def open_ingest(settings: Settings, progress: Progress, confirm: Confirm) -> Iterator[Ingest]:
    """An Ingest over all cores; on leaving, its parsing processes end."""
    _silence_vendors(settings)
    cores = os.cpu_count() or 1
    embedder = SentenceTransformerEmbedder(settings.embeddings, threads=cores)
    with make_parser(settings) as parser:
        yield Ingest(Home(settings.home), chunk_store(settings), embedder, parser, cores, progress, confirm)


def make_parser(settings: Settings) -> SandboxedParser:
    """Over all cores; its processes end when it is closed."""
    return SandboxedParser(os.cpu_count() or 1, settings.parse_seconds, settings.parse_memory * 2**20)


def chunk_store(settings: Settings) -> ChunkStore:
    return ChromaServer(settings.chroma_url) if settings.chroma_url else EmbeddedChroma(Home(settings.home).generations)


def _gate(settings: Settings) -> Gate:
    gate = load_gate()
    return gate if settings.most_wrong is None else gate.at_most(settings.most_wrong)


def _chat_model(settings: Settings, prices: Prices) -> ChatModel | None:
    if settings.model is None:
        return None
    from assistant.adapters.langchain_chat import LangChainChatModel

    key = settings.openai_api_key
    return LangChainChatModel(
        settings.model,
        prices,
        timeout=settings.model_timeout,
        attempts=settings.model_attempts,
        max_output_tokens=settings.model_max_tokens,
        api_key=key.get_secret_value() if key and settings.model.startswith("openai:") else None,
        base_url=settings.openai_base_url if settings.model.startswith("openai:") else None,
    )


def _silence_vendors(settings: Settings) -> None:
    """Before any of them is imported: they read their variables once. The hub is reached only for a model that the user named."""
    os.environ |= _QUIET
    if not needs_hub(settings.embeddings) and not needs_hub(settings.reranker):
        os.environ["HF_HUB_OFFLINE"] = "1"
