"""`footnote doctor`: is the index whole and up to date, and what is to be done where not."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

BROKEN = 1


def command(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Examine the index: is it whole, does it match the folder, what is to be done."""
    from api.bootstrap import open_ingest
    from api.render_ingest import ProgressBar, print_finding
    from assistant.settings import load_settings
    from ingest.doctor import examine

    with ProgressBar() as progress, open_ingest(load_settings(), progress, lambda *_: False) as work:
        findings = []
        for finding in examine(work):
            findings.append(finding)
            if not as_json:
                progress.pause()
                print_finding(finding)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False))
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(BROKEN)
