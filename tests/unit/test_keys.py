"""API keys: what is stored of them, what opens, and for how long."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.identity.callers import Caller, Doorman
from api.identity.keys import Keys
from assistant.errors import FootnoteError, InvalidRequest, NotFound, Unauthenticated
from assistant.types import LOCAL, Principal

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> Keys:
    return Keys(tmp_path / "home" / "keys.json", clock)


async def test_a_key_opens_for_its_name_groups_and_scopes(keys: Keys) -> None:
    _, token = keys.create("bot", ("hr", "it"), ("ask",), None)
    assert await keys.caller(token) == Caller(Principal("key:bot", frozenset({"hr", "it"})), frozenset({"ask"}))


async def test_nobody_reads_everything_by_a_key(keys: Keys) -> None:
    _, token = keys.create("root", (), ("admin",), None)
    found = await keys.caller(token)
    assert found is not None
    assert not found.principal.reads_all


def test_what_is_stored_does_not_open(keys: Keys, tmp_path: Path) -> None:
    _, token = keys.create("bot", (), ("ask",), None)
    stored = (tmp_path / "home" / "keys.json").read_text(encoding="utf-8")
    secret = token.rpartition("_")[2]
    assert secret not in stored
    assert (tmp_path / "home" / "keys.json").stat().st_mode & 0o077 == 0


async def test_a_key_ends(keys: Keys, clock: Clock) -> None:
    _, token = keys.create("bot", (), ("ask",), NOON + timedelta(days=1))
    clock.now = NOON + timedelta(days=1) - timedelta(seconds=1)
    assert await keys.caller(token)
    clock.now = NOON + timedelta(days=1)
    assert await keys.caller(token) is None
    assert keys.listed()[0].state(clock.now) == "expired"


async def test_another_process_revokes_and_the_next_request_is_turned_away(keys: Keys, tmp_path: Path) -> None:
    _, token = keys.create("bot", (), ("ask",), None)
    assert await keys.caller(token)
    Keys(tmp_path / "home" / "keys.json").revoke("bot")
    assert await keys.caller(token) is None
    with pytest.raises(NotFound):
        keys.revoke("bot")


async def test_another_process_makes_a_key_and_it_opens_at_once(keys: Keys, tmp_path: Path) -> None:
    before = keys.wanted
    _, token = Keys(tmp_path / "home" / "keys.json").create("bot", (), ("ask",), None)
    assert (before, keys.wanted) == (False, True)
    assert await keys.caller(token)


def test_a_name_is_used_once(keys: Keys) -> None:
    keys.create("bot", (), ("ask",), None)
    keys.revoke("bot")
    with pytest.raises(InvalidRequest, match="choose another name"):
        keys.create("bot", (), ("ask",), None)


@pytest.mark.parametrize(
    ("name", "groups", "scopes", "expires", "field"),
    [
        ("", (), ("ask",), None, "NAME"),
        ("two words", (), ("ask",), None, "NAME"),
        ("a" * 65, (), ("ask",), None, "NAME"),
        ("bot", ("",), ("ask",), None, "--groups"),
        ("bot", (), (), None, "--scopes"),
        ("bot", (), ("everything",), None, "--scopes"),
        ("bot", (), ("ask",), NOON, "--expires"),
    ],
)
def test_what_is_no_key(
    keys: Keys, name: str, groups: tuple[str, ...], scopes: tuple[str, ...], expires: datetime | None, field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        keys.create(name, groups, scopes, expires)  # type: ignore[arg-type]  # what somebody may type
    assert refused.value.field == field
    assert not keys.wanted


@settings(max_examples=60, deadline=None)
@given(st.data())
async def test_nothing_but_the_key_itself_opens(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    keys = Keys(tmp_path_factory.mktemp("keys") / "keys.json")
    _, token = keys.create("bot", (), ("ask",), None)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcXYZ019_- é"))
    changed = token[:at] + other + token[at + 1 :]
    assert (await keys.caller(changed) is not None) == (changed == token)
    assert await keys.caller(token[:at]) is None
    assert await keys.caller(token + other) is None


async def test_a_file_that_cannot_be_read_opens_nothing(keys: Keys, tmp_path: Path) -> None:
    _, token = keys.create("bot", (), ("ask",), None)
    (tmp_path / "home" / "keys.json").write_text("{", encoding="utf-8")
    assert keys.wanted
    assert await keys.caller(token) is None
    with pytest.raises(FootnoteError, match="Put a copy of it back"):
        keys.create("other", (), ("ask",), None)
    assert (tmp_path / "home" / "keys.json").read_text(encoding="utf-8") == "{"


async def test_a_file_that_is_gone_opens_no_door_that_was_closed(keys: Keys, tmp_path: Path) -> None:
    doorman = Doorman([keys])
    assert (await doorman.identify(None)).principal == LOCAL
    _, token = keys.create("bot", (), ("ask",), None)
    assert (await doorman.identify(f"Bearer {token}")).principal.name == "key:bot"
    (tmp_path / "home" / "keys.json").unlink()
    for shown in (None, f"Bearer {token}"):
        with pytest.raises(Unauthenticated):
            await doorman.identify(shown)


@pytest.mark.parametrize("shape", ["{}", "Basic {}", "bearer{}", "Bearer {} x", "Bearer", "Bearer \x00{}"])
async def test_the_header_is_a_bearer_s(keys: Keys, shape: str) -> None:
    _, token = keys.create("bot", (), ("ask",), None)
    with pytest.raises(Unauthenticated):
        await Doorman([keys]).identify(shape.format(token))
    assert await Doorman([keys]).identify(f"bearer  {token} ")


def test_keys_are_told_from_other_words(keys: Keys) -> None:
    _, token = keys.create("bot", (), ("ask",), None)
    assert re.fullmatch(r"fn_[0-9a-f]{12}_[\w-]{43}", token)
    assert json.loads(json.dumps([key.name for key in keys.listed()])) == ["bot"]
