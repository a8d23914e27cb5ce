"""How the report of costs looks to a person: what was paid in words, then a table for each way of looking at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.render import console, counted, dollars

_TABLES = (("day (UTC)", "by_day"), ("model", "by_model"), ("principal", "by_principal"), ("outcome", "by_outcome"))
_COLUMNS = {
    "usd": "cost",
    "usd_estimated": "estimated",
    "calls": "calls",
    "failed": "failed",
    "unknown": "unknown",
    "input_tokens": "tokens in",
    "output_tokens": "tokens out",
}
_RARE = ("usd_estimated", "failed", "unknown")
_WIDEST = 500


def print_costs(report: Mapping[str, Any]) -> None:
    """`report` is what `GET /v1/costs` gives."""
    out = console()
    total, mean = report["total"], report["usd_per_question"]
    each = "" if mean is None else f": {'at least ' if total['unknown'] else ''}{dollars(mean)} a question"
    calls, questions = counted(total["calls"], "call"), counted(report["questions"], "question")
    out.print(f"[bold]{dollars(total['usd'])}[/] for {calls}, over {questions}{each}.")
    for remark in _remarks(total):
        out.print(f"  {remark}")
    for name, groups in _TABLES:
        if report[groups]:
            out.print()
            _print_whole(out, _table(name, report[groups], total))


def _print_whole(out: Console, table: Table) -> None:
    """A terminal gets rows that fit; where nobody looks, a row stays one line."""
    if not out.is_terminal:
        table.width = out.measure(table, options=out.options.update(max_width=_WIDEST)).maximum
    out.print(table)


def _remarks(total: Mapping[str, Any]) -> Iterator[str]:
    if total["estimated"]:
        part = f"of which {dollars(total['usd_estimated'])} estimated: " if total["usd_estimated"] else ""
        yield f"{part}the provider reported no tokens for {counted(total['estimated'], 'call')}"
    if total["unknown"]:
        yield f"not counting {counted(total['unknown'], 'call')} of unknown price"
    if total["calls"]:
        read, written = f"{total['input_tokens']:,} tokens in", f"{total['output_tokens']:,} out"
        yield f"{read} ({total['cached_tokens']:,} cached by the provider), {written} ({total['reasoning_tokens']:,} for reasoning)"


def _table(name: str, groups: Mapping[str, Mapping[str, Any]], total: Mapping[str, Any]) -> Table:
    """What happened to no call needs no column."""
    shown = [column for column in _COLUMNS if total[column] or column not in _RARE]
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(name, overflow="fold")
    for column in shown:
        table.add_column(_COLUMNS[column], justify="right", no_wrap=True)
    for group, paid in groups.items():
        table.add_row(escape(group), *(_cell(column, paid[column]) for column in shown))
    return table


def _cell(column: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    return dollars(value) if column.startswith("usd") else f"{value:,}"
