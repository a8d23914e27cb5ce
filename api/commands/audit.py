"""`footnote audit`: who looked at what others asked, and whether the log was tampered with."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from assistant.errors import FootnoteError


def command(
    known: Annotated[str | None, typer.Option(metavar="DIGEST", help="Fail where the entry of this digest is gone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check the audit log and print it."""
    from api.identity.audit import AuditLog
    from api.render_keys import print_audit
    from assistant.generation import Home
    from assistant.settings import load_settings

    path = Home(load_settings().home).audit
    entries = AuditLog(path).entries()
    if known is not None and all(entry.digest != known for entry in entries):
        raise FootnoteError(f"{path} was tampered with: the entry {known} is gone.")
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=1, ensure_ascii=False))
    else:
        print_audit(entries)
