"""The command line: `footnote`, and `ingest` as a short form of `footnote ingest`.

Exit status: 0 done (a refusal too), 1 failed and nothing changed, 2 wrong use, 3 published, but some files failed. Nothing heavy is
imported before a command runs, so that `--help` is immediate.
"""

from __future__ import annotations

import sys

import typer

from api.commands import ask, audit, costs, doctor, evaluate, ingest, keys, mcp, parse, replay, search, serve, traces
from assistant.errors import FootnoteError, InvalidRequest, SettingsError

FAILED = 1
WRONG_USE = 2

app = typer.Typer(
    name="footnote",
    help="Answers from your company's own documents, with verbatim quotes, or refuses.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, module in {
    "ingest": ingest,
    "parse": parse,
    "ask": ask,
    "search": search,
    "serve": serve,
    "mcp": mcp,
    "traces": traces,
    "costs": costs,
    "audit": audit,
    "replay": replay,
    "eval": evaluate,
    "doctor": doctor,
}.items():
    app.command(name)(module.command)
app.add_typer(keys.app, name="keys")


def main() -> None:
    try:
        app(prog_name="footnote")
    except (InvalidRequest, SettingsError) as error:
        _end(error, WRONG_USE)
    except FootnoteError as error:
        _end(error, FAILED)


def ingest_main() -> None:
    sys.argv.insert(1, "ingest")
    main()


def _end(error: FootnoteError, status: int) -> None:
    print(f"footnote: {error}", file=sys.stderr)
    sys.exit(status)
