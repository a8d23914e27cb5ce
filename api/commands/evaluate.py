"""`footnote eval`: an owner's own questions, asked of the published index in this process, and what the replies are worth."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.ask import principal_of
from assistant.errors import FootnoteError, InvalidRequest

if TYPE_CHECKING:
    from assistant.answering import Assistant
    from assistant.evaluation.compare import Comparison
    from assistant.evaluation.questions import Asking, Questions
    from assistant.evaluation.results import Conditions, Evaluation, Result
    from assistant.settings import Settings

MISSED = 1
# With a model, most of the time is waiting for it; without one, questions beside each other would only spoil the times.
WAITING = 4


def command(
    folder: Annotated[Path, typer.Argument(help="The folder that holds questions.jsonl.", show_default=False)],
    field: Annotated[str, typer.Option(help="Which field of a row to ask, where it has it.", metavar="NAME")] = "question",
    scope: Annotated[bool, typer.Option("--scope", help="Search in the row's document alone.")] = False,
    absent: Annotated[bool, typer.Option("--absent", help="The index does not hold the documents: all are to be refused.")] = False,
    prefix: Annotated[str, typer.Option(help="What stands before the rows' sources in the index.")] = "",
    groups: Annotated[str | None, typer.Option(help="Ask as a member of these groups alone, separated by commas.")] = None,
    limit: Annotated[int, typer.Option(help="Ask a random sample of so many, always the same; 0 asks all.", min=0)] = 0,
    fail_under: Annotated[list[str] | None, typer.Option(help="End with status 1 if the measure is less.", metavar="NAME=NUMBER")] = None,
    fail_over: Annotated[list[str] | None, typer.Option(help="End with status 1 if the measure is more.", metavar="NAME=NUMBER")] = None,
    output: Annotated[Path | None, typer.Option(help="Save the evaluation as JSON.", metavar="FILE")] = None,
    earlier: Annotated[Path | None, typer.Option("--compare", help="Say what changed since a saved one.", metavar="FILE")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw the risk-coverage curve.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, with a row for each question.")] = False,
) -> None:
    """Score your own questions on the published index."""
    from api.render_eval import print_comparison, print_evaluation
    from assistant.evaluation.compare import compare
    from assistant.evaluation.questions import Asking
    from assistant.evaluation.results import read_evaluation, write_evaluation
    from assistant.evaluation.thresholds import missed, read_thresholds

    thresholds = read_thresholds(fail_under or (), fail_over or ())
    before = read_evaluation(earlier) if earlier else None
    for option, file in (("--output", output), ("--svg", svg)):
        if file and not file.absolute().parent.is_dir():
            raise InvalidRequest(option, f"the folder {file.parent} does not exist")

    evaluation = _evaluate(folder, Asking(field, scope, absent, prefix, limit, principal_of(groups)))
    comparison = compare(before, evaluation) if before else None
    # Files first: whoever reads what is printed may stop early.
    if output:
        write_evaluation(evaluation, output)
    if svg:
        _draw(evaluation, svg)
    if as_json:
        _print_json(evaluation, comparison)
    else:
        print_evaluation(evaluation)
        if comparison:
            print_comparison(comparison)
    if failures := list(missed(thresholds, evaluation.measures)):
        print(*(f"footnote: {failure}" for failure in failures), sep="\n", file=sys.stderr)
        raise typer.Exit(MISSED)


def _evaluate(folder: Path, asking: Asking) -> Evaluation:
    """In a ledger of its own: the traces of an evaluation are nobody's questions, and its costs are shown, not booked."""
    from tempfile import TemporaryDirectory

    from assistant.evaluation.questions import read_questions
    from assistant.settings import load_settings

    settings = load_settings()
    questions = read_questions(folder, asking)
    from api.bootstrap import open_assistant

    with TemporaryDirectory(prefix="footnote-eval-") as scratch, open_assistant(settings, Path(scratch) / "traces.sqlite") as assistant:
        return evaluation_of(assistant, questions, asking, settings)


def evaluation_of(assistant: Assistant, questions: Questions, asking: Asking, settings: Settings) -> Evaluation:
    from assistant.evaluation.curve import risk_coverage
    from assistant.evaluation.labels import doubts
    from assistant.evaluation.results import Evaluation
    from assistant.evaluation.summary import reasons, summarise

    snapshot = assistant.snapshot()
    warnings = doubts(questions, snapshot, asking.principal, asking.prefix)
    results = asyncio.run(_ask(assistant, questions, asking.prefix, WAITING if settings.model else 1))
    return Evaluation(
        conditions=_conditions(questions, asking, settings, snapshot.generation, snapshot.manifest.embeddings),
        measures=summarise(results),
        reasons=reasons(results),
        curve=risk_coverage(results),
        unlabelled=questions.unlabelled,
        warnings=warnings,
        rows=results,
    )


async def _ask(assistant: Assistant, questions: Questions, prefix: str, at_once: int) -> tuple[Result, ...]:
    from api.render_ingest import ProgressBar
    from assistant.evaluation.asking import ask_cases

    with ProgressBar() as progress:
        await assistant.warm_up()
        total = len(questions.cases)
        return await ask_cases(assistant, questions.cases, prefix, at_once, lambda done: progress("questions", done, total))


def _conditions(questions: Questions, asking: Asking, settings: Settings, generation: str, embeddings: str) -> Conditions:
    from datetime import UTC, datetime
    from importlib.metadata import version

    from assistant.evaluation.results import Conditions

    return Conditions(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        folder=str(questions.path.parent),
        version=version("footnote"),
        generation=generation,
        embeddings=embeddings,
        gate=_gate(),
        model=settings.model,
        reranker=settings.reranker,
        field=asking.field,
        scope=asking.scope,
        absent=asking.absent,
        prefix=asking.prefix,
        limit=asking.limit,
        groups=None if asking.principal.reads_all else tuple(sorted(asking.principal.groups)),
    )


def _gate() -> str:
    from hashlib import sha256
    from importlib.resources import files

    stored = (files("assistant") / "gate.json").read_bytes()
    return f"{sha256(stored).hexdigest()[:12]} of {json.loads(stored)['trained']}"


def _print_json(evaluation: Evaluation, comparison: Comparison | None) -> None:
    from assistant.evaluation.results import as_json

    whole = json.loads(as_json(evaluation))
    if comparison:
        whole["comparison"] = asdict(comparison)
    print(json.dumps(whole, indent=1, ensure_ascii=False))


def _draw(evaluation: Evaluation, file: Path) -> None:
    from api.svg import risk_coverage_picture

    try:
        file.write_text(risk_coverage_picture(evaluation.curve, evaluation.conditions.folder), encoding="utf-8")
    except OSError as error:
        raise FootnoteError(f"{file} cannot be written: {error.strerror}.") from error
