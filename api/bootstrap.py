"""The one place where settings become objects. Entry points call it; tests build the same objects from fakes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from api.http.doors import Doors
from api.http.limits import Limits
from api.identity.audit import AuditLog
from api.identity.callers import Doorman, Verifier
from api.identity.keys import Keys
from api.monitoring.daily import daily, expire_traces
from api.monitoring.logs import QuestionLog
from assistant.adapters.chroma import ChromaServer, EmbeddedChroma
from assistant.adapters.genai_prices import GenaiPrices
from assistant.adapters.own_prices import OwnPrices
from assistant.adapters.sentence_transformers import CrossEncoderReranker, SentenceTransformerEmbedder, needs_hub
from assistant.answer import Writer
from assistant.answering import Assistant
from assistant.errors import SettingsError
from assistant.gate import Gate, load_gate
from assistant.generation import Home, Snapshots
from assistant.masking import mask
from assistant.model_calls.account import Budget
from assistant.model_calls.caller import Caller
from assistant.ports import ChatModel, ChunkStore, Moderator, Prices
from assistant.prompting import load_prompts
from assistant.retrieval.remembered import Remembering
from assistant.settings import Settings
from assistant.traces import Ledger
from ingest.pipeline import Confirm, Ingest
from ingest.sandbox import SandboxedParser
from ingest.survey import Progress

if TYPE_CHECKING:
    from api.identity.oidc import OidcVerifier

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
    silence_vendors(settings)
    home = Home(settings.home)
    prices = make_prices(settings)
    writer = make_writer(settings, prices)
    embedder = Remembering(SentenceTransformerEmbedder(settings.embeddings))
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 2, thread_name_prefix="footnote-compute")
    ledger = Ledger(traces or home.traces, _mask(settings))
    try:
        yield Assistant(
            snapshots=Snapshots(home, chunk_store(settings), embedder.model_id),
            embedder=embedder,
            gate=make_gate(settings),
            ledger=ledger,
            prices=prices,
            pool=pool,
            writer=writer,
            reranker=CrossEncoderReranker(settings.reranker) if settings.reranker else None,
            moderator=make_moderator(settings),
            budget=Budget(settings.budget_day, settings.budget_principal),
            seconds=settings.deadline,
        )
    finally:
        pool.shutdown()
        ledger.close()


@contextmanager
def watched(settings: Settings, ledger: Ledger) -> Iterator[None]:
    """What a server does beside answering, each where it is set: spans to a collector, questions in the log, old traces erased."""
    content = _mask(settings) if settings.log_content else None
    with ExitStack() as ending:
        if content is not None:
            ledger.listen(QuestionLog(content).finished)
        if settings.otlp_endpoint:
            from api.monitoring.otlp import Spans, exporter_to

            spans = Spans(exporter_to(settings.otlp_endpoint), content)
            ledger.listen(spans.finished)
            ending.callback(spans.close)
            ending.callback(ledger.settle)
        if settings.trace_days is not None:
            ending.enter_context(daily(partial(expire_traces, ledger.path, settings.trace_days)))
        yield


def _mask(settings: Settings) -> Callable[[str], str]:
    return mask if settings.trace_masking else str


def make_doors(settings: Settings) -> Doors:
    home = Home(settings.home)
    store = settings.rate_store.get_secret_value() if settings.rate_store else None
    return Doors(
        doorman=Doorman(_verifiers(settings, home)),
        audit=AuditLog(home.audit),
        limits=Limits(settings.rate, settings.at_once, store),
        most_at_work=settings.most_at_work,
        any_host=settings.anonymous == "allow",
    )


def _verifiers(settings: Settings, home: Home) -> list[Verifier]:
    oidc = make_oidc(settings)
    return [Keys(home.keys)] if oidc is None else [Keys(home.keys), oidc]


def make_oidc(settings: Settings) -> OidcVerifier | None:
    """Raises SettingsError where only half of it is set: without an audience, a token for any program would do."""
    if settings.oidc_issuer is None and settings.oidc_audience is None:
        return None
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        raise SettingsError(
            "FOOTNOTE_OIDC_ISSUER and FOOTNOTE_OIDC_AUDIENCE need each other: set both, or none. docs/sign-in.md shows how."
        )
    from api.identity.oidc import OidcVerifier

    return OidcVerifier(
        settings.oidc_issuer,
        settings.oidc_audience,
        groups_claim=settings.oidc_groups_claim,
        name_claim=settings.oidc_name_claim,
        admins=settings.oidc_admins or (),
    )


@contextmanager
def open_ingest(settings: Settings, progress: Progress, confirm: Confirm) -> Iterator[Ingest]:
    """An Ingest over all cores; on leaving, its parsing processes end."""
    silence_vendors(settings)
    cores = os.cpu_count() or 1
    embedder = SentenceTransformerEmbedder(settings.embeddings, threads=cores)
    with make_parser(settings) as parser:
        yield Ingest(Home(settings.home), chunk_store(settings), embedder, parser, cores, progress, confirm)


def make_parser(settings: Settings) -> SandboxedParser:
    """Over all cores; its processes end when it is closed."""
    return SandboxedParser(os.cpu_count() or 1, settings.parse_seconds, settings.parse_memory * 2**20)


def chunk_store(settings: Settings) -> ChunkStore:
    return ChromaServer(settings.chroma_url) if settings.chroma_url else EmbeddedChroma(Home(settings.home).generations)


def make_gate(settings: Settings) -> Gate:
    gate = load_gate()
    return gate if settings.most_wrong is None else gate.at_most(settings.most_wrong)


def make_prices(settings: Settings) -> Prices:
    return OwnPrices(settings.prices, GenaiPrices()) if settings.prices else GenaiPrices()


def make_writer(settings: Settings, prices: Prices) -> Writer | None:
    """Raises SettingsError where a model cannot be had, or a budget could not be kept."""
    if settings.model is None:
        return None
    usual = [_chat_model(name, settings) for name in (settings.model, *(settings.fallback_models or ()))]
    stronger = [_chat_model(settings.stronger_model, settings), *usual] if settings.stronger_model else usual
    if settings.budget_day is not None or settings.budget_principal is not None:
        _check_prices(stronger, prices)
    first = Caller(usual, settings.model_timeout, settings.model_attempts)
    second = Caller(stronger, settings.model_timeout, settings.model_attempts) if settings.stronger_model else first
    return Writer(first, second, load_prompts(), settings.evidence_tokens, settings.model_max_tokens)


def _chat_model(name: str, settings: Settings) -> ChatModel:
    from assistant.adapters.langchain_chat import LangChainChatModel

    own = name.startswith("openai:")
    return LangChainChatModel(
        name,
        temperature=settings.model_temperature,
        api_key=_key(settings) if own else None,
        base_url=settings.openai_base_url if own else None,
    )


def make_moderator(settings: Settings) -> Moderator | None:
    if settings.moderation is None:
        return None
    from assistant.adapters.openai_moderation import OpenAIModerator

    return OpenAIModerator(api_key=_key(settings), base_url=settings.openai_base_url)


def _key(settings: Settings) -> str | None:
    return settings.openai_api_key.get_secret_value() if settings.openai_api_key else None


def _check_prices(models: Sequence[ChatModel], prices: Prices) -> None:
    """A budget cannot hold for a model whose calls have no price."""
    for model in models:
        if prices.rate(model.provider, model.model, 0) is None:
            raise SettingsError(
                f"The price of {model.name} is not known, so a budget cannot hold. "
                f"Set FOOTNOTE_PRICES={model.name}=INPUT/OUTPUT (dollars per million tokens), or no budget."
            )


def silence_vendors(settings: Settings) -> None:
    """Before any of them is imported: they read their variables once. The hub is reached only for a model that the user named."""
    os.environ |= _QUIET
    # LangChain's hints are for who calls it: what a server refuses is left out with the next attempt.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"langchain_openai\.")
    if not needs_hub(settings.embeddings) and not needs_hub(settings.reranker):
        os.environ["HF_HUB_OFFLINE"] = "1"
