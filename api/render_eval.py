"""How an evaluation looks to a person: what was measured, what is to be done about the rows, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.render import console, counted, dollars
from assistant.evaluation.compare import Change, Comparison, Difference
from assistant.evaluation.results import Conditions, Evaluation, Point
from assistant.evaluation.summary import RETRIEVAL, WORTH, counted_in

MOST_LISTED = 20
MOST_POINTS = 5
DEFECTS = ("quotes_not_verbatim", "answers_without_citation", "answers_with_wrong_marks", "refusals_that_cite")
PERCENTILES = {"quote_characters": "characters", "search_ms": "ms", "ask_ms": "ms"}

Line = tuple[str, str, str]


def print_evaluation(evaluation: Evaluation) -> None:
    out = console()
    out.print(f"[bold]{escape(_asked(evaluation))}[/]")
    out.print(f"[dim]{escape(_made_on(evaluation.conditions))}[/]")
    _print_rows_to_mend(out, evaluation)
    table = Table("measure", "value", "", box=None, header_style="dim", pad_edge=False)
    table.columns[1].justify = "right"
    for section in (_retrieval(evaluation), _worth(evaluation), _defects(evaluation), _rest(evaluation)):
        lines = list(section)
        for name, value, note in lines:
            table.add_row(name, value, f"[dim]{escape(note)}[/]")
        if lines:
            table.add_row()
    out.print(table, soft_wrap=False)
    _print_curve(out, evaluation.curve)


def _asked(evaluation: Evaluation) -> str:
    rows = evaluation.rows
    answerable = sum(row.answerable for row in rows)
    return f"{evaluation.conditions.folder}: {counted(len(rows), 'question')}, {answerable} of them answerable"


def _made_on(conditions: Conditions) -> str:
    return ", ".join(
        [f"generation {conditions.generation}", conditions.model or "extractive", f"gate {conditions.gate}", *_unusual(conditions)]
    )


def _unusual(conditions: Conditions) -> Iterator[str]:
    if conditions.field != "question":
        yield f"asked by {conditions.field}"
    if conditions.scope:
        yield "each in its own document alone"
    if conditions.absent:
        yield "all to be refused"
    if conditions.limit:
        yield f"a sample of {conditions.limit}"
    if conditions.groups is not None:
        yield f"asked as a member of {', '.join(conditions.groups) or 'no group'}"


def _print_rows_to_mend(out: Console, evaluation: Evaluation) -> None:
    if lines := evaluation.unlabelled:
        numbers = ", ".join(map(str, lines[:MOST_LISTED])) + (" …" if len(lines) > MOST_LISTED else "")
        rows = "1 row is" if len(lines) == 1 else f"{len(lines)} rows are"
        out.print(f'[yellow]{rows} not labelled yet and were skipped: set "answerable" in line {numbers}.[/]')
    for warning in evaluation.warnings[:MOST_LISTED]:
        out.print(f"[yellow]{escape(warning)}[/]")
    if (more := len(evaluation.warnings) - MOST_LISTED) > 0:
        out.print(f"[yellow]… and {more} more (--json lists all)[/]")
    out.print()


def _retrieval(evaluation: Evaluation) -> Iterator[Line]:
    for name in RETRIEVAL:
        yield from _share(evaluation, name, "question")


def _worth(evaluation: Evaluation) -> Iterator[Line]:
    measures = evaluation.measures
    about = {
        "answer_rate": "answerable question",
        "refusal_rate": "unanswerable question",
        "right_when_answered": "answer",
        "citation_precision": "answer",
        "citation_recall": "answer",
    }
    for name in WORTH:
        yield from _share(evaluation, name, about.get(name, "question"))
        if name == "truthfulness" and measures[name] is not None:
            yield "  by refusing everything", f"{measures['truthfulness_refuse_all']:.3f}", ""
    if (auroc := measures["auroc"]) is not None:
        yield "auroc", f"{auroc:.3f}", "of confidence"
    if evaluation.reasons:
        yield "refusals", str(sum(evaluation.reasons.values())), ", ".join(f"{count} {why}" for why, count in evaluation.reasons.items())


def _share(evaluation: Evaluation, name: str, what: str) -> Iterator[Line]:
    if (value := evaluation.measures[name]) is not None:
        yield name, f"{value:.3f}", f"over {counted(counted_in(name, evaluation.rows), what)}"


def _defects(evaluation: Evaluation) -> Iterator[Line]:
    """Each of them is a fault of Footnote's, however few there are."""
    for name in DEFECTS:
        if (value := evaluation.measures[name]) is not None:
            note = f"of {evaluation.measures['quotes'] or 0:.0f} quotes" if name == "quotes_not_verbatim" else ""
            yield name, f"[red]{value:.0f}[/]" if value else "0", note


def _rest(evaluation: Evaluation) -> Iterator[Line]:
    measures = evaluation.measures
    for name, unit in PERCENTILES.items():
        half, most = measures[f"{name}_p50"], measures[f"{name}_p95"]
        if half is not None and most is not None:
            yield name, f"{half:.0f} / {most:.0f}", f"p50 / p95, {unit}"
    if measures["calls"]:
        left_out = f", {unknown:.0f} of unknown cost left out" if (unknown := measures["cost_unknown"]) else ""
        yield "cost_usd", dollars(measures["cost_usd"]), f"{counted(int(measures['calls']), 'call')}{left_out}"


def _print_curve(out: Console, curve: Sequence[Point]) -> None:
    """A few points, evenly apart in number; the last is what is answered today."""
    if not curve:
        return
    last = len(curve) - 1
    chosen = sorted({round(last * step / (MOST_POINTS - 1)) for step in range(MOST_POINTS)})
    table = Table("answered from", "coverage", "risk", "answers", box=None, header_style="dim", pad_edge=False)
    for index in chosen:
        point = curve[index]
        today = "  today" if index == last else ""
        table.add_row(f"{point.confidence:.2f}{today}", f"{point.coverage:.0%}", f"{point.risk:.0%}", str(point.answers))
    out.print(table, soft_wrap=False)


def print_comparison(comparison: Comparison) -> None:
    out = console()
    out.print(f"\n[bold]Since {escape(comparison.date)}[/] [dim](generation {escape(comparison.generation)})[/]")
    others = ((comparison.altered, "altered since"), (comparison.new, "new"), (comparison.gone, "gone"))
    beside = "".join(f"; {number} {word}, not compared" for number, word in others if number)
    out.print(f"{counted(comparison.compared, 'question')} compared{beside}.\n")
    table = Table("measure", "before", "now", "difference", "95 % interval", box=None, header_style="dim", pad_edge=False)
    for one in comparison.differences:
        colour = _colour(one)
        moved = f"[{colour}]{one.difference:+.3f}[/]"
        table.add_row(one.name, f"{one.before:.3f}", f"{one.now:.3f}", moved, f"{one.low:+.3f} to {one.high:+.3f}")
    out.print(table, soft_wrap=False)
    for better, word, colour in ((True, "better", "green"), (False, "worse", "red")):
        _print_changes(out, [change for change in comparison.changes if change.better is better], word, colour)


def _colour(difference: Difference) -> str:
    """None but where the questions tell the two apart."""
    return "green" if difference.low > 0 else "red" if difference.high < 0 else "default"


def _print_changes(out: Console, changes: Sequence[Change], word: str, colour: str) -> None:
    out.print(f"\n[{colour}]{counted(len(changes), 'question')} {word}[/]")
    for change in changes[:MOST_LISTED]:
        out.print(f"  [{colour}]{escape(', '.join(change.what))}[/]  [dim]{escape(change.id)}[/]  {escape(change.question)}")
    if (more := len(changes) - MOST_LISTED) > 0:
        out.print(f"  [dim]… and {more} more (--json lists all)[/]")
