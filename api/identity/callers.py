"""Callers: a principal, and what the credential that they showed is good for.

    ask      questions, search, documents, feedback
    traces   one's own traces and costs
    admin    everybody's traces and costs, metrics; each look is written into the audit log

A credential opens no document: which of these somebody may read is decided by the principal's groups, for admins, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from assistant.errors import Unauthenticated
from assistant.types import LOCAL, Principal

Scope = Literal["ask", "traces", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_BEARER = "bearer "
WHO = "Send a key that is valid: Authorization: Bearer …"


@dataclass(frozen=True, slots=True)
class Caller:
    principal: Principal
    scopes: frozenset[Scope]


ANYBODY = Caller(LOCAL, frozenset(SCOPES))


class Verifier(Protocol):
    """Knows one kind of credentials."""

    @property
    def wanted(self) -> bool:
        """Whether there are such credentials here, so that nobody comes in without any."""
        ...

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is; None where it is none of this kind, or no longer. Takes the same time for one that is nearly right."""
        ...


class Doorman:
    """Asks every verifier in turn. Where none wants credentials, everybody is the local user; once one did, it stays so as long as the
    process lives: a file of keys that is gone opens no door."""

    def __init__(self, verifiers: Sequence[Verifier] = ()) -> None:
        self._verifiers = tuple(verifiers)
        self._locked = False

    @property
    def locked(self) -> bool:
        """Whether credentials are asked for."""
        self._locked = self._locked or any(verifier.wanted for verifier in self._verifiers)
        return self._locked

    async def identify(self, authorization: str | None) -> Caller:
        """`authorization` is the request's header. Raises Unauthenticated, in the same words whatever was wrong."""
        if not self.locked:
            return ANYBODY
        if authorization is not None and authorization[: len(_BEARER)].lower() == _BEARER:
            token = authorization[len(_BEARER) :].strip()
            for verifier in self._verifiers:
                if (caller := await verifier.caller(token)) is not None:
                    return caller
        raise Unauthenticated(WHO)
