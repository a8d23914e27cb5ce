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
    from assistant.generation import Home
    from assistant.settings import load_settings

    settings = load_settings()
    keys = Home(settings.home).keys.exists()
    check_reach(host, keys or settings.oidc_issuer is not None or settings.anonymous == "allow")
    listener = listen(host, port)
    end_in_order()
    sys.setswitchinterval(_TURN)
    import structlog
    import uvicorn

    from api.bootstrap import make_doors, open_assistant, watched
    from api.http.app import create_app
    from api.monitoring.logs import configure_logs
    from api.running import announced

    configure_logs(sys.stderr, content=settings.log_content == "on")
    log = structlog.get_logger()
    url = f"http://{reached_by(host)}:{listener.getsockname()[1]}"
    with open_assistant(settings) as assistant, watched(settings, assistant.ledger), announced(settings.home, url):
        doors = make_doors(settings)
        log.info("Footnote listens", url=url, operations=f"{url}/docs")
        if not doors.doorman.locked:
            log.warning("There are no keys: whoever reaches it is the local user, and reads everything.")
        app = create_app(assistant, doors)
        config = uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=30)
        uvicorn.Server(config).run(sockets=[listener])
