"""How an ingest looks to a person: a bar while it works, a report when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from api.render import console, counted
from assistant.generation import Manifest
from ingest.doctor import Finding
from ingest.forget import Forgotten
from ingest.report import FileOutcome, Plan, Report

_MOST_LISTED = 20


class ProgressBar:
    """Shows the stages of an ingest with rate and time left on stderr; silent when stderr is no terminal. Appears with the first word
    of work, and again after a pause."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pause()

    def pause(self) -> None:
        """Takes the bar away, so that something else can be written."""
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._tasks = None, {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        progress = self._progress or self._started()
        if stage not in self._tasks:
            self._tasks[stage] = progress.add_task(stage, total=total, rate="")
        task = progress.tasks[self._tasks[stage]]
        rate = f"{task.speed:,.0f}/s" if task.speed else ""
        progress.update(self._tasks[stage], completed=done, total=total, rate=rate)

    def _started(self) -> Progress:
        out = Console(stderr=True)
        rate = TextColumn("{task.fields[rate]}")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
        self._progress = Progress(*columns, console=out, disable=not out.is_terminal, transient=True)
        self._progress.start()
        return self._progress


def print_report(report: Report) -> None:
    out = console()
    for note in report.notes:
        out.print(f"[yellow]{escape(note)}[/]")
    verb = "Published" if report.published else "Nothing changed; the index is still"
    held = f"{counted(report.documents, 'document')}, {counted(report.chunks, 'chunk')}"
    out.print(f"{verb} generation {report.generation}: {held} ({report.seconds:.1f} s).")
    out.print(
        f"  {report.count('added')} added, {report.count('changed')} changed, {len(report.removed)} removed, "
        f"{report.count('unchanged')} unchanged; {counted(report.embedded, 'chunk')} embedded."
    )
    _print_files(out, report.files)
    for warning in report.warnings:
        out.print(f"  [yellow]warning[/] {escape(warning)}")
    _print_passed_over(out, report.passed_over, report.unsupported)
    _print_list(out, "banned", report.banned)


def print_plan(plan: Plan) -> None:
    """The documents are listed, a few of each kind; `--json` lists all."""
    out = console()
    changes = f"{len(plan.added)} added, {len(plan.changed)} changed, {len(plan.removed)} removed, {plan.unchanged} unchanged"
    out.print(f"An ingest of {escape(plan.root)} would leave {changes}. Nothing was done.")
    for word, colour, documents in (("+", "green", plan.added), ("~", "yellow", plan.changed), ("-", "red", plan.removed)):
        _print_documents(out, word, colour, documents)
    out.print(f"  {counted(plan.chunks_added, 'chunk')} new, {plan.chunks_removed} gone, {plan.chunks_to_embed} to be embedded.")
    dollars = "nothing, the model runs here" if not plan.usd else f"${plan.usd:.4f}"
    starting = ", and a few seconds to start the model" if plan.chunks_to_embed else ""
    out.print(f"  About {_duration(plan.seconds)}{starting}; about {plan.tokens:,} tokens to embed, which cost {dollars}.")
    if plan.asks:
        out.print("  [yellow]More than a quarter of the documents would be removed: it will ask, or needs --yes.[/]")
    _print_files(out, plan.files)
    _print_passed_over(out, plan.passed_over, plan.unsupported)
    _print_list(out, "banned", plan.banned)


def print_manifest(manifest: Manifest) -> None:
    held = f"{counted(manifest.documents, 'document')}, {counted(manifest.chunks, 'chunk')}"
    out = console()
    out.print(f"Went back to generation {manifest.id} of {manifest.created}: {held}.")
    out.print(f"  The next ingest of {escape(manifest.root)} brings the index to what the folder holds then.")


def print_forgotten(gone: Forgotten) -> None:
    out = console()
    out.print(f"{escape(gone.source)} is forgotten{' and banned' if gone.banned else ''}.")
    held = f"{counted(gone.documents, 'document')}, {counted(gone.chunks, 'chunk')}"
    out.print(f"  Generation {gone.generation} ({held}) was written without it; all older ones are gone, so there is no way back.")
    out.print(f"  {counted(gone.traces, 'trace')} and {counted(gone.vectors, 'vector')} were erased.")
    out.print(f"  {counted(gone.runs, 'run')} of eight words that only it had: none is left in {counted(gone.files, 'file')}.")
    _print_list(out, "the same content is still in", gone.copies)


def print_finding(finding: Finding) -> None:
    mark, colour = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "broken": ("✗", "red")}[finding.state]
    out = console()
    out.print(f"[{colour}]{mark}[/] {finding.what:<18} {escape(finding.message)}")
    if finding.advice:
        out.print(f"  {'':<18} [{colour}]{escape(finding.advice)}[/]")


def _print_files(out: Console, files: Sequence[FileOutcome]) -> None:
    for status, colour in (("failed", "red"), ("empty", "yellow")):
        for outcome in files:
            if outcome.status == status:
                out.print(f"  [{colour}]{status}[/] {escape(outcome.source)}: {escape(outcome.error or '')}")
    for outcome in files:
        for warning in outcome.warnings:
            out.print(f"  [yellow]warning[/] {escape(outcome.source)}: {escape(warning)}")


def _print_documents(out: Console, word: str, colour: str, documents: Mapping[str, int]) -> None:
    for source, chunks in list(documents.items())[:_MOST_LISTED]:
        out.print(f"  [{colour}]{word}[/] {escape(source)} [dim]({counted(chunks, 'chunk')})[/]")
    _print_more(out, documents)


def _print_passed_over(out: Console, passed_over: Mapping[str, int], unsupported: Sequence[str]) -> None:
    if passed_over:
        out.print("  passed over: " + escape(", ".join(f"{count} {reason}" for reason, count in passed_over.items())))
    _print_names(out, unsupported)


def _print_list(out: Console, what: str, sources: Sequence[str]) -> None:
    if sources:
        out.print(f"  {what}:")
    _print_names(out, sources)


def _print_names(out: Console, sources: Sequence[str]) -> None:
    for source in sources[:_MOST_LISTED]:
        out.print(f"    [dim]{escape(source)}[/]")
    _print_more(out, sources)


def _print_more(out: Console, items: Iterable[str]) -> None:
    more = len(list(items)) - _MOST_LISTED
    if more > 0:
        out.print(f"    [dim]… and {more} more (--json lists all)[/]")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
