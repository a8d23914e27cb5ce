"""Turns files into a published index. Begin with `pipeline.py`."""
