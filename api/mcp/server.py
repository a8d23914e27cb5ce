"""The MCP server, over stdio and over streamable HTTP, with the official SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import version
from typing import Any

import structlog
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent
from starlette.applications import Starlette

from api.http.doors import Doors
from api.http.room import Room
from api.http.shield import Shield
from api.mcp.entrance import Entrance, principal_of
from api.mcp.tools import Toolbox
from api.monitoring.logs import RequestLog
from api.monitoring.requests import Watch
from assistant.answering import Assistant
from assistant.errors import FootnoteError, InvalidRequest
from assistant.types import Principal

INSTRUCTIONS = (
    "Footnote knows this company's own documents. `ask` answers a question with verbatim quotes, or refuses; `search` finds passages; "
    "`read` gives a document's text. Say nothing about the company that no citation carries, and show your sources."
)
WENT_WRONG = "Something went wrong on the server; its log says what."

# The SDK's own check of names and origins is for servers without keys: a page in a browser has none of these.
_ANY_HOST = TransportSecuritySettings(enable_dns_rebinding_protection=False)

Context = ServerRequestContext[Any, Any]
log = structlog.get_logger()


def make_server(core: Assistant, asking: Callable[[Context], AbstractContextManager[Principal]]) -> Server[Any]:
    """`asking` says whose a request is, while it is worked on. The caller opens and closes the Assistant."""
    tools = Toolbox(core)

    async def listed(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=tools.listed)

    async def called(context: Context, params: CallToolRequestParams) -> CallToolResult:
        try:
            with asking(context) as principal:
                result = await tools.call(params.name, params.arguments or {}, principal)
        except FootnoteError as error:
            return _failed(_said(error))
        except Exception as error:  # the last place before the wire: told to the log, and no word of it to the client
            log.error("tool failed", tool=params.name, exc_info=error)
            return _failed(WENT_WRONG)
        if context.request is not None:  # for the line in the log
            context.request.state.trace_id = result.structured_content.get("trace_id")
        return result

    return Server(
        "footnote",
        title="Footnote",
        version=version("footnote"),
        instructions=INSTRUCTIONS,
        on_list_tools=listed,
        on_call_tool=called,
    )


async def serve_stdio(core: Assistant, principal: Principal) -> None:
    """Until the client closes our input. Nothing but the protocol is written to stdout: the SDK turns what else is printed to stderr."""
    server = make_server(core, lambda _: nullcontext(principal))
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def http_app(core: Assistant, doors: Doors) -> Starlette:
    """Serves `/mcp`, to whom the doors let in."""

    room = Room(doors.most_at_work, lambda: core.with_models)

    @contextmanager
    def asking(context: Context) -> Iterator[Principal]:
        assert context.request is not None  # over HTTP there is one
        principal = principal_of(context.request)
        with doors.limits.question(principal.name), room.place():
            yield principal

    without_keys = doors.loopback_only()
    app = make_server(core, asking).streamable_http_app(transport_security=None if without_keys else _ANY_HOST)
    app.state.doors = doors
    app.add_middleware(Entrance)
    app.add_middleware(Shield, room, loopback_only=doors.loopback_only)
    app.add_middleware(Watch, (RequestLog(),))
    return app


def _failed(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)


def _said(error: FootnoteError) -> str:
    """The tools have the fields of a filter as arguments."""
    return f"{error.field.removeprefix('filters.')}: {error.message}" if isinstance(error, InvalidRequest) else str(error)
