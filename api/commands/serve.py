"""`footnote serve`: the HTTP API."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.listening import check_reach, end_in_order, listen, reached_by

# Seconds that a thread may compute while another waits: what streams to hundreds is much, in little pieces, and stood behind what computes.
_TURN = 0.001


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Serve questions over HTTP until Ctrl-C."""
    from assistant.settings import load_settings

    settings = load_settings()
    check_reach(host, settings.anonymous == "allow")
    listener = listen(host, port)
    end_in_order()
    sys.setswitchinterval(_TURN)
    import structlog
    import uvicorn

    from api.bootstrap import open_assistant
    from api.http.app import create_app
    from api.running import announced

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    url = f"http://{reached_by(host)}:{listener.getsockname()[1]}"
    with open_assistant(settings) as assistant, announced(settings.home, url):
        print(f"Footnote listens on {url} (its operations: {url}/docs)", file=sys.stderr)
        config = uvicorn.Config(create_app(assistant), log_level="warning", timeout_graceful_shutdown=30)
        uvicorn.Server(config).run(sockets=[listener])
