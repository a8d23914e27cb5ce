"""Tokens of the company's sign-in: JWTs that an OpenID Connect provider signed for Footnote.

A token is believed by its signature alone. What it says of how to check it (`alg`, `kid`) only chooses among what is allowed and known
already; a key or an address that it brings along is never looked at.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jwt
import structlog

from api.identity.callers import Caller, Scope
from api.identity.jwks import Connect, ProviderKeys, connect
from assistant.types import Principal

MOST_CHARACTERS = 16 * 1024
MOST_GROUPS = 1000
_MOST_OF_A_NAME = 256
# Seconds that the issuer's clock and ours may differ.
_LEEWAY = 60
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_OPTIONS: jwt.types.Options = {"require": ["exp"], "enforce_minimum_key_length": True}
_EVERYBODY: frozenset[Scope] = frozenset({"ask", "traces"})
# The signature is right, the token is not for us: how sign-in was set up, and so worth a word.
_NOT_FOR_US = (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError, jwt.ImmatureSignatureError)
log = structlog.get_logger()


class OidcVerifier:
    """Implements `Verifier`. `groups_claim` may be a path (`realm_access.roles`); members of `admins` get the scope admin. Nothing is
    fetched before the first token. Raises SettingsError for an issuer that cannot be trusted."""

    wanted = True

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        groups_claim: str = "groups",
        name_claim: str = "email",
        admins: Iterable[str] = (),
        connect: Connect = connect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = ProviderKeys(issuer, connect, clock)
        self._issuer = issuer
        self._audience = audience
        self._groups_claim = groups_claim
        self._name_claim = name_claim
        self._admins = frozenset(admins)
        self._said: set[str] = set()

    async def caller(self, token: str) -> Caller | None:
        claims = await self._claims(token)
        if claims is None:
            return None
        name = _name(claims, self._name_claim)
        if name is None:
            self._say(f"a token has no usable claim {self._name_claim}")
            return None
        groups = self._groups(claims)
        return Caller(Principal(f"oidc:{name}", groups), _EVERYBODY if self._admins.isdisjoint(groups) else _EVERYBODY | {"admin"})

    async def _claims(self, token: str) -> Mapping[str, Any] | None:
        """What is said by a token that is signed, in force and for us."""
        if len(token) > MOST_CHARACTERS or not _JWT.fullmatch(token):
            return None
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = None if kid is None else await self._keys.key(kid)
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                token, key.public, key.algorithms, _OPTIONS, audience=self._audience, issuer=self._issuer, leeway=_LEEWAY
            )
        except jwt.PyJWTError as error:
            if isinstance(error, _NOT_FOR_US):
                self._say(str(error))
            return None
        return claims

    def _groups(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """Whatever cannot be understood is no group: groups open documents, their absence opens none."""
        if _is_overage(claims, self._groups_claim):
            self._say("a token has too many groups to list them: its user is in none")
            return frozenset()
        value = _at(claims, self._groups_claim)
        listed = [value] if isinstance(value, str) else value
        if listed is not None and (not isinstance(listed, list) or len(listed) > MOST_GROUPS):
            self._say(f"the claim {self._groups_claim} of a token is no list of at most {MOST_GROUPS} groups: its user is in none")
            return frozenset()
        return frozenset(group for group in listed or () if _is_name(group))

    def _say(self, why: str) -> None:
        """Once: it is how sign-in was set up, and comes with every token."""
        if why not in self._said:
            self._said.add(why)
            log.warning("sign-in is set up otherwise than expected", issuer=self._issuer, why=why)


def _name(claims: Mapping[str, Any], claim: str) -> str | None:
    """None where there is none: another claim in its place could be another person's name. An address that its user only claims to have is
    no name either."""
    name = claims.get(claim)
    verified = claim != "email" or claims.get("email_verified", True) in (True, "true")
    return name if verified and _is_name(name) else None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MOST_OF_A_NAME and value.isprintable() and value == value.strip()


def _at(claims: Mapping[str, Any], path: str) -> object:
    """The claim of this name, which may have dots in it, or else the one at the path."""
    if path in claims:
        return claims[path]
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _is_overage(claims: Mapping[str, Any], claim: str) -> bool:
    """Entra ID gives only a hint where somebody is in more groups than a token holds."""
    elsewhere = claims.get("_claim_names")
    return (isinstance(elsewhere, dict) and claim in elsewhere) or (claim == "groups" and bool(claims.get("hasgroups")))
