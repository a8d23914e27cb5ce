"""`footnote parse`: what the index would see of a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.errors import FootnoteError, ParseError


def command(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of files.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a file.")] = False,
) -> None:
    """Show the text of files as the index sees it; nothing is stored."""
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise FootnoteError(f"{missing[0]} does not exist.")
    for source, path, error in (found for given in paths for found in _files(given)):
        _print(_parsed(source, path, error), as_json)


def _files(given: Path) -> Iterator[tuple[str, Path, str | None]]:
    if not given.is_dir():
        yield given.name, given, None
        return
    from ingest.folder import walk

    found = walk(given)
    readable = [(file.source, file.path, file.error) for file in found.files]
    # An ingest passes these over; here an admin wants to see why a file is not in the index.
    unread: list[tuple[str, Path, str | None]] = [(source, given / source, None) for source in found.unsupported]
    yield from sorted([*readable, *unread])


def _parsed(source: str, path: Path, error: str | None) -> dict[str, Any]:
    from ingest.folder import read_file
    from ingest.parsing import FileParser

    try:
        if error is not None:
            raise ParseError(error)
        parsed = FileParser().parse(path.name, read_file(path))
    except ParseError as failure:
        return {"source": source, "status": "failed", "text": "", "title": None, "error": str(failure)}
    status = "parsed" if parsed.text.strip() else "empty"
    return {"source": source, "status": status, "text": parsed.text, "title": parsed.title, "error": None}


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(row, ensure_ascii=False), flush=True)
    elif row["error"]:
        print(f"{row['source']}: {row['error']}", file=sys.stderr)
    else:
        print(f"── {row['source']} · {row['status']} · {len(row['text']):,} characters\n{row['text']}\n", flush=True)
