"""`footnote traces`: what was asked, seen, decided and paid."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Annotated

import typer


def command(
    trace_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One trace, whole.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many of the newest to list.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the newest traces, or show one."""
    from api.render import print_trace, print_traces
    from assistant.generation import Home
    from assistant.settings import load_settings
    from assistant.traces import Ledger

    with closing(Ledger(Home(load_settings().home).traces)) as ledger:
        found = ledger.trace(trace_id) if trace_id else ledger.recent(limit)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    elif isinstance(found, list):
        print_traces(found)
    else:
        print_trace(found)
