"""What `footnote ingest` does to the index, once or again and again; each returns the exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from assistant.errors import FootnoteError

if TYPE_CHECKING:
    from ingest.pipeline import Ingest
    from ingest.report import Report

T = TypeVar("T")
DONE = 0
PARTLY = 3


@dataclass(frozen=True, slots=True)
class Desk:
    """What the work is done with and told by. `clear` takes the progress bar away, so that something can be written in its place."""

    work: Ingest
    clear: Callable[[], None]
    as_json: bool


def ingest_once(desk: Desk, root: Path, new_root: bool, rebuild: bool) -> int:
    return _reported(desk, desk.work.run(root, new_root=new_root, rebuild=rebuild))


def follow(desk: Desk, root: Path, new_root: bool) -> int:
    """Until Ctrl-C. What fails is told and tried again with the next change; what changes nothing is not worth a word."""
    from ingest.watch import changes

    try:
        for number, _ in enumerate(changes(root, desk.work.home.folder)):
            try:
                report = desk.work.run(root, new_root=new_root)
            except FootnoteError as error:
                desk.clear()
                print(f"footnote: {error}", file=sys.stderr, flush=True)
                continue
            if report.published or number == 0:
                _reported(desk, report, indent=None)
            desk.clear()
            new_root = False
    except KeyboardInterrupt:
        pass
    return DONE


def show_plan(desk: Desk, root: Path, new_root: bool) -> int:
    from api.render_ingest import print_plan
    from ingest.plan import plan

    _tell(desk, plan(desk.work, root, new_root=new_root), print_plan)
    return DONE


def roll_back(desk: Desk) -> int:
    from api.render_ingest import print_manifest

    _tell(desk, desk.work.rollback(), print_manifest)
    return DONE


def erase(desk: Desk, source: str, ban: bool) -> int:
    from api.render_ingest import print_forgotten
    from ingest.forget import forget

    _tell(desk, forget(desk.work, source, ban=ban), print_forgotten)
    return DONE


def _reported(desk: Desk, report: Report, indent: int | None = 1) -> int:
    from api.render_ingest import print_report

    _tell(desk, report, print_report, indent)
    return PARTLY if report.with_status("failed") else DONE


def _tell(desk: Desk, said: T, show: Callable[[T], None], indent: int | None = 1) -> None:
    desk.clear()
    if desk.as_json:
        print(json.dumps(asdict(said), indent=indent, ensure_ascii=False), flush=True)  # type: ignore[call-overload]  # a dataclass
    else:
        show(said)
