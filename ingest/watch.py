"""Follows a folder: an ingest now, and one after each change of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_SETTLED = 1500  # milliseconds without a further change: an editor's save, or a copy, is many changes


def changes(root: Path, home: Path) -> Iterator[None]:
    """Yields now, and whenever something below the root has changed and come to rest, `home` left out: each ingest writes there. Ends
    with Ctrl-C."""
    from watchfiles import watch

    own = home.resolve()
    yield
    waiting = watch(
        root.resolve(), step=_SETTLED, debounce=10 * _SETTLED, rust_timeout=_SETTLED, yield_on_timeout=True,
        ignore_permission_denied=True, watch_filter=lambda _, path: not Path(path).is_relative_to(own),
    )  # fmt: skip
    for number, found in enumerate(waiting):
        # Once more when the watching has begun: nobody told what changed before, while the first ingest was at work.
        if found or number == 0:
            yield
