"""The stopwatch of one question: what each step took, saw and decided."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.types import Step


class StepLog:
    """Collects steps in order. A step that fails is kept, with the name of what went wrong."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.steps: list[Step] = []

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, object]]:
        """Gives a mapping to write into what the step saw and decided."""
        attributes: dict[str, object] = {}
        started = self._elapsed()
        try:
            yield attributes
        except BaseException as error:
            attributes["error"] = type(error).__name__
            raise
        finally:
            self.steps.append(Step(name, started, round(self._elapsed() - started, 2), attributes))

    def note(self, name: str, milliseconds: float, attributes: dict[str, object]) -> None:
        """A step that was taken bit by bit within another one."""
        self.steps.append(Step(name, round(self._elapsed() - milliseconds, 2), round(milliseconds, 2), attributes))

    def latency(self) -> dict[str, float]:
        """Milliseconds of each step, of its repetitions together, and of the whole until now."""
        spent: dict[str, float] = {}
        for step in self.steps:
            spent[step.name] = round(spent.get(step.name, 0.0) + step.milliseconds, 2)
        return spent | {"total": self._elapsed()}

    def _elapsed(self) -> float:
        return round((time.perf_counter() - self._began) * 1000, 2)
