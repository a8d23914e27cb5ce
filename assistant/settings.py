"""What can be set, from the environment or `.env`, and what a wrong value is told.

Settings are made at the entry points (`api/`) by `load_settings()`, once, and handed down; nothing below reads the environment.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from assistant.errors import SettingsError
from assistant.own_prices import read_prices
from assistant.types import Rate

PREFIX = "FOOTNOTE_"


def _listed(value: object) -> object:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def _rates(value: object) -> object:
    return read_prices(value) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
OwnRates = Annotated[dict[str, Rate] | None, NoDecode, BeforeValidator(_rates)]


class Settings(BaseSettings):
    """Each field is the environment variable `FOOTNOTE_` + its name in capitals, unless it has an alias."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(Path(".footnote"), description="Folder that holds the index, the embedding cache and the traces.")
    model: str | None = Field(
        None,
        description="Chat model that writes the answers, as LangChain's `init_chat_model` takes it (`openai:gpt-5-mini`). Unset: extracts.",
    )
    fallback_models: Names | None = Field(None, description="Models that are asked, in this order, where FOOTNOTE_MODEL does not answer.")
    stronger_model: str | None = Field(
        None, description="Model that is asked once more where nothing of what FOOTNOTE_MODEL wrote could be said. Unset: the same."
    )
    model_timeout: float = Field(30.0, gt=0, le=600, description="Seconds that one call to a chat model may take.")
    model_attempts: int = Field(3, ge=1, le=10, description="How often a call to a chat model is tried.")
    model_max_tokens: int = Field(800, ge=64, le=32_000, description="Most tokens that a chat model may write for one answer.")
    model_temperature: float = Field(0.0, ge=0, le=2, description="Temperature of the chat models; 0 answers the same question alike.")
    evidence_tokens: int = Field(900, ge=100, le=100_000, description="Most tokens of evidence that a chat model is shown, as reckoned.")
    deadline: float = Field(60.0, gt=0, le=600, description="Seconds that a whole question may take, all attempts and models together.")
    budget_day: Decimal | None = Field(
        None, ge=0, description="Most dollars that calls to models may cost on one day (UTC). Unset: no limit."
    )
    budget_principal: Decimal | None = Field(
        None, ge=0, description="Most dollars that one principal's questions may cost on one day (UTC). Unset: no limit."
    )
    prices: OwnRates = Field(
        None,
        description="Own prices, `provider:model=input/output` or `…=input/cached/output`, dollars per million tokens, with commas.",
    )
    moderation: Literal["openai"] | None = Field(
        None, description="`openai`: its moderation endpoint looks at every question and answer. Unset: nobody does."
    )
    trace_masking: Literal["on"] | None = Field(
        None, description="`on`: mail addresses, telephone, account and card numbers are masked in traces."
    )
    trace_days: int | None = Field(None, ge=1, description="Days after which a server erases traces and ratings. Unset: never.")
    otlp_endpoint: str | None = Field(
        None,
        description="Address of an OpenTelemetry collector for the traces (`http://collector:4318`). Unset: nothing leaves.",
    )
    log_content: Literal["on"] | None = Field(
        None, description="`on`: a server's log and spans hold questions and what was answered. Unset: no content."
    )
    embeddings: str | None = Field(None, description="sentence-transformers model, by name or folder. Unset: all-MiniLM-L6-v2, bundled.")
    reranker: str | None = Field(None, description="CrossEncoder, by name or folder, that orders the best hits anew.")
    most_wrong: float | None = Field(
        None, gt=0, lt=1, description="Most of the answers that may be wrong, as a share (0.1). Unset: where most questions are answered."
    )
    chroma_url: str | None = Field(
        None, description="Address of a Chroma server (`http://chroma:8000`). Unset: embedded, below FOOTNOTE_HOME."
    )
    parse_seconds: float = Field(
        60.0, gt=0, le=3600, description="Seconds that reading one file may take, or one page of it by recognition."
    )
    parse_memory: int = Field(1024, ge=64, le=65_536, description="MiB of memory that reading one file may take.")
    anonymous: Literal["allow"] | None = Field(
        None, description="`allow`: serve without keys on an address that is not loopback. Everyone who reaches it reads everything."
    )
    rate: str | None = Field(
        None,
        pattern=r"^\d+/(second|minute|hour|day)(;\d+/(second|minute|hour|day))*$",
        description="Most requests of one principal (`60/minute`, `5/second;1000/day`). Unset: no limit.",
    )
    rate_store: SecretStr | None = Field(
        None, description="Address of a Redis (`redis://redis:6379`) where several processes count together. Unset: each for itself."
    )
    at_once: int | None = Field(None, ge=1, description="Most questions of one principal that are open at once. Unset: no limit.")
    most_at_work: int = Field(
        32, ge=1, le=10_000, description="Questions worked on at once, those that wait for a model apart; more are turned away (503)."
    )
    oidc_issuer: str | None = Field(
        None, description="Address of the company's sign-in (OpenID Connect), as its discovery document has it. Unset: no tokens."
    )
    oidc_audience: str | None = Field(
        None, description="What the sign-in's tokens for Footnote have under `aud`. Needed with FOOTNOTE_OIDC_ISSUER."
    )
    oidc_groups_claim: str = Field(
        "groups", description="Claim of a token that lists its user's groups; dots lead into it (`realm_access.roles`)."
    )
    oidc_name_claim: str = Field("email", description="Claim of a token that names its user. A token without it is nobody's.")
    oidc_admins: Names | None = Field(None, description="Groups of the sign-in whose members are admins, with commas between.")
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="Key for OpenAI, or for what speaks its protocol."
    )
    openai_base_url: str | None = Field(
        None, validation_alias="OPENAI_BASE_URL", description="Address of a server that speaks OpenAI's protocol (vLLM, Ollama, Azure)."
    )

    @field_validator("rate_store")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("must begin with redis:// or rediss://")
        return value

    @field_validator("chroma_url", "otlp_endpoint", "openai_base_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value


def variable_of(field: str) -> str:
    """The environment variable behind a field."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else PREFIX + field.upper()


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError naming every wrong variable and what is allowed."""
    try:
        _refuse_unknown([*os.environ, *dotenv_values(".env", encoding="utf-8")])
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_complaint(e["loc"], e["msg"]) for e in error.errors())) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f".env is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None


def _complaint(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]) if location else "settings"
    variable = variable_of(name) if name in Settings.model_fields else name
    field = next((f for key, f in Settings.model_fields.items() if variable_of(key) == variable), None)
    about = f" {field.description}" if field is not None and field.description else ""
    return f"{variable}: {message.removeprefix('Value error, ')}.{about}"


def _refuse_unknown(names: Iterable[str]) -> None:
    """A misspelt setting would be ignored in silence, and the operator would trust it."""
    known = {variable_of(field) for field in Settings.model_fields}
    for name in sorted(n for n in names if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "docs/settings.md lists all."
        raise SettingsError(f"{name}: there is no such setting. {hint}")
