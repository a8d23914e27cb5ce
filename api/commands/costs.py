"""`footnote costs`: what the calls to models cost."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Show what was paid, by day, model, principal and outcome."""
    from api.http.shapes import costs_out
    from api.render_costs import print_costs
    from assistant.costs import cost_report
    from assistant.generation import Home
    from assistant.settings import load_settings
    from assistant.traces import Ledger

    with closing(Ledger(Home(load_settings().home).traces)) as ledger:
        report = costs_out(cost_report(ledger)).model_dump(mode="json")
    if as_json:
        print(json.dumps(report, indent=1))
    else:
        print_costs(report)
