"""Files as text: one module per format, one entry point.

`FileParser` gives the text that people are quoted from and the blocks it consists of; `SUPPORTED` names the endings it takes.
"""

from ingest.parsing.parse import SUPPORTED, FileParser

__all__ = ["SUPPORTED", "FileParser"]
