"""Reads files in processes of their own, which may be killed: what a hostile file does there stays there.

`SandboxedParser` is the parent's side; `worker` runs in the child, confined by `limits`; `wire` is what they say to each other.
"""

from ingest.sandbox.pool import SandboxedParser

__all__ = ["SandboxedParser"]
