"""`footnote keys`: who may ask over HTTP, and what they may read there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from assistant.errors import InvalidRequest

if TYPE_CHECKING:
    from api.identity.audit import AuditLog
    from api.identity.callers import Scope
    from api.identity.keys import Key, Keys

app = typer.Typer(help="Make, list and end API keys.", no_args_is_help=True, add_completion=False)
_DAYS = re.compile(r"(\d{1,5})d")
Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is; it stands in traces and costs.")],
    groups: Annotated[str, typer.Option(help="Groups whose documents it reads, with commas; none: what everyone may read.")] = "",
    scopes: Annotated[str, typer.Option(help="What it is good for, with commas: ask, traces, admin.")] = "ask,traces",
    expires: Annotated[str | None, typer.Option(help="When it ends: 90d, or a day as YYYY-MM-DD; else never.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, once. From then on nobody is answered without one."""
    keys, audit = _open()
    wanted = cast("tuple[Scope, ...]", _listed(scopes))
    key, token = keys.create(name, _listed(groups), wanted, _end(expires))
    audit.write("local", "create key", _told(key))
    if as_json:
        print(json.dumps({"key": token} | _shown(key), ensure_ascii=False))
        return
    print(token)
    typer.echo(f"This is the key {name}: {_told(key)}. It is shown this once; send it as Authorization: Bearer …", err=True)


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """List all keys, those that ended too."""
    from api.render_keys import print_keys

    shown = [_shown(key) for key in _open()[0].listed()]
    if as_json:
        print(json.dumps(shown, indent=1, ensure_ascii=False))
    else:
        print_keys(shown)


@app.command()
def revoke(name: Annotated[str, typer.Argument(metavar="NAME", help="The key to end.")]) -> None:
    """End a key, from the next request on."""
    keys, audit = _open()
    key = keys.revoke(name)
    audit.write("local", "revoke key", key.name)
    typer.echo(f"The key {name} opens nothing any more.", err=True)


def _open() -> tuple[Keys, AuditLog]:
    from api.identity.audit import AuditLog
    from api.identity.keys import Keys
    from assistant.generation import Home
    from assistant.settings import load_settings

    home = Home(load_settings().home)
    return Keys(home.keys), AuditLog(home.audit)


def _listed(written: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in written.split(",") if name.strip()))


def _end(written: str | None) -> datetime | None:
    if written is None:
        return None
    now = datetime.now(UTC)
    if days := _DAYS.fullmatch(written):
        return now + timedelta(days=int(days[1]))
    try:
        return datetime.fromisoformat(f"{datetime.strptime(written, '%Y-%m-%d').date()}T00:00:00+00:00")  # noqa: DTZ007  # a day alone
    except ValueError:
        raise InvalidRequest("--expires", f"{written} is neither a number of days like 90d nor a day as YYYY-MM-DD") from None


def _told(key: Key) -> str:
    groups = f"reads {', '.join(key.groups)}" if key.groups else "reads what everyone may read"
    return f"{key.name}, {groups}, for {', '.join(key.scopes)}, {f'until {key.expires:%Y-%m-%d}' if key.expires else 'without an end'}"


def _shown(key: Key) -> dict[str, Any]:
    """All but its digest."""
    times = {name: time.isoformat() if time else None for name, time in (("created", key.created), ("expires", key.expires))}
    state = key.state(datetime.now(UTC))
    return {"id": key.id, "name": key.name, "groups": list(key.groups), "scopes": list(key.scopes), "state": state} | times
