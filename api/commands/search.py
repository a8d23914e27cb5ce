"""`footnote search`: the passages that an answer would be made from."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from api.commands.ask import principal_of
from assistant.types import Filters, Principal


def command(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    k: Annotated[int, typer.Option("-k", help="How many passages.")] = 10,
    groups: Annotated[str | None, typer.Option(help="Search as a member of these groups alone, separated by commas.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the hits as JSON.")] = False,
) -> None:
    """Show the passages nearest to a query, best first."""
    from api.render import print_hits

    found = _search(query, k, principal_of(groups))
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print_hits(found["hits"])


def _search(query: str, k: int, principal: Principal) -> dict[str, Any]:
    from assistant.settings import load_settings
    from assistant.validate import validate_query

    validate_query(query, k, Filters())
    settings = load_settings()
    if principal.reads_all:
        from api.running import post

        if (found := post(settings.home, "/v1/search", {"query": query, "k": k})) is not None:
            return found
    import asyncio

    from api.bootstrap import open_assistant
    from api.http.shapes import hits_out

    with open_assistant(settings) as assistant:
        hits = asyncio.run(assistant.search(query, principal, Filters(), k))
    return hits_out(hits).model_dump(mode="json")
