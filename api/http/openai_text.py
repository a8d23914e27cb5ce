"""A reply as the one text that chat clients show, in Markdown: sentences with their marks, notices, then what the marks stand for.

What documents say is written so that it is shown letter for letter and nothing of it becomes a link, a picture, a tag or a mention. An
answer's own marks stay as they are, and an address that a document's metadata names is the only link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from assistant.types import Citation, Closest, Notice, Reply

# The marks at the end of a sentence: never at the beginning of a line, where Markdown would take `[1]: …` for a definition.
MARKS = re.compile(r"(?:(?<=\S )|(?<=\S  ))(?:\[\d+\])+(?=[.!?:;]*(?:\s|\Z))")
_MARK_AND_SPACE = re.compile(r"\s?(?:\[\d+\])+")
_LIVE = re.compile(
    r"[\\`*\[\]]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore within a word is one
    r"|^[#>~=+-]|^\d{1,9}[.)](?=\s)"  # a heading, a quotation, a fence, an item
    r"|<(?=[a-z/!?@#])"  # a tag
    r"|&(?=#?\w+;)"  # an entity
    r"|:(?=//)|(?<=\bwww)\.|@(?=\w)",  # an address or a mention
    re.IGNORECASE | re.MULTILINE,
)
_ENTITIES = {"<": "&lt;", "&": "&amp;"}
# Nobody sees it, and no program takes what follows for a name.
_WORD_JOINER = "\u2060"
_ADDRESS = "/:?#&=+,%~"
_NOTE = "Note: "
_CLOSEST = "The nearest documents:"
_BREAK = "  \n"


def inert(text: str) -> str:
    """The same text for readers, and nothing but text for a program that renders Markdown or looks for mentions."""
    return _LIVE.sub(_written, text)


def spoken(text: str) -> str:
    """Sentences of an answer: their marks stay."""
    marks = [*MARKS.findall(text), ""]
    return "".join(inert(part) + mark for part, mark in zip(MARKS.split(text), marks, strict=True))


def tail(reply: Reply) -> str:
    """What stands behind the sentences."""
    notes = [_NOTE + inert(_line(notice.message)) + _numbers(notice) for notice in reply.notices]
    return "".join(f"\n\n{paragraph}" for paragraph in (*notes, _BREAK.join(_footnotes(reply.citations))) if paragraph)


def content(reply: Reply) -> str:
    if reply.refusal is None:
        return spoken(reply.text) + tail(reply)
    nearest = "\n".join(f"- {_named(closest)}" for closest in reply.refusal.closest)
    return reply.refusal.message + (f"\n\n{_CLOSEST}\n\n{nearest}" if nearest else "") + tail(reply)


def without_footnotes(said: str) -> str:
    """What an assistant said, less what `content` puts behind the sentences, and less their marks: a follow-up leans on the rest."""
    paragraphs = said.rstrip().split("\n\n")
    if len(paragraphs) > 1 and all(_is_footnote(line) for line in paragraphs[-1].splitlines()):
        paragraphs.pop()
    while len(paragraphs) > 1 and paragraphs[-1].startswith(_NOTE):
        paragraphs.pop()
    if len(paragraphs) > 2 and paragraphs[-2] == _CLOSEST:
        del paragraphs[-2:]
    return _MARK_AND_SPACE.sub("", "\n\n".join(paragraphs))


def name_of(place: Citation | Closest) -> str:
    """Title and headings, as they are."""
    parts = (place.title, *(heading for heading in place.headings if heading != place.title))
    return _line(" › ".join(parts))  # noqa: RUF001  # between headings, as readers know it


def _footnotes(citations: Sequence[Citation]) -> Iterator[str]:
    """One for each mark: it stands for one passage, of which several pieces may be quoted."""
    for marker in sorted({citation.marker for citation in citations}):
        quoted = [citation for citation in citations if citation.marker == marker]
        page = f", p. {quoted[0].page}" if quoted[0].page is not None else ""
        quotes = ", ".join(f'"{inert(_line(citation.quote))}"' for citation in quoted)
        yield f"[{marker}] {_linked(quoted[0])}{page} — {quotes}"


def _linked(citation: Citation) -> str:
    name = inert(name_of(citation))
    return f"[{name}]({quote(citation.url, safe=_ADDRESS)})" if citation.url else name


def _named(closest: Closest) -> str:
    return inert(name_of(closest)) + (f" ({inert(_line(closest.owner))})" if closest.owner else "")


def _numbers(notice: Notice) -> str:
    return "".join(f" [{marker}]" for marker in notice.markers)


def _is_footnote(line: str) -> bool:
    return re.match(r"\[\d+\] ", line) is not None and ' — "' in line


def _line(text: str) -> str:
    return " ".join(text.split())


def _written(found: re.Match[str]) -> str:
    """A backslash before the last character, but where programs read on that know none."""
    text, at = found[0], found.start()
    if text == "@" and not (at and found.string[at - 1].isalnum()):
        return text + _WORD_JOINER
    return _ENTITIES.get(text) or f"{text[:-1]}\\{text[-1]}"
