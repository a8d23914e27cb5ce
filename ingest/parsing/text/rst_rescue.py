"""What docutils reports as wrong in a reStructuredText file, and the words that are in it all the same."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_DIRECTIVE = re.compile(r"\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?(?P<name>[\w:.+-]+)[ \t]*::[ \t]*(?P<rest>.*)", re.DOTALL)
_OPTION = re.compile(r"[ \t]*:[\w-]+:(?:[ \t].*)?")
_UNKNOWN_OPTION = re.compile(r'unknown option: "([^"]+)"')
_ROLE = re.compile(r":[\w:.+-]+:`(?P<content>.*)`|`(?P<target>[^`]*)`(?::[\w:.+-]+:|__?)?|(?P<name>[\w.+-]+?)__?", re.DOTALL)
_TARGET = re.compile(r"\s*<[^<>]*>\s*$")
_CODE = frozenset(["code", "code-block", "sourcecode", "parsed-literal", "prompt", "math", "doctest", "testcode", "mermaid"])
# What these are given is no text: files, names and conditions.
_SILENT_ARGUMENT = frozenset(
    ["only", "ifconfig", "toctree", "index", "highlight", "module", "currentmodule", "image", "figure", "tabularcolumns", "csv-table"]
)
_SILENT = frozenset(["toctree", "index", "highlight", "raw", "image", "currentmodule", "module", "tabularcolumns", "meta"])
# Words that Sphinx puts before what these say.
_SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "versionadded": "Added in version ",
        "versionchanged": "Changed in version ",
        "versionremoved": "Removed in version ",
        "deprecated": "Deprecated since version ",
        "seealso": "See also ",
    }
)
_ERROR = 3  # docutils' level of what it could not take
_PLACE = re.compile(r"^[ \t]*:(?:file|url):(.*)", re.MULTILINE)
_FROM_FILES = frozenset(["include", "literalinclude", "csv-table", "mdinclude"])


@dataclass(frozen=True, slots=True)
class Rescued:
    """`content` is reStructuredText, `argument` what stands on the directive's own line, `code` text to be left as it is."""

    content: str = ""
    argument: str = ""
    code: str = ""
    warning: str = ""


def rescue(message: Any) -> Rescued | None:
    """The words of a directive that docutils could not take, None where the message quotes none."""
    quoted = next((child.astext() for child in message.children if child.tagname == "literal_block"), "")
    directive = _DIRECTIVE.match(quoted)
    if directive is None:
        return _lines(quoted) if message["level"] >= _ERROR else None
    if unknown := _UNKNOWN_OPTION.search(message.children[0].astext()):
        without = re.sub(rf"(?m)^[ \t]*:{re.escape(unknown[1])}:.*\n?", "", quoted, count=1, flags=re.IGNORECASE)
        if without != quoted:
            return Rescued(without)
    return _taken_apart(directive["name"].lower(), directive["rest"])


def _lines(quoted: str) -> Rescued:
    """A heading where none may stand, or a table that is none."""
    kept = [line for line in quoted.split("\n") if re.search(r"\w", line)]
    return Rescued(argument=kept[0]) if len(kept) == 1 else Rescued(code=quoted)


def _taken_apart(name: str, rest: str) -> Rescued:
    argument, _, below = rest.partition("\n")
    lines = textwrap.dedent(below).split("\n")
    while lines and _OPTION.fullmatch(lines[0]):
        lines.pop(0)
    content = "\n".join(lines).strip("\n")
    if name in _FROM_FILES and not content.strip():
        named = _PLACE.search(below)
        return Rescued(warning=f"What the file includes is not read: {(named[1] if named else argument).strip()}.")
    if name in _SILENT:
        return Rescued()
    if name.rpartition(":")[2] in _CODE:
        return Rescued(code=content)
    return Rescued(content, "" if name in _SILENT_ARGUMENT else f"{_SHOWN.get(name, '')}{words_of(argument)}")


def words_of(markup: str) -> str:
    """The words of a reference or role that docutils could not resolve: what Sphinx would show of it."""
    found = _ROLE.fullmatch(markup.strip())
    if found is None:
        return markup
    text = next(part for part in (found["content"], found["target"], found["name"]) if part is not None)
    shown = _TARGET.sub("", text) or text
    return shown.rpartition(".")[2] if shown.startswith("~") else shown.removeprefix("!")
