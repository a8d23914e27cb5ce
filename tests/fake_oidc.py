"""A company's sign-in on loopback: discovery, keys, tokens; and what goes wrong with one.

with FakeIssuer() as issuer:
    kid = issuer.rotate("RSA")
    token = issuer.token(email="ada@northlight.example", groups=["finance"])
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import AllowedPrivateKeys, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "footnote"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
Kind = Literal["RSA", "P-256", "P-384", "P-521", "Ed25519"]
# `slow` says nothing, `dripping` a little now and then; `elsewhere` sends to another address.
Fault = Literal["error", "garbage", "slow", "dripping", "endless", "elsewhere"]
_USUAL: Mapping[Kind, str] = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_CURVES: Mapping[Kind, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


@dataclass(frozen=True, slots=True)
class Pair:
    kind: Kind
    private: AllowedPrivateKeys

    def listed(self, kid: str) -> dict[str, Any]:
        """The public half, as a key set has it."""
        public: Any = self.private.public_key()
        way: Any = RSAAlgorithm if self.kind == "RSA" else OKPAlgorithm if self.kind == "Ed25519" else ECAlgorithm
        return {"kid": kid, "use": "sig", **way.to_jwk(public, as_dict=True)}


@cache
def pair(kind: Kind, number: int, bits: int = 2048) -> Pair:  # noqa: ARG001  # the number tells pairs of a kind apart
    """Made once: large primes take long to find."""
    if kind == "RSA":
        return Pair(kind, rsa.generate_private_key(65537, bits))
    return Pair(kind, ed25519.Ed25519PrivateKey.generate() if kind == "Ed25519" else ec.generate_private_key(_CURVES[kind]))


class Clock:
    """Stands still but for what it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class FakeIssuer:
    """Listens while its `with` block runs, and between `come_back` and `go`. `asked` are the paths it was asked for; `faults` what goes
    wrong at a path; `documents` what is said at one instead of the truth."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.faults: dict[str, Fault] = {}
        self.documents: dict[str, Any] = {}
        self.pairs: dict[str, Pair] = {}
        self._made = 0
        self._port = 0
        self.rotate("P-256")

    def __enter__(self) -> FakeIssuer:
        self.come_back()
        self.issuer = f"http://127.0.0.1:{self._port}/sign-in"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.go()

    def come_back(self) -> None:
        self._ending = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._server.daemon_threads = False
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="fake-issuer")
        self._thread.start()

    def go(self) -> None:
        """Nobody listens there any more."""
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def rotate(self, kind: Kind = "P-256", *, keep: bool = False) -> str:
        """A new key, in the place of the old ones or beside them; gives its `kid`."""
        self._made += 1
        kid = f"key-{self._made}"
        self.pairs = {**(self.pairs if keep else {}), kid: pair(kind, self._made)}
        return kid

    def document(self, path: str) -> Any:
        if path in self.documents:
            return self.documents[path]
        if path == DISCOVERY:
            return {"issuer": self.issuer, "jwks_uri": self.issuer + KEYS, "subject_types_supported": ["public"]}
        return {"keys": [one.listed(kid) for kid, one in self.pairs.items()]}

    def fetches(self) -> int:
        """How often somebody came for the keys."""
        return self.asked.count(DISCOVERY)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What a good token says; None leaves a claim out."""
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "00u1",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "email": "ada@northlight.example",
        }
        return {name: value for name, value in (usual | changed).items() if value is not None}

    def token(
        self, *, kid: str | None = None, algorithm: str | None = None, header: Mapping[str, Any] | None = None, **changed: Any
    ) -> str:
        """Signed with the key of this `kid`, by default the newest one."""
        name = kid or list(self.pairs)[-1]
        signer = self.pairs[name]
        headers = {"kid": name, **(header or {})}
        said = json.dumps(self.claims(**changed)).encode()
        return jwt.api_jws.encode(said, signer.private, algorithm or _USUAL[signer.kind], headers)

    def wait_until_asked(self, fetches: int) -> None:
        """Blocks the thread."""
        while self.fetches() < fetches:
            time.sleep(0.002)

    def wait(self, seconds: float) -> bool:
        """Whether the issuer is still there then."""
        return not self._ending.wait(seconds)


def unproxied() -> httpx.AsyncClient:
    """Nothing is encrypted on loopback, and certificates take long to load."""
    return httpx.AsyncClient(timeout=2, trust_env=False, verify=False)


def _handler(issuer: FakeIssuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            moved = self.path.startswith("/moved")
            path = self.path.removeprefix("/moved").removeprefix("/sign-in")
            issuer.asked.append(path)
            try:
                self._answer(path, None if moved else issuer.faults.get(path))
            except ConnectionError:
                return  # who asked has gone

        def _answer(self, path: str, fault: Fault | None) -> None:
            if fault == "slow" and not issuer.wait(10):
                return
            self.send_response({"error": 500, "elsewhere": 302}.get(fault or "", 200))
            if fault == "elsewhere":
                self.send_header("location", f"/moved{self.path}")
            self.end_headers()
            if fault == "dripping":
                while issuer.wait(0.02):
                    self.wfile.write(b" ")
            while fault == "endless":
                self.wfile.write(b" " * 65536)
            self.wfile.write(b"<html>" if fault == "garbage" else json.dumps(issuer.document(path)).encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler
