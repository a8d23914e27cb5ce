"""`footnote replay`: past questions asked again in this process, and what differs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import InvalidRequest

if TYPE_CHECKING:
    from assistant.replay import Replayer
    from assistant.replay_compare import Replay


def command(
    trace_ids: Annotated[list[str] | None, typer.Argument(metavar="TRACE", help="Ids of traces.", show_default=False)] = None,
    last: Annotated[int | None, typer.Option(help="The newest N that were answered or refused.", metavar="N", min=1)] = None,
    other: Annotated[
        str | None, typer.Option("--with", help="Ask this model, and no other, in place of the trace's.", metavar="MODEL")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Ask past questions again as they were; show what differs from the recorded reply."""
    if bool(trace_ids) == (last is not None):
        raise InvalidRequest("TRACE", "name the traces to ask again (`footnote traces` lists them), or give --last N, not both")
    from api.bootstrap_replay import open_replayer
    from api.render_replay import print_replays
    from assistant.settings import load_settings

    with open_replayer(load_settings(), other) as replayer:
        replays = replay(replayer, trace_ids or [], last or 0)
    if as_json:
        print(json.dumps(as_shown(replays), indent=1, ensure_ascii=False))
    else:
        print_replays(replays)


def replay(replayer: Replayer, trace_ids: Sequence[str], newest: int) -> list[Replay]:
    """All traces are looked up and all models made before the first question is paid for."""
    from api.render_ingest import ProgressBar
    from assistant.replay import last

    traces = [replayer.ledger.trace(trace_id) for trace_id in dict.fromkeys(trace_ids)] or last(replayer.ledger, newest)
    prepared = replayer.prepare(traces)
    with ProgressBar() as progress:
        return asyncio.run(replayer.replay(prepared, lambda done: progress("questions", done, len(prepared))))


def as_shown(replays: Sequence[Replay]) -> dict[str, Any]:
    from assistant.replay_totals import totals

    return {
        "replays": [asdict(replay) | {"alike": replay.alike} for replay in replays],
        "recorded": asdict(totals([replay.recorded for replay in replays])),
        "again": asdict(totals([replay.again for replay in replays])),
    }
