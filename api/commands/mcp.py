"""`footnote mcp`: the documents as tools of a model, over the Model Context Protocol."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.ask import principal_of
from api.listening import check_reach, end_in_order, listen, reached_by
from assistant.errors import InvalidRequest

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.types import Principal


def command(
    groups: Annotated[str | None, typer.Option(help="Ask as a member of these groups alone, separated by commas.")] = None,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, not over stdin and stdout.")] = False,
    host: Annotated[str, typer.Option(help="With --http: address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="With --http: port to listen on; 0 takes a free one.", min=0, max=65535)] = 8001,
) -> None:
    """Give a model the tools ask, search and read, over MCP."""
    if http and groups is not None:
        raise InvalidRequest("--groups", "is for one user over stdin and stdout; over HTTP the key of each request says who asks")
    from api.monitoring.logs import configure_logs
    from assistant.settings import load_settings

    settings = load_settings()
    configure_logs(sys.stderr, content=settings.log_content == "on")
    if http:
        _serve_http(settings, host, port)
    else:
        _serve_stdio(settings, principal_of(groups))


def _serve_stdio(settings: Settings, principal: Principal) -> None:
    """Whatever a library prints while it is loaded goes to stderr, too."""
    import asyncio
    from contextlib import ExitStack, redirect_stdout

    with ExitStack() as opened:
        with redirect_stdout(sys.stderr):
            from api.bootstrap import open_assistant, watched
            from api.mcp.server import serve_stdio
            from api.mcp.stdin import end_with_signals

            assistant = opened.enter_context(open_assistant(settings))
            opened.enter_context(watched(settings, assistant.ledger))
            asyncio.run(assistant.warm_up())
        end_with_signals()
        asyncio.run(serve_stdio(assistant, principal))


def _serve_http(settings: Settings, host: str, port: int) -> None:
    from assistant.generation import Home

    guarded = Home(settings.home).keys.exists() or settings.oidc_issuer is not None
    check_reach(host, guarded or settings.anonymous == "allow")
    listener = listen(host, port)
    end_in_order()
    import asyncio

    import structlog

    from api.bootstrap import make_doors, open_assistant, watched
    from api.mcp.server import http_app
    from api.mcp.serving import PatientServer

    log = structlog.get_logger()
    with open_assistant(settings) as assistant, watched(settings, assistant.ledger):
        asyncio.run(assistant.warm_up())
        doors = make_doors(settings)
        log.info("The tools are here", url=f"http://{reached_by(host)}:{listener.getsockname()[1]}/mcp")
        if not doors.doorman.locked:
            log.warning("There are no keys: whoever reaches it is the local user, and reads everything.")
        PatientServer(http_app(assistant, doors), assistant).run(sockets=[listener])
