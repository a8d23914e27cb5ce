"""The company's sign-in, with a real issuer on loopback: who gets in, as whom, and what its keys cost it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from api.bootstrap import make_doors, make_oidc
from api.http.app import create_app
from api.http.doors import Doors
from api.identity.callers import Caller, Doorman
from api.identity.jwks import FRESH, GOOD, PAUSE, ProviderKeys
from api.identity.oidc import MOST_CHARACTERS, MOST_GROUPS, OidcVerifier
from assistant.errors import SettingsError
from assistant.settings import Settings, load_settings
from assistant.types import Principal
from tests.fake_oidc import AUDIENCE, DISCOVERY, KEYS, Clock, FakeIssuer, Fault, Kind, pair, unproxied
from tests.servers import serving
from tests.worlds import OPEN_GATE, World


@dataclass(frozen=True)
class After:
    """A moment so many seconds after that at which the token is made: tests begin long after their cases were listed."""

    seconds: int

    def __repr__(self) -> str:
        return f"now {self.seconds:+}"


ADA = Principal("oidc:ada@northlight.example")

WHY: dict[Fault, str] = {
    "error": "answers 500",
    "garbage": "not what it should be",
    "slow": "TimeoutError",
    "dripping": "TimeoutError",
    "endless": "sends more than",
    "elsewhere": "answers 302",
}


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(issuer: FakeIssuer, clock: Clock) -> OidcVerifier:
    return verifier_of(issuer, clock)


def verifier_of(issuer: FakeIssuer, clock: Clock | None = None, **more: Any) -> OidcVerifier:
    return OidcVerifier(issuer.issuer, AUDIENCE, connect=unproxied, clock=clock or Clock(), **more)


def at(**claims: Any) -> dict[str, Any]:
    """The claims as of now."""

    def told(value: Any) -> Any:
        if isinstance(value, list):
            return [told(one) for one in value]
        return int(time.time()) + value.seconds if isinstance(value, After) else value

    return {name: told(value) for name, value in claims.items()}


def part(value: object) -> str:
    """One part of a token, made by hand."""
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode().rstrip("=")


def groups_of(caller: Caller | None) -> set[str]:
    assert caller is not None
    assert not caller.principal.reads_all
    return set(caller.principal.groups)


class TestWhoGetsIn:
    async def test_a_good_token_is_its_user(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        caller = await verifier.caller(issuer.token(groups=["finance", "hr"]))

        assert verifier.wanted
        assert caller == Caller(Principal(ADA.name, frozenset({"finance", "hr"})), frozenset({"ask", "traces"}))

    @pytest.mark.parametrize(
        ("kind", "algorithm"),
        [("RSA", "RS256"), ("RSA", "RS384"), ("RSA", "RS512"), ("RSA", "PS256"), ("RSA", "PS384"), ("RSA", "PS512"),
         ("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("Ed25519", "EdDSA")],
    )  # fmt: skip
    async def test_every_algorithm_that_is_allowed_is_taken(
        self, issuer: FakeIssuer, verifier: OidcVerifier, kind: Kind, algorithm: str
    ) -> None:
        issuer.rotate(kind)

        assert await verifier.caller(issuer.token(algorithm=algorithm))

    @pytest.mark.parametrize(
        "changed",
        [
            {"aud": [AUDIENCE, "another"]},
            {"exp": After(-50)},
            {"nbf": After(50), "iat": After(50)},
            {"nbf": None, "iat": None},
        ],
        ids=repr,
    )
    async def test_what_is_nearly_wrong_is_right(self, issuer: FakeIssuer, verifier: OidcVerifier, changed: dict[str, Any]) -> None:
        assert await verifier.caller(issuer.token(**at(**changed)))

    @pytest.mark.parametrize(
        "changed",
        [
            {"iss": "https://sign-in.example"},
            {"iss": None},
            {"iss": ["{issuer}"]},
            {"aud": "another"},
            {"aud": []},
            {"aud": None},
            {"aud": {AUDIENCE: True}},
            {"exp": After(-70)},
            {"exp": None},
            {"exp": "soon"},
            {"exp": [After(300)]},
            {"exp": float("nan")},
            {"nbf": After(90)},
            {"nbf": "now"},
            {"iat": After(90)},
            {"iat": float("inf")},
            {"sub": 7},
            {"email": None},
            {"email": ""},
            {"email": 7},
            {"email": ["ada@northlight.example"]},
            {"email": " ada@northlight.example"},
            {"email": "ada@northlight.example\n"},
            {"email": "ada\u202e@northlight.example"},
            {"email": "ada\ud800@northlight.example"},
            {"email": "a" * 300},
            {"email_verified": False},
        ],
        ids=repr,
    )
    async def test_one_wrong_claim_is_enough(self, issuer: FakeIssuer, verifier: OidcVerifier, changed: dict[str, Any]) -> None:
        assert await verifier.caller(issuer.token(**at(**changed))) is None
        assert await verifier.caller(issuer.token()), "and the verifier is as it was"

    async def test_the_name_may_be_another_claim(self, issuer: FakeIssuer) -> None:
        caller = await verifier_of(issuer, name_claim="sub").caller(issuer.token(email_verified=False))

        assert caller is not None
        assert caller.principal.name == "oidc:00u1"

    async def test_why_a_token_is_not_for_us_is_in_the_log_once(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        with capture_logs() as said:
            for _ in range(3):
                await verifier.caller(issuer.token(aud="another"))
                await verifier.caller(issuer.token(email=None))
                await verifier.caller(issuer.token(**at(exp=After(-90))))

        assert [line["why"] for line in said] == ["Audience doesn't match", "a token has no usable claim email"]


class TestForgeries:
    async def test_none_is_no_signature(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        (kid,) = issuer.pairs
        for algorithm in ("none", "None", "NONE", None, ["ES256"], 0):
            head, body = part({"alg": algorithm, "kid": kid}), part(issuer.claims())

            assert await verifier.caller(f"{head}.{body}.") is None
            assert await verifier.caller(f"{head}.{body}.{part(b'signature')}") is None
            assert await verifier.caller(f"{head}.{body}") is None

    @pytest.mark.parametrize("kind", ["RSA", "P-256", "Ed25519"])
    async def test_a_public_key_is_no_secret(self, issuer: FakeIssuer, verifier: OidcVerifier, kind: Kind) -> None:
        kid = issuer.rotate(kind)
        public = issuer.pairs[kid].private.public_key()
        spki = PublicFormat.SubjectPublicKeyInfo
        listed = json.dumps(issuer.pairs[kid].listed(kid)).encode()
        for secret in (public.public_bytes(Encoding.PEM, spki), public.public_bytes(Encoding.DER, spki), listed):
            for algorithm, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
                signed = f"{part({'alg': algorithm, 'kid': kid})}.{part(issuer.claims())}"
                mac = hmac.new(secret, signed.encode(), digest).digest()

                assert await verifier.caller(f"{signed}.{part(mac)}") is None

    async def test_a_key_that_the_token_brings_along_is_not_looked_at(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        (kid,) = issuer.pairs
        own = pair("P-256", -1)
        brought = {"jwk": own.listed(kid), "jku": issuer.issuer + "/mine", "x5u": issuer.issuer + "/mine", "x5c": ["MIIB"]}
        for header in ({"kid": kid}, {"kid": "mine"}, {}):
            token = jwt.encode(issuer.claims(), own.private, "ES256", {**header, **brought})

            assert await verifier.caller(token) is None
        assert set(issuer.asked) <= {DISCOVERY, KEYS}

    async def test_another_key_of_the_issuer_does_not_do(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        other = issuer.rotate("P-256", keep=True)
        first = next(iter(issuer.pairs))

        assert await verifier.caller(issuer.token(kid=first, header={"kid": other})) is None
        assert await verifier.caller(issuer.token(kid=first, header={"kid": first}))

    async def test_a_key_is_used_for_what_it_is_for(self, issuer: FakeIssuer) -> None:
        kid = issuer.rotate("RSA")
        for change in ({"use": "enc"}, {"alg": "RS512"}, {"alg": "RSA-OAEP"}, {"kty": "oct", "k": "c2VjcmV0"}):
            issuer.documents[KEYS] = {"keys": [{**issuer.pairs[kid].listed(kid), **change}]}

            assert await verifier_of(issuer).caller(issuer.token(algorithm="RS256")) is None

    @pytest.mark.parametrize(
        "token",
        ["", ".", "..", "a.b.c", "a.b", "a.b.c.d", "é.é.é", "\x00.\x00.\x00", f"{part([])}.{part({})}.{part(b's')}",
         f"{part({'kid': 7, 'alg': 'ES256'})}.{part({})}.{part(b's')}", f"{part(b'[' * 9000)}.{part({})}.{part(b's')}"],
    )  # fmt: skip
    async def test_what_is_no_token_is_nobody_and_costs_the_issuer_nothing(
        self, issuer: FakeIssuer, verifier: OidcVerifier, token: str
    ) -> None:
        assert await verifier.caller(token) is None
        assert issuer.asked == []

    async def test_a_token_has_an_end(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        assert await verifier.caller(issuer.token(padding="x" * (MOST_CHARACTERS // 2)))
        assert await verifier.caller(issuer.token(padding="x" * MOST_CHARACTERS)) is None

    async def test_a_token_is_written_in_one_way(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        token = issuer.token()
        assert await verifier.caller(token)
        for other in (token + "==", token + "=", token + "\n", " " + token, token.replace(".", "==.", 1)):
            assert await verifier.caller(other) is None

    async def test_a_payload_that_is_signed_and_no_claims_is_nobody(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        ((kid, signer),) = issuer.pairs.items()
        for payload in (b"[]", b"null", b"\xff", b"[" * 9000, b'{"exp": 1' + b"0" * 5000 + b"}"):
            token = jwt.api_jws.encode(payload, signer.private, "ES256", {"kid": kid})

            assert await verifier.caller(token) is None

    def test_whatever_is_changed_in_a_token_it_is_refused(self, changing: tuple[str, str, OidcVerifier]) -> None:
        rsa, curve, verifier = changing

        @given(st.data())
        def any_change(data: st.DataObject) -> None:
            token = data.draw(st.sampled_from([rsa, curve]))
            place = data.draw(st.integers(0, len(token) - 1))
            other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.=+/ \n\x00é").filter(lambda c: c != token[place]))
            how = data.draw(st.sampled_from(["instead", "before", "behind", "without"]))
            kept = token[:place], token[place + 1 :]
            changed = {
                "instead": other.join(kept),
                "before": token[:place] + other + token[place:],
                "behind": token + other * (1 + place % 2),
                "without": "".join(kept),
            }[how]

            assert asyncio.run(verifier.caller(changed)) is None

        any_change()


@pytest.fixture
def changing(issuer: FakeIssuer) -> tuple[str, str, OidcVerifier]:
    """Two good tokens, and who takes them."""
    issuer.rotate("RSA", keep=True)
    verifier = verifier_of(issuer, groups_claim="groups")
    tokens = [issuer.token(kid=kid, groups=["finance"]) for kid in issuer.pairs]
    for token in tokens:
        assert asyncio.run(verifier.caller(token))
    return tokens[0], tokens[1], verifier


class TestGroups:
    @pytest.mark.parametrize(
        ("claim", "said", "groups"),
        [
            ("groups", {}, set()),
            ("groups", {"groups": []}, set()),
            ("groups", {"groups": "finance"}, {"finance"}),
            ("groups", {"groups": ["hr", 7, None, ["board"], {"x": "board"}, "", " board", "bo\x00ard", "b" * 300]}, {"hr"}),
            ("groups", {"groups": {"finance": True}}, set()),
            ("groups", {"groups": True}, set()),
            ("groups", {"roles": ["finance"]}, set()),
            ("groups", {"groups": [str(number) for number in range(MOST_GROUPS + 1)]}, set()),
            ("roles", {"groups": ["finance"], "roles": ["hr"]}, {"hr"}),
            ("realm_access.roles", {"realm_access": {"roles": ["finance"]}}, {"finance"}),
            ("realm_access.roles", {"realm_access": {"roles": {"finance": []}}}, set()),
            ("realm_access.roles", {"realm_access": ["roles"]}, set()),
            ("realm_access.roles", {"realm_access": "roles"}, set()),
            ("https://northlight.example/groups", {"https://northlight.example/groups": ["finance"]}, {"finance"}),
        ],
    )
    async def test_groups_are_what_the_claim_says(self, issuer: FakeIssuer, claim: str, said: dict[str, Any], groups: set[str]) -> None:
        assert groups_of(await verifier_of(issuer, groups_claim=claim).caller(issuer.token(**said))) == groups

    @pytest.mark.parametrize(
        "hint",
        [{"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}}}, {"hasgroups": True}],
    )
    async def test_too_many_groups_are_none_and_said_once(self, issuer: FakeIssuer, hint: dict[str, Any]) -> None:
        verifier = verifier_of(issuer, admins=["finance"])
        with capture_logs() as said:
            for _ in range(3):
                assert groups_of(await verifier.caller(issuer.token(groups=["finance"], **hint))) == set()

        assert [line["why"] for line in said] == ["a token has too many groups to list them: its user is in none"]

    async def test_members_of_admin_groups_are_admins(self, issuer: FakeIssuer) -> None:
        verifier = verifier_of(issuer, admins=["it-admins", "board"])
        for groups, admin in ((["it-admins", "hr"], True), (["hr"], False), (["it-admins "], False), ("board", True), (None, False)):
            caller = await verifier.caller(issuer.token(groups=groups))

            assert caller is not None
            assert ("admin" in caller.scopes) is admin
            assert not caller.principal.reads_all


class TestKeys:
    async def test_nothing_is_fetched_before_the_first_token_and_once_for_many(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        assert issuer.asked == []
        callers = await asyncio.gather(*(verifier.caller(issuer.token()) for _ in range(20)))

        assert all(callers)
        assert issuer.asked == [DISCOVERY, KEYS]

    async def test_a_new_key_is_found_with_one_fetch_and_the_old_one_ends(
        self, issuer: FakeIssuer, verifier: OidcVerifier, clock: Clock
    ) -> None:
        before = issuer.token()
        assert await verifier.caller(before)
        issuer.rotate()
        clock.seconds += PAUSE
        callers = await asyncio.gather(*(verifier.caller(issuer.token()) for _ in range(20)))

        assert all(callers)
        assert issuer.fetches() == 2
        assert await verifier.caller(before) is None

    async def test_unknown_keys_are_looked_for_once_in_a_while_whatever_comes(
        self, issuer: FakeIssuer, verifier: OidcVerifier, clock: Clock
    ) -> None:
        good = issuer.token()
        assert await verifier.caller(good)
        for number in range(1000):
            clock.seconds += 0.0625
            assert await verifier.caller(issuer.token(header={"kid": f"random-{number}"})) is None

        assert issuer.fetches() == 3, "one at the start, and one for each 30 of 62.5 seconds"
        assert await verifier.caller(good)

    async def test_an_hour_later_they_are_fetched_anew(self, issuer: FakeIssuer, verifier: OidcVerifier, clock: Clock) -> None:
        old = issuer.token()
        for passed, fetches in ((0.0, 1), (FRESH - 1, 1), (1, 2), (FRESH - 1, 2)):
            clock.seconds += passed
            assert await verifier.caller(old)
            assert issuer.fetches() == fetches
        issuer.rotate()
        clock.seconds += 1

        assert await verifier.caller(old) is None, "whoever holds a key that the issuer took back"

    async def test_an_issuer_that_is_away_at_first_is_asked_again(self, issuer: FakeIssuer, verifier: OidcVerifier, clock: Clock) -> None:
        issuer.go()
        with capture_logs() as said:
            assert await verifier.caller(issuer.token()) is None
        issuer.come_back()

        assert [(line["log_level"], line["event"]) for line in said] == [("error", "sign-in gives no keys, nobody gets in by it")]
        assert "ConnectError" in said[0]["why"]
        assert await verifier.caller(issuer.token()) is None, "not so soon"
        clock.seconds += PAUSE
        assert await verifier.caller(issuer.token())

    async def test_the_old_keys_hold_for_a_day(self, issuer: FakeIssuer, verifier: OidcVerifier, clock: Clock) -> None:
        assert await verifier.caller(issuer.token())
        issuer.go()
        with capture_logs() as said:
            clock.seconds += FRESH
            assert await verifier.caller(issuer.token())
            clock.seconds += GOOD - FRESH - 1
            assert await verifier.caller(issuer.token())
            clock.seconds += PAUSE
            assert await verifier.caller(issuer.token()) is None
        issuer.come_back()

        assert [(line["log_level"], line.get("seconds_old")) for line in said] == [("warning", 3600), ("warning", 86399), ("error", None)]

    @pytest.mark.parametrize("fault", WHY)
    @pytest.mark.parametrize("path", [DISCOVERY, KEYS])
    async def test_whatever_goes_wrong_there_the_old_keys_hold(self, issuer: FakeIssuer, clock: Clock, path: str, fault: Fault) -> None:
        keys = ProviderKeys(issuer.issuer, unproxied, clock, seconds=0.3)
        (old,) = issuer.pairs
        assert await keys.key(old)
        new = issuer.rotate(keep=True)
        issuer.faults[path] = fault
        clock.seconds += FRESH
        with capture_logs() as said:
            assert await keys.key(old)
            assert await keys.key(new) is None

        assert [line["log_level"] for line in said] == ["warning"]
        assert WHY[fault] in said[0]["why"]
        issuer.faults.clear()
        clock.seconds += PAUSE
        assert await keys.key(new)

    async def test_who_names_a_key_that_is_held_does_not_wait_for_a_slow_issuer(self, issuer: FakeIssuer, clock: Clock) -> None:
        keys = ProviderKeys(issuer.issuer, unproxied, clock)
        (kid,) = issuer.pairs
        assert await keys.key(kid)
        issuer.faults[DISCOVERY] = "slow"
        clock.seconds += FRESH
        fetching = asyncio.create_task(keys.key(kid))
        await asyncio.to_thread(issuer.wait_until_asked, 2)

        assert await keys.key(kid)
        assert not fetching.done()
        issuer.go()
        assert await fetching
        issuer.come_back()

    @pytest.mark.parametrize(
        "listed",
        [[], {}, None, "keys", {"keys": None}, {"keys": {}}, {"keys": []}, {"keys": [None, 7, "x", []]}, {"keys": [{"kty": "RSA"}]},
         {"keys": [{"kid": "k", "kty": "RSA", "n": 5, "e": []}, {"kid": "k", "kty": "RSA", "n": "!", "e": "AQAB"}]},
         {"keys": [{"kid": "k", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kid": "k", "kty": ["EC"], "crv": {}}]},
         {"keys": [{"kid": "k", "kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}]},
         {"keys": [{"kid": "k", "kty": "OKP", "crv": "Ed25519", "x": "AA"}, {"kid": "k", "kty": "oct", "k": "c2VjcmV0"}]}],
    )  # fmt: skip
    async def test_a_set_without_keys_lets_nobody_in(self, issuer: FakeIssuer, verifier: OidcVerifier, listed: object) -> None:
        issuer.documents[KEYS] = listed
        with capture_logs() as said:
            assert await verifier.caller(issuer.token(header={"kid": "k"})) is None

        assert "/sign-in/keys" in said[0]["why"]

    async def test_keys_that_are_broken_do_not_spoil_the_others(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        true = issuer.document(KEYS)["keys"]
        issuer.documents[KEYS] = {"keys": [None, {"kid": "odd", "kty": "RSA", "n": 5}, *true, {"kid": "new", "kty": "AKP"}]}

        assert await verifier.caller(issuer.token())

    async def test_the_private_half_of_a_key_is_not_taken(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        kid = issuer.rotate("RSA")
        issuer.documents[KEYS] = {"keys": [{**issuer.pairs[kid].listed(kid), "d": "AQAB", "p": "AQAB"}]}

        assert await verifier.caller(issuer.token())

    async def test_a_short_key_signs_nothing(self, issuer: FakeIssuer, verifier: OidcVerifier) -> None:
        issuer.pairs = {"short": pair("RSA", 0, 1024)}
        with pytest.warns(jwt.InsecureKeyLengthWarning):
            token = issuer.token()

        assert await verifier.caller(token) is None

    @pytest.mark.parametrize(
        "document",
        [
            [],
            {},
            {"issuer": "{issuer}"},
            {"issuer": "https://sign-in.example", "jwks_uri": "{issuer}/keys"},
            {"issuer": "{issuer}/", "jwks_uri": "{issuer}/keys"},
            {"issuer": "{issuer}", "jwks_uri": "http://sign-in.example/keys"},
            {"issuer": "{issuer}", "jwks_uri": "http://localhost@sign-in.example/"},
            {"issuer": "{issuer}", "jwks_uri": "file:///etc/keys"},
            {"issuer": "{issuer}", "jwks_uri": "http://["},
            {"issuer": "{issuer}", "jwks_uri": "http://localhost:70000/keys"},
            {"issuer": "{issuer}", "jwks_uri": "https://xn--/keys"},
            {"issuer": "{issuer}", "jwks_uri": "https://\ud800/keys"},
            {"issuer": "{issuer}", "jwks_uri": 7},
        ],
        ids=repr,
    )
    async def test_a_discovery_of_another_or_to_an_unsafe_place_is_not_followed(
        self, issuer: FakeIssuer, verifier: OidcVerifier, document: Any
    ) -> None:
        written = json.dumps(document).replace("{issuer}", issuer.issuer)
        issuer.documents[DISCOVERY] = json.loads(written)
        with capture_logs() as said:
            assert await verifier.caller(issuer.token()) is None

        assert [line["why"].startswith(issuer.issuer + DISCOVERY) for line in said] == [True], (
            "whoever is called there cannot be reached either"
        )
        assert issuer.asked == [DISCOVERY]

    @pytest.mark.parametrize(
        "issuer_url",
        ["", "sign-in.example", "http://sign-in.example", "ftp://localhost", "https://", "http://[", "http://127.0.0.1@a.example"],
    )
    def test_an_issuer_without_https_is_a_wrong_setting(self, issuer_url: str) -> None:
        with pytest.raises(SettingsError, match=r"^FOOTNOTE_OIDC_ISSUER: "):
            OidcVerifier(issuer_url, AUDIENCE)


class TestThroughTheDoor:
    """Two users in two groups, a document of one of these."""

    @pytest.fixture
    def door(self, issuer: FakeIssuer, tmp_path: Path) -> Iterator[httpx.Client]:
        world = World(tmp_path)
        world.write("travel.md", "# Travel\n\nEmployees travel second class by train.\n")
        world.write("budget.md", "---\ngroups: [finance]\n---\n# Budget\n\nThe budget of the next year is seven million euros.\n")
        world.ingest()
        doors = Doors(doorman=Doorman([verifier_of(issuer)]))
        with (
            world.assistant(OPEN_GATE) as assistant,
            serving(create_app(assistant, doors)) as url,
            httpx.Client(base_url=url, timeout=30, trust_env=False) as http,
        ):
            yield http

    def test_what_one_may_not_read_is_not_there(self, issuer: FakeIssuer, door: httpx.Client) -> None:
        ada, bob = (
            {"authorization": f"Bearer {issuer.token(email=f'{name}@northlight.example', groups=[group])}"}
            for name, group in (("ada", "finance"), ("bob", "hr"))
        )
        (budget,) = door.get("/v1/documents", params={"source": "budget.md"}, headers=ada).json()["documents"]
        question = {"question": "How many million euros is the budget of the next year?"}
        adas, bobs = (door.post("/v1/ask", json=question, headers=who) for who in (ada, bob))

        assert adas.json()["citations"][0]["source"] == "budget.md"
        assert "million" not in bobs.text
        assert "budget.md" not in bobs.text
        assert door.get(f"/v1/documents/{budget['id']}", headers=ada).status_code == 200
        refused, absent = (door.get(f"/v1/documents/{name}", headers=bob) for name in (budget["id"], "none"))
        assert (refused.status_code, refused.text.replace(budget["id"], "none")) == (404, absent.text)
        assert [document["source"] for document in door.get("/v1/documents", headers=bob).json()["documents"]] == ["travel.md"]
        assert door.get(f"/v1/traces/{adas.json()['trace_id']}", headers=bob).status_code == 404

    def test_who_is_not_let_in_is_not_told_why(self, issuer: FakeIssuer, door: httpx.Client) -> None:
        wrong = [
            issuer.token(aud="another"),
            issuer.token(**at(exp=After(-90))),
            issuer.token(header={"kid": "new"}),
            issuer.token(email=None),
            "x",
            "a.b.c",
        ]
        headers: list[dict[str, str]] = [{"authorization": f"Bearer {token}"} for token in wrong]
        answers = [door.get("/v1/documents", headers=sent) for sent in (*headers, {"authorization": f"Basic {issuer.token()}"}, {})]

        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        assert not any(word in answers[0].text.lower() for word in ("expired", "audience", "signature", "kid", issuer.issuer))

    def test_an_issuer_that_is_away_is_no_failure_of_ours(self, issuer: FakeIssuer, door: httpx.Client) -> None:
        token = issuer.token()
        issuer.go()
        with capture_logs() as said:
            answer = door.get("/v1/documents", headers={"authorization": f"Bearer {token}"})
        issuer.come_back()

        assert answer.status_code == 401
        assert [line["event"] for line in said if line["log_level"] != "info"] == ["sign-in gives no keys, nobody gets in by it"]
        assert token not in str(said)


class TestSettings:
    def test_none_is_no_sign_in(self) -> None:
        assert make_oidc(Settings()) is None

    @pytest.mark.parametrize("half", [{"oidc_issuer": "https://sign-in.example"}, {"oidc_audience": AUDIENCE}], ids=repr)
    def test_half_of_it_is_a_wrong_setting(self, half: dict[str, str]) -> None:
        with pytest.raises(SettingsError, match="FOOTNOTE_OIDC_ISSUER and FOOTNOTE_OIDC_AUDIENCE"):
            make_doors(Settings(**half))  # type: ignore[arg-type]  # one of the two

    async def test_with_both_the_door_is_locked_and_tokens_open_it(
        self, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for name, value in {
            "NO_PROXY": "127.0.0.1",
            "FOOTNOTE_OIDC_ISSUER": issuer.issuer,
            "FOOTNOTE_OIDC_AUDIENCE": AUDIENCE,
            "FOOTNOTE_OIDC_NAME_CLAIM": "sub",
            "FOOTNOTE_OIDC_GROUPS_CLAIM": "realm_access.roles",
            "FOOTNOTE_OIDC_ADMINS": "board, it-admins",
        }.items():
            monkeypatch.setenv(name, value)
        doorman = make_doors(load_settings()).doorman
        caller = await doorman.identify(f"Bearer {issuer.token(realm_access={'roles': ['it-admins']})}")

        assert doorman.locked
        assert caller == Caller(Principal("oidc:00u1", frozenset({"it-admins"})), frozenset({"ask", "traces", "admin"}))
