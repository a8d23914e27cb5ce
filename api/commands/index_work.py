"""What `footnote ingest` does to the index, once or again and again; each returns the exit status."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import FootnoteError

if TYPE_CHECKING:
    from ingest.pipeline import Ingest
    from ingest.report import Report

DONE = 0
PARTLY = 3


def ingest_once(work: Ingest, root: Path, new_root: bool, as_json: bool) -> int:
    return _reported(work.run(root, new_root=new_root), as_json)


def follow(work: Ingest, root: Path, new_root: bool, as_json: bool) -> int:
    """Until Ctrl-C. What fails is told and tried again with the next change; what changes nothing is not worth a word."""
    from ingest.watch import changes

    try:
        for number, _ in enumerate(changes(root)):
            try:
                report = work.run(root, new_root=new_root)
            except FootnoteError as error:
                print(f"footnote: {error}", file=sys.stderr, flush=True)
                continue
            if report.published or number == 0:
                _reported(report, as_json, lines=1)
            new_root = False
    except KeyboardInterrupt:
        pass
    return DONE


def show_plan(work: Ingest, root: Path, new_root: bool, as_json: bool) -> int:
    from api.render_ingest import print_plan
    from ingest.plan import plan

    made = plan(work, root, new_root=new_root)
    if as_json:
        _print_json(made)
    else:
        print_plan(made)
    return DONE


def roll_back(work: Ingest, as_json: bool) -> int:
    from api.render_ingest import print_manifest

    manifest = work.rollback()
    if as_json:
        _print_json(manifest)
    else:
        print_manifest(manifest)
    return DONE


def erase(work: Ingest, source: str, ban: bool, as_json: bool) -> int:
    from api.render_ingest import print_forgotten
    from ingest.forget import forget

    gone = forget(work, source, ban=ban)
    if as_json:
        _print_json(gone)
    else:
        print_forgotten(gone)
    return DONE


def _reported(report: Report, as_json: bool, lines: int | None = None) -> int:
    from api.render_ingest import print_report

    if as_json:
        _print_json(report, lines)
    else:
        print_report(report)
    return PARTLY if report.with_status("failed") else DONE


def _print_json(value: Any, lines: int | None = None) -> None:
    print(json.dumps(asdict(value), indent=None if lines else 1, ensure_ascii=False), flush=True)
