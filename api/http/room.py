"""How many questions are worked on at once: more than the processors can do in good time only wait, and make everybody else wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assistant.errors import Overloaded

_SOON = 1.0


class Room:
    """For `most` questions. `resting` says how many of those inside wait for a model: they cost next to nothing meanwhile."""

    def __init__(self, most: int, resting: Callable[[], int]) -> None:
        self._most = most
        self._resting = resting
        self._inside = 0

    @property
    def full(self) -> bool:
        return self._inside - self._resting() >= self._most

    @contextmanager
    def place(self) -> Iterator[None]:
        """One, as long as the question is inside. Raises Overloaded where there is none."""
        if self.full:
            raise too_many()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


def too_many() -> Overloaded:
    return Overloaded("More is asked at this moment than can be answered. Ask again in a second.", _SOON)
