"""`footnote parse`: what the index would see of a file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import FootnoteError, ParseError

if TYPE_CHECKING:
    from ingest.ports import Parser


@dataclass(frozen=True, slots=True)
class _Given:
    """A file to be shown. `root` is the folder that it was found in, None for a file named by itself."""

    source: str
    path: Path
    root: Path | None = None
    error: str | None = None


def command(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of files.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a file.")] = False,
) -> None:
    """Show the text of files as the index sees it; nothing is stored."""
    from api.bootstrap import make_parser
    from assistant.settings import load_settings
    from ingest.staging import in_order

    missing = [path for path in paths if not path.exists()]
    if missing:
        raise FootnoteError(f"{missing[0]} does not exist.")
    files = (found for given in paths for found in _files(given))
    with make_parser(load_settings()) as parser:
        for row in in_order(partial(_row, parser), files, os.cpu_count() or 1):
            _print(row, as_json)


def _files(given: Path) -> Iterator[_Given]:
    from ingest.folder import source_of, walk

    if not given.is_dir():
        yield _Given(source_of(given, given.parent), given)
        return
    found = walk(given)
    readable = [_Given(file.source, file.path, given, file.error) for file in found.files]
    # An ingest passes these over; here an admin wants to see why a file is not in the index.
    unread = [_Given(source, given / source, given) for source in found.unsupported]
    yield from sorted([*readable, *unread], key=lambda file: file.source)


def _row(parser: Parser, file: _Given) -> dict[str, Any]:
    from ingest.folder import read_file, read_given_file

    try:
        if file.error is not None:
            raise ParseError(file.error)
        data = read_file(file.root, file.path) if file.root else read_given_file(file.path)
        parsed = parser.parse(file.path.name, data)
    except ParseError as failure:
        return {"source": file.source, "status": "failed", "text": "", "title": None, "error": str(failure)}
    status = "parsed" if parsed.text.strip() else "empty"
    return {"source": file.source, "status": status, "text": parsed.text, "title": parsed.title, "error": None}


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(row, ensure_ascii=False), flush=True)
    elif row["error"]:
        print(f"{row['source']}: {row['error']}", file=sys.stderr)
    else:
        print(f"── {row['source']} · {row['status']} · {len(row['text']):,} characters\n{row['text']}\n", flush=True)
