"""Keys and the audit log for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from api.identity.audit import Entry


def print_keys(keys: Sequence[Mapping[str, Any]]) -> None:
    if not keys:
        Console(stderr=True).print("There are no keys: whoever reaches the server is the local user, and reads everything.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "groups", "scopes", "state", "created", "expires"):
        table.add_column(column)
    for key in keys:
        ends = key["expires"][:10] if key["expires"] else "never"
        table.add_row(key["name"], ", ".join(key["groups"]) or "-", ", ".join(key["scopes"]), key["state"], key["created"][:10], ends)
    Console().print(table)


def print_audit(entries: Sequence[Entry]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("at", "who", "did", "what"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        table.add_row(entry.at[:19].replace("T", " "), entry.who, entry.did, entry.what)
    Console().print(table)
    last = entries[-1].digest if entries else "-"
    Console(stderr=True).print(f"{len(entries)} entries, none changed. The last one's digest: {last}", highlight=False)
