"""API keys: shown once, kept as a digest, with a name, groups, scopes and an end.

They lie in one file, `FOOTNOTE_HOME/keys.json`, that is replaced as a whole, so that a running server knows of a new key and of a revoked
one with the next request. A key is 256 random bits, so a plain SHA-256 of it cannot be searched through: a slow digest is for passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog
from filelock import FileLock

from api.identity.callers import SCOPES, Caller, Scope
from assistant.errors import FootnoteError, InvalidRequest, NotFound
from assistant.types import Principal

_TOKEN = re.compile(r"fn_(?P<id>[0-9a-f]{12})_(?P<secret>[\w-]{43})")
_NAME = re.compile(r"[\w.@-]{1,64}")
_NOBODY = "0" * 64
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Key:
    """`expires` and `revoked` are None where it does not end, and was not ended."""

    id: str
    name: str
    digest: str
    groups: tuple[str, ...]
    scopes: tuple[Scope, ...]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None

    def state(self, now: datetime) -> str:
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "valid"

    @property
    def caller(self) -> Caller:
        return Caller(Principal(f"key:{self.name}", frozenset(self.groups)), frozenset(self.scopes))


class Keys:
    """Implements `Verifier`. Safe to share between threads and processes."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock
        self._stamp: tuple[int, int, int] | None = None
        self._known: dict[str, Key] = {}

    @property
    def wanted(self) -> bool:
        return self._path.exists()

    async def caller(self, token: str) -> Caller | None:
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        key = self._current().get(match["id"])
        right = hmac.compare_digest(_digest(match["secret"]), key.digest if key else _NOBODY)
        return key.caller if key and right and key.state(self._clock()) == "valid" else None

    def listed(self) -> list[Key]:
        """In the order in which they were made, revoked ones too. Raises FootnoteError where the file cannot be read."""
        return list(_read(self._path).values())

    def create(self, name: str, groups: Sequence[str], scopes: Sequence[Scope], expires: datetime | None) -> tuple[Key, str]:
        """The new key, and the token that is never to be had again. Raises InvalidRequest. A name is used once: whoever had it before has
        traces under it."""
        _check(name, groups, scopes, expires, self._clock())
        secret = secrets.token_urlsafe(32)
        key = Key(secrets.token_hex(6), name, _digest(secret), tuple(groups), tuple(scopes), self._clock(), expires)
        with self._lock():
            known = _read(self._path)
            if any(other.name == name for other in known.values()):
                raise InvalidRequest("NAME", f"there is or was a key {name}; choose another name")
            self._write({**known, key.id: key})
        return key, f"fn_{key.id}_{secret}"

    def revoke(self, name: str) -> Key:
        """Raises NotFound where there is no valid key of this name."""
        with self._lock():
            known = _read(self._path)
            key = next((key for key in known.values() if key.name == name and key.revoked is None), None)
            if key is None:
                raise NotFound(f"There is no key {name}, or it is revoked. `footnote keys list` shows all.")
            ended = replace(key, revoked=self._clock())
            self._write({**known, key.id: ended})
        return ended

    def _current(self) -> dict[str, Key]:
        """What the file holds now. Where it cannot be read nobody gets in, and the log says why."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            if stamp != self._stamp:
                self._known, self._stamp = _read(self._path), stamp
        except (OSError, FootnoteError) as error:
            log.error("keys cannot be read", error=str(error))
            self._known, self._stamp = {}, None
        return self._known

    def _lock(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path.with_suffix(".lock"))

    def _write(self, keys: dict[str, Key]) -> None:
        text = json.dumps([asdict(key) for key in keys.values()], indent=1, default=datetime.isoformat, ensure_ascii=False)
        aside = self._path.with_suffix(".new")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._path)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(name: str, groups: Sequence[str], scopes: Sequence[Scope], expires: datetime | None, now: datetime) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidRequest("NAME", "is 1 to 64 letters, digits and . _ - @")
    if not all(groups):
        raise InvalidRequest("--groups", "are names with commas between")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidRequest("--scopes", f"are some of {', '.join(SCOPES)}")
    if expires is not None and expires <= now:
        raise InvalidRequest("--expires", "is in the past")


def _read(path: Path) -> dict[str, Key]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {row["id"]: _key(row) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FootnoteError(f"{path} cannot be read: {error}. Put a copy of it back, or move it away and make new keys.") from error


def _key(row: dict[str, str | list[str] | None]) -> Key:
    days = {name: datetime.fromisoformat(str(row[name])) if row[name] else None for name in ("created", "expires", "revoked")}
    return Key(**(row | days | {"groups": tuple(row["groups"] or ()), "scopes": tuple(row["scopes"] or ())}))  # type: ignore[arg-type]  # as `_write` wrote it
