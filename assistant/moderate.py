"""The step that stops what is not to be asked, or not to be answered: tries to pull out the rules, and what a moderator flags."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.errors import ModelFailed
from assistant.model_calls.account import Account
from assistant.ports import Message, Moderator
from assistant.screen import pulls_at_prompt
from assistant.types import RefusalReason, Statement


async def blocked(question: str, moderator: Moderator | None, account: Account, seen: dict[str, object]) -> RefusalReason | None:
    """Why the question is not answered, or None. A moderator that cannot be asked lets nothing through."""
    if pulls_at_prompt(question):
        seen["blocked"] = "pulls at the prompt"
        return "blocked"
    if moderator is None:
        return None
    try:
        (flag,) = await _flags(moderator, [question], account)
    except ModelFailed as failed:
        seen["unavailable"] = str(failed)
        return "model_unavailable"
    seen["flagged"] = flag
    return "blocked" if flag else None


async def sayable(
    statements: Sequence[Statement], moderator: Moderator, account: Account, seen: dict[str, object]
) -> tuple[tuple[Statement, ...], RefusalReason | None]:
    """The statements that the moderator does not flag, and why none is left where none is."""
    try:
        flags = await _flags(moderator, [statement.text for statement in statements], account)
    except ModelFailed as failed:
        seen["unavailable"] = str(failed)
        return (), "model_unavailable"
    seen["flagged"] = [flag for flag in flags if flag]
    kept = tuple(statement for statement, flag in zip(statements, flags, strict=True) if not flag)
    return kept, None if kept else "blocked"


async def _flags(moderator: Moderator, texts: Sequence[str], account: Account) -> list[str | None]:
    """Booked like every call. Providers do not charge for it."""
    entry = await account.begin(moderator, "moderation", [Message("user", text) for text in texts])
    error: str | None = "cancelled"
    try:
        flags = await moderator.flagged(texts)
        error = None
    except ModelFailed as failed:
        error = failed.error
        raise
    finally:
        account.settle_free(entry, error)
    return flags
