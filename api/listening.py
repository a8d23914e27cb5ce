"""Where a server listens: who can reach it there, and how it ends."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys

from assistant.errors import FootnoteError, SettingsError


def end_in_order() -> None:
    """uvicorn finishes what runs and then raises the signal again: it must unwind this process and not kill it, so that the last
    traces are written and the word of this server is taken back."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


def check_reach(host: str, guarded: bool) -> None:
    """Without keys whoever reaches the server reads everything, so it must not be reached by accident. `guarded`: there are keys or a
    sign-in, or it is meant so."""
    if guarded or is_loopback(host):
        return
    raise SettingsError(
        f"--host {host} can be reached from other machines, and without keys everyone who reaches it reads every document. Make a key "
        "with `footnote keys create NAME`, or listen on 127.0.0.1, or set FOOTNOTE_ANONYMOUS=allow if that is what you want."
    )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reached_by(host: str) -> str:
    """Where a caller on this machine finds a server that listens on every address."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def listen(host: str, port: int) -> socket.socket:
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
