"""OpenDocument texts (.odt), by this project's own walk: unstructured reads them through pandoc, which pip does not install.

Headings by outline level and by the styles Title (level 1) and Subtitle (level 2), with the numbers that the program draws. What is left
out, `odf_walk` says; page headers and footers are too. Footnotes, endnotes and comments stand at the end.
"""

from __future__ import annotations

from ingest.parsing.draft import Draft
from ingest.parsing.margins import add_comments
from ingest.parsing.opendocument.odf import comments, unpack
from ingest.parsing.opendocument.odf_lists import Numbers
from ingest.parsing.opendocument.odf_walk import Walk
from ingest.types import ParsedDocument


def read(data: bytes) -> ParsedDocument:
    content = unpack(data, "text")
    draft = Draft()
    walk = Walk(draft, content.styles, Numbers(content.styles), [])
    walk.over(content.body)
    walk.finish()
    add_comments(draft, comments(content.body))
    return draft.document(content.title, content.front_matter)
