"""Answers from evidence, or refuses. Begin with `types.py`, then `answering.py`."""
