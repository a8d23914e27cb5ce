"""Our input, which ends when the client closes it, and also on Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import threading

_AT_ONCE = 65_536


def end_with_signals() -> None:
    """A thread that waits for input cannot be called back, so stdin is exchanged for a socket that we can end: then the server stops as it
    does when the client goes, and the last traces are written."""
    outside = os.dup(0)
    ours, inside = socket.socketpair()
    os.dup2(inside.fileno(), 0)
    inside.close()
    threading.Thread(target=_pass_on, args=(outside, ours), name="footnote-stdin", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ours.shutdown(socket.SHUT_WR))


def _pass_on(outside: int, ours: socket.socket) -> None:
    try:
        while data := os.read(outside, _AT_ONCE):
            ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
    except BrokenPipeError:
        return  # ended by a signal
