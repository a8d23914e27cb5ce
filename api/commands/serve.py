"""`footnote serve`: the HTTP API."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from typing import Annotated

import typer

from assistant.errors import FootnoteError, SettingsError

# Seconds that a thread may compute while another waits: what streams to hundreds is much, in little pieces, and stood behind what computes.
_TURN = 0.001


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Serve questions over HTTP until Ctrl-C."""
    from assistant.settings import load_settings

    settings = load_settings()
    _check_reach(host, settings.anonymous == "allow")
    listener = _listen(host, port)
    _end_in_order()
    sys.setswitchinterval(_TURN)
    import structlog
    import uvicorn

    from api.bootstrap import open_assistant
    from api.http.app import create_app
    from api.running import announced

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    url = f"http://{_reached_by(host)}:{listener.getsockname()[1]}"
    with open_assistant(settings) as assistant, announced(settings.home, url):
        print(f"Footnote listens on {url} (its operations: {url}/docs)", file=sys.stderr)
        config = uvicorn.Config(create_app(assistant), log_level="warning", timeout_graceful_shutdown=30)
        uvicorn.Server(config).run(sockets=[listener])


def _end_in_order() -> None:
    """uvicorn finishes what runs and then raises the signal again: it must unwind this process and not kill it, so that the last
    traces are written and the word of this server is taken back."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


def _check_reach(host: str, anonymous: bool) -> None:
    """Without keys whoever reaches the server reads everything, so it must not be reached by accident."""
    if anonymous or _is_loopback(host):
        return
    raise SettingsError(
        f"--host {host} can be reached from other machines, and without keys everyone who reaches it reads every document. "
        "Listen on 127.0.0.1, or set FOOTNOTE_ANONYMOUS=allow if that is what you want."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reached_by(host: str) -> str:
    """Where a caller on this machine finds a server that listens on every address."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise FootnoteError(
            f"{host}:{port} cannot be used: {error.strerror}. Choose another with --port, or end what listens there."
        ) from error
    listener.listen(1024)
    return listener
