"""`footnote ingest`: makes the index hold exactly what is in a folder."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

PARTLY = 3


def command(
    path: Annotated[Path, typer.Argument(help="The folder that holds the documents.", show_default=False)],
    new_root: Annotated[bool, typer.Option("--new-root", help="Replace an index that was made from another folder.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, also before many documents are removed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make the index hold exactly what is in the folder PATH."""
    from api.bootstrap import make_ingest
    from api.render import ProgressBar, print_report
    from assistant.settings import load_settings

    def confirmed(gone: int, before: int) -> bool:
        return yes or (sys.stdin.isatty() and typer.confirm(f"{gone} of {before} documents will be removed. Go on?", err=True))

    with ProgressBar() as progress:
        report = make_ingest(load_settings(), progress, confirmed).run(path, new_root=new_root)
    if as_json:
        print(json.dumps(asdict(report), indent=1, ensure_ascii=False))
    else:
        print_report(report)
    if report.with_status("failed"):
        raise typer.Exit(PARTLY)
