"""`footnote ingest`: makes the index hold exactly what is in a folder, and everything else that is done to the index."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import index_work
from assistant.errors import InvalidRequest

if TYPE_CHECKING:
    from ingest.pipeline import Ingest


def command(
    path: Annotated[
        Path | None, typer.Argument(help="The folder that holds the documents. Left out: the one of the last ingest.", show_default=False)
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change and what it would take; do nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and ingest again after each change of the folder, until Ctrl-C.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the generation before the published one.")] = False,
    forget: Annotated[
        str | None,
        typer.Option("--forget", metavar="SOURCE", help="Erase a document from every generation, cache and trace.", show_default=False),
    ] = None,
    ban: Annotated[bool, typer.Option("--ban", help="With --forget: keep it out from now on, though its file stays.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build from nothing: take nothing over from the index there is.")] = False,
    new_root: Annotated[bool, typer.Option("--new-root", help="Replace an index that was made from another folder.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, also before many documents are removed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make the index hold exactly what is in the folder PATH."""
    _check_use(path, plan, watch, rollback, forget, ban, rebuild)
    from api.bootstrap import open_ingest
    from api.render_ingest import ProgressBar
    from assistant.settings import load_settings

    progress = ProgressBar()

    def confirmed(gone: int, before: int) -> bool:
        progress.pause()
        return yes or (sys.stdin.isatty() and typer.confirm(f"{gone} of {before} documents will be removed. Go on?", err=True))

    with progress, open_ingest(load_settings(), progress, confirmed) as work:
        desk = index_work.Desk(work, progress.pause, as_json)
        if rollback:
            status = index_work.roll_back(desk)
        elif forget is not None:
            status = index_work.erase(desk, forget, ban)
        elif plan:
            status = index_work.show_plan(desk, _root(work, path), new_root)
        elif watch:
            status = index_work.follow(desk, _root(work, path), new_root)
        else:
            status = index_work.ingest_once(desk, _root(work, path), new_root, rebuild)
    raise typer.Exit(status)


def _check_use(path: Path | None, plan: bool, watch: bool, rollback: bool, forget: str | None, ban: bool, rebuild: bool) -> None:
    chosen = {"--plan": plan, "--watch": watch, "--rollback": rollback, "--forget": forget is not None, "--rebuild": rebuild}
    named = [name for name, given in chosen.items() if given]
    if len(named) > 1:
        raise InvalidRequest(" ".join(named), "one of them at a time.")
    if path is not None and (rollback or forget is not None):
        raise InvalidRequest(named[0], f"takes no folder; leave out {path}.")
    if ban and forget is None:
        raise InvalidRequest("--ban", "goes with --forget SOURCE.")


def _root(work: Ingest, path: Path | None) -> Path:
    root = path or work.root()
    if root is None:
        raise InvalidRequest("PATH", "give the folder that holds the documents: `ingest PATH`.")
    return root
