"""Markdown: markdown-it renders it, the HTML walk turns it into blocks, so that HTML inside Markdown comes out right too.

Left out: marks, link targets, templating (`{% … %}`, `{{ … }}`, `{:.class}`, `:::`), footnote marks, comments. Words in angle
brackets that are no HTML (`<your-name>`) are text. Code keeps everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft
from ingest.parsing.front_matter import split_front_matter
from ingest.parsing.text.html import add_markup
from ingest.types import ParsedDocument

if TYPE_CHECKING:
    from markdown_it.renderer import RendererProtocol
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_NESTING = 60  # markdown-it passes over what is nested deeper
# Code comes first, so that what looks like templating inside it is left alone. Every repetition is bounded: hostile text stays cheap.
_CODE = (
    r"(?P<code>^[ \t>]*(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<tick>`+)(?!`)(?:(?!\n[ \t]*\n).){1,500}?(?<!`)(?P=tick)(?!`))"
)
_MARKS = re.compile(
    _CODE
    + r"|\{%-?\s*comment\s*-?%\}.{0,5000}?\{%-?\s*endcomment\s*-?%\}"
    + r"|\{%(?:(?!%\}|\n\s*\n).){0,500}%\}"
    + r"|\{\{[^{}\n]{0,300}\}\}"
    + r"|\{:[^}\n]{0,300}\}"
    + r"|[ \t]{0,9}\{#[\w:.-]+\}(?=[ \t]*$)"
    + r"|^[ \t]*:::[^\n]*$"
    + r"|(?P<note>^ {0,3}\[\^[^\]\n]{1,100}\]:)"
    + r"|\[\^[^\]\s]{1,100}\](?!\()",
    re.MULTILINE | re.DOTALL,
)
# Stands for templating until the page is rendered: a letter to Markdown, so that emphasis, links and HTML around it stay whole.
_HOLE = "\ufdd0"
_TAG = re.compile(r"</?([A-Za-z][^\s/<>]*)[^<>]*>?")
_ENDS = re.compile(r"</([A-Za-z][\w.-]*)\s*>|<([A-Za-z][\w.-]*)(?:\s[^<>]*)?/>")
# Elements whose content is read as bare text: left open, one would swallow the rest of the page.
_SWALLOWING = frozenset(["title", "textarea", "xmp", "plaintext", "noembed", "noframes", "iframe", "select"])


def read(data: bytes) -> ParsedDocument:
    return from_text(decode(data))


def from_text(text: str) -> ParsedDocument:
    from markdown_it import MarkdownIt

    front_matter, body = split_front_matter(text)
    body = _MARKS.sub(_kept, body.replace(_HOLE, ""))
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    mended = _mender(body)

    def markup(_renderer: RendererProtocol, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType) -> str:
        return mended(tokens[at].content)

    parser.add_render_rule("html_inline", markup)
    parser.add_render_rule("html_block", markup)
    draft = Draft()
    add_markup(draft, parser.render(body).replace(_HOLE, "").replace(quote(_HOLE), ""))
    return draft.document(front_matter=front_matter)


def _kept(match: re.Match[str]) -> str:
    return match["code"] or ("\n" if match["note"] else _HOLE)


def _mender(body: str) -> Callable[[str], str]:
    """A function that makes text of tags that neither HTML knows nor the document closes, as a component's would be."""
    from lxml.html import defs  # type: ignore[import-untyped]  # lxml ships no types

    known = defs.tags | {"mark", "picture", "search", "slot", "svg", "path", "math"}
    components = {name for pair in _ENDS.findall(body) for name in pair if name}

    def mend(match: re.Match[str]) -> str:
        tag = match[1]
        if tag.lower() in _SWALLOWING:
            return ""
        return match[0] if tag.lower() in known or tag in components else escape(match[0])

    return lambda markup: _TAG.sub(mend, markup)
