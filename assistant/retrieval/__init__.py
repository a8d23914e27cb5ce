"""Finds passages: plain functions over frozen data. Begin with `search.py`."""
