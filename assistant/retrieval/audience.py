"""What one asker may read, and what follows from it, counted once and kept for the next question."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Set

from assistant.retrieval import lexical
from assistant.retrieval.layout import Layout, readable
from assistant.types import Principal

KEPT = 32


class Audiences:
    """The audiences of one index, the latest `KEPT` in memory: nine bytes for each chunk and four for each term. Askers who may read
    the same are one audience. Safe to share between threads: an index never changes, so one that is counted twice is the same."""

    def __init__(self, layout: Layout, index: lexical.LexicalIndex) -> None:
        self._layout = layout
        self._index = index
        self._groups = frozenset(group for _, groups in layout.documents for group in groups)
        self._kept: OrderedDict[Set[str], lexical.Audience] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, principal: Principal) -> lexical.Audience:
        key = self._groups if principal.reads_all else principal.groups & self._groups
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        counted = lexical.audience(self._index, readable(self._layout, principal))
        with self._lock:
            self._kept[key] = counted
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return counted
