"""How much time a question has left."""

from __future__ import annotations

import time

# A part of the time is kept for what comes after the models: the documents' own sentences, where no model answers.
KEPT_SHARE = 0.1
MOST_KEPT = 2.0


class Deadline:
    """A moment of the monotonic clock by which models must have answered."""

    def __init__(self, end: float) -> None:
        self._end = end

    @classmethod
    def of_question(cls, seconds: float) -> Deadline:
        """For a question that is to be answered in so many seconds from now."""
        return cls(time.monotonic() + seconds - min(MOST_KEPT, KEPT_SHARE * seconds))

    def remaining(self) -> float:
        """Seconds; 0 when it is over."""
        return max(0.0, self._end - time.monotonic())

    def share(self, part: float) -> Deadline:
        """An earlier one, after a part of what remains."""
        return Deadline(time.monotonic() + part * self.remaining())
