"""`footnote traces`: what was asked, seen, decided and paid."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import InvalidRequest

if TYPE_CHECKING:
    from assistant.traces import Ledger

LISTED = 20


def command(
    trace_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One trace, whole.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(help="How many of the newest; else 20, with --as-questions all.", min=1)] = None,
    thumbs_down: Annotated[bool, typer.Option("--thumbs-down", help="Only those with a thumb down.")] = False,
    as_questions: Annotated[bool, typer.Option("--as-questions", help="Print rows for `footnote eval`, to be labelled.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the newest traces, or show one."""
    from api.render import print_trace, print_traces
    from assistant.generation import Home
    from assistant.settings import load_settings
    from assistant.traces import Ledger

    if trace_id and thumbs_down:
        raise InvalidRequest("--thumbs-down", "chooses from the list; leave the ID out")
    with closing(Ledger(Home(load_settings().home).traces)) as ledger:
        if as_questions:
            _print_questions(ledger, [trace_id] if trace_id else [one["id"] for one in ledger.recent(limit, disliked=thumbs_down)])
            return
        found = ledger.trace(trace_id) if trace_id else ledger.recent(limit or LISTED, disliked=thumbs_down)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    elif isinstance(found, list):
        print_traces(found)
    else:
        print_trace(found)


def _print_questions(ledger: Ledger, trace_ids: Iterable[str]) -> None:
    from assistant.evaluation.feedback import rows_of

    for row in rows_of(ledger.trace(trace_id) for trace_id in trace_ids):
        print(json.dumps(row, ensure_ascii=False))
