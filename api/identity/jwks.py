"""The keys that a company's sign-in signs with: asked for when they are wanted, kept while it does not answer.

The issuer's discovery document says where they are. They are fetched anew when they are an hour old, and when a token names one that is
not among them; never twice in 30 seconds, whatever tokens name, so that nobody can make us hammer the issuer.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, TypeVar

import httpx
import structlog
from jwt import PyJWK, PyJWTError
from jwt.algorithms import AllowedPublicKeys
from pydantic import BaseModel, ValidationError

from api.listening import is_loopback
from assistant.errors import SettingsError

# Seconds.
FRESH = 3600.0
GOOD = 24 * 3600.0
PAUSE = 30.0
ANSWER = 5.0

MOST_BYTES = 512 * 1024
_DISCOVERY = "/.well-known/openid-configuration"
# Unpacked, a small reply may be an endless one.
_AS_IT_IS = {"accept": "application/json", "accept-encoding": "identity"}
# What a signature of a key may be made with. Nothing else is allowed: no `none`, no secret that both sides hold.
_ALGORITHMS: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
log = structlog.get_logger()

Connect = Callable[[], httpx.AsyncClient]
Form = TypeVar("Form", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and what its signatures may be made with."""

    public: AllowedPublicKeys
    algorithms: tuple[str, ...]


class _Unusable(Exception):
    """The issuer answered, but not with keys."""


class _Discovery(BaseModel):
    issuer: str
    jwks_uri: str


class _KeySet(BaseModel):
    keys: Sequence[Any]


class _Jwk(BaseModel):
    """The public parts of a key to check signatures with; what else one may hold is left out."""

    kid: str
    kty: str
    use: Literal["sig"] | None = None
    alg: str | None = None
    crv: str | None = None
    n: str | None = None
    e: str | None = None
    x: str | None = None
    y: str | None = None


def connect() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=ANSWER)


class ProviderKeys:
    """The signing keys of one issuer. `connect` makes the client of each fetch; `clock` gives seconds that only grow; a fetch may take
    `seconds`. Raises SettingsError where the issuer's address is not one that its keys could be trusted from."""

    def __init__(
        self, issuer: str, connect: Connect = connect, clock: Callable[[], float] = time.monotonic, *, seconds: float = ANSWER
    ) -> None:
        if not _is_safe(issuer):
            raise SettingsError("FOOTNOTE_OIDC_ISSUER: must be an address with https://, or with http:// on this machine.")
        self._issuer = issuer
        self._connect = connect
        self._clock = clock
        self._seconds = seconds
        self._fetching = asyncio.Lock()
        self._keys: Mapping[str, SigningKey] = {}
        self._fetched = self._tried = -math.inf

    async def key(self, kid: str) -> SigningKey | None:
        """None where the issuer has no such key, or its keys cannot be had; the log says so then. Who names a key that is held does not
        wait for another's fetch."""
        known = kid in self._held
        if not known or (self._age >= FRESH and not self._fetching.locked()):
            async with self._fetching:
                if self._clock() - self._tried >= PAUSE:  # else whoever waited finds what the one before fetched
                    await self._fetch()
        return self._held.get(kid)

    @property
    def _age(self) -> float:
        return self._clock() - self._fetched

    @property
    def _held(self) -> Mapping[str, SigningKey]:
        return self._keys if self._age < GOOD else {}

    async def _fetch(self) -> None:
        now = self._tried = self._clock()
        try:
            async with asyncio.timeout(self._seconds), self._connect() as client:
                self._keys, self._fetched = await self._ask(client), now
        except _Unusable as error:
            self._tell(str(error))
        except (httpx.HTTPError, TimeoutError) as error:
            self._tell(f"it cannot be reached: {type(error).__name__} {error}".rstrip())

    def _tell(self, why: str) -> None:
        if self._held:
            log.warning("sign-in gives no keys, the old ones hold", issuer=self._issuer, why=why, seconds_old=round(self._age))
        else:
            log.error("sign-in gives no keys, nobody gets in by it", issuer=self._issuer, why=why)

    async def _ask(self, client: httpx.AsyncClient) -> dict[str, SigningKey]:
        address = self._issuer.rstrip("/") + _DISCOVERY
        found = _read(_Discovery, await _get(client, address), address)
        if found.issuer != self._issuer:
            raise _Unusable(f"{address} is of the issuer {found.issuer[:200]!r}; FOOTNOTE_OIDC_ISSUER must be the same, letter for letter")
        if not _is_safe(found.jwks_uri):
            raise _Unusable(f"{address} has the keys at {found.jwks_uri[:200]!r}, which is neither https:// nor on this machine")
        keys = signing_keys(_read(_KeySet, await _get(client, found.jwks_uri), found.jwks_uri).keys)
        if not keys:
            raise _Unusable(f"{found.jwks_uri} holds no key that signatures can be checked with")
        return keys


def signing_keys(entries: Sequence[object]) -> dict[str, SigningKey]:
    """The keys of a set that can be used, by `kid`; the others are passed over."""
    keys: dict[str, SigningKey] = {}
    for entry in entries:
        try:
            jwk = _Jwk.model_validate(entry)
            if algorithms := _algorithms(jwk):
                keys[jwk.kid] = SigningKey(PyJWK(jwk.model_dump(exclude_none=True), algorithms[0]).key, algorithms)
        except (ValidationError, PyJWTError):
            continue
    return keys


def _algorithms(jwk: _Jwk) -> tuple[str, ...]:
    possible = _ALGORITHMS.get((jwk.kty, jwk.crv), ())
    return possible if jwk.alg is None else tuple(name for name in possible if name == jwk.alg)


async def _get(client: httpx.AsyncClient, address: str) -> bytes:
    """Goes where it was told to and nowhere else."""
    async with client.stream("GET", address, headers=_AS_IT_IS, follow_redirects=False) as response:
        if response.status_code != HTTPStatus.OK:
            raise _Unusable(f"{address} answers {response.status_code}")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MOST_BYTES:
                raise _Unusable(f"{address} sends more than {MOST_BYTES // 1024} KiB")
    return bytes(body)


def _read(form: type[Form], body: bytes, address: str) -> Form:
    try:
        return form.model_validate_json(body)
    except ValidationError:
        raise _Unusable(f"{address} is not what it should be: JSON with {' and '.join(form.model_fields)}") from None


def _is_safe(address: str) -> bool:
    """Whether nobody on the way can put in what it likes."""
    try:
        url = httpx.URL(address)
        host, port = url.host, url.port
    except (httpx.InvalidURL, UnicodeError):
        return False
    encrypted = url.scheme == "https" or (url.scheme == "http" and is_loopback(host))
    return encrypted and bool(host) and (port is None or 0 < port < 65536)
