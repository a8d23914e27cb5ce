"""How replays look to a person: for each question both replies side by side and what one says and the other does not; then the sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.render import console, counted, dollars
from assistant.replay_compare import Replay, Side
from assistant.replay_totals import Totals, totals

_MARKS = {"same": (" ", "dim"), "gone": ("-", "red"), "new": ("+", "green")}

Row = tuple[str, str, str]


def print_replays(replays: Sequence[Replay]) -> None:
    out = console()
    if not replays:
        out.print("There is no question yet that could be asked again.")
    for replay in replays:
        _print_replay(out, replay)
    if len(replays) > 1:
        _print_totals(out, replays)


def _print_replay(out: Console, replay: Replay) -> None:
    out.print(f"[bold]{escape(replay.question)}[/]")
    out.print(f"[dim]{escape(_about(replay))}[/]")
    for note in replay.notes:
        out.print(f"[yellow]{escape(note)}[/]")
    _print_beside(out, _rows(replay.recorded, replay.again))
    _print_words(out, replay)
    out.print()


def _about(replay: Replay) -> str:
    who = "" if replay.groups is None else f" by a member of {', '.join(replay.groups) or 'no group'}"
    day = "" if replay.created.startswith(replay.as_of) else f", as of {replay.as_of}"
    when = replay.created[:16].replace("T", " ")
    return f"trace {replay.recorded.trace_id} of {when}{who}{day}; asked again: {replay.again.trace_id}"


def _rows(recorded: Side, again: Side) -> Iterator[Row]:
    """What neither has needs no row."""
    sides = (recorded, again)
    yield "", "recorded", "again"
    yield _row("model", (side.model or "extractive" for side in sides))
    if recorded.generation != again.generation:
        yield _row("generation", (side.generation for side in sides))
    if recorded.prompt != again.prompt:
        yield _row("prompt", (side.prompt or "none" for side in sides))
    yield _row("outcome", (side.outcome + (", degraded" if side.degraded else "") for side in sides))
    if any(side.sentences or side.dropped for side in sides):
        yield _row("sentences", (f"{len(side.sentences)}, {len(side.dropped)} dropped" for side in sides))
    if any(side.quotes for side in sides):
        yield _row("quotes", (f"{len(side.quotes)}, {side.quotes_same} in both" for side in sides))
    if any(side.calls for side in sides):
        yield _row("tokens", map(_tokens, sides))
        yield _row("cost", map(_cost, sides))
    if any(side.milliseconds is not None for side in sides):
        yield _row("time", ("none" if side.milliseconds is None else f"{side.milliseconds:,.0f} ms" for side in sides))


def _row(name: str, values: Iterable[str]) -> Row:
    recorded, again = values
    return name, recorded, again


def _tokens(side: Side | Totals) -> str:
    calls = f" in {counted(side.calls, 'call')}" if side.calls else ""
    return f"{side.input_tokens:,} + {side.output_tokens:,}{calls}"


def _cost(side: Side | Totals) -> str:
    return dollars(side.usd) + (", estimated" if side.estimated else "")


def _print_words(out: Console, replay: Replay) -> None:
    if replay.alike:
        out.print("The same." if replay.sentences else "The same refusal.")
        return
    table = Table.grid(padding=(0, 1))
    for line in replay.sentences:
        mark, style = _MARKS[line.fate]
        table.add_row(mark, escape(line.text), style=style)
    shown = {(line.fate, line.text.rstrip(".!?:;")) for line in replay.sentences}
    for fate, quotes in (("gone", replay.quotes_gone), ("new", replay.quotes_new)):
        mark, style = _MARKS[fate]
        for quoted in quotes:
            if (fate, quoted.quote.rstrip(".!?:;")) not in shown:
                table.add_row(mark, f"[italic]“{escape(quoted.quote)}”[/] {escape(quoted.source)}", style=style)
    for dropped in replay.again.dropped:
        table.add_row("!", f"{escape(dropped.text)} ({escape(dropped.reason)})", style="yellow")
    out.print(table, soft_wrap=False)


def _print_totals(out: Console, replays: Sequence[Replay]) -> None:
    same = sum(replay.alike for replay in replays)
    out.print(f"[bold]{counted(len(replays), 'question')}[/], {same} with the same answer or refusal.")
    recorded, again = [replay.recorded for replay in replays], [replay.again for replay in replays]
    models = _row("model", (", ".join(dict.fromkeys(side.model or "extractive" for side in sides)) for sides in (recorded, again)))
    _print_beside(out, [("", "recorded", "again"), models, *_sums(totals(recorded), totals(again))])


def _sums(*sums: Totals) -> Iterator[Row]:
    yield _row("answered", (f"{one.answered:,}" for one in sums))
    yield _row("refused", map(_refused, sums))
    if any(one.degraded for one in sums):
        yield _row("degraded", (f"{one.degraded:,}" for one in sums))
    yield _row("sentences", (f"{one.sentences:,}, {one.dropped:,} dropped{_share(one.ungrounded)}" for one in sums))
    yield _row("quotes", (f"{one.quotes:,}, {one.quotes_same:,} in both" for one in sums))
    yield _row("tokens", map(_tokens, sums))
    yield _row("cost", map(_cost, sums))
    yield _row("a question", (dollars(one.usd_per_question) for one in sums))
    yield _row("half within", ("none" if one.seconds_p50 is None else f"{one.seconds_p50:,.2f} s" for one in sums))


def _refused(one: Totals) -> str:
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in one.refused.items())
    return f"{sum(one.refused.values()):,}" + (f": {reasons}" if reasons else "")


def _share(ungrounded: float | None) -> str:
    return f" ({ungrounded:.0%})" if ungrounded else ""


def _print_beside(out: Console, rows: Iterable[Row]) -> None:
    """The first row is the heading."""
    heading, *rest = rows
    table = Table(*heading, box=None, header_style="dim", pad_edge=False)
    for name, recorded, again in rest:
        table.add_row(f"[dim]{name}[/]", escape(recorded), escape(again))
    out.print(table, soft_wrap=False)
