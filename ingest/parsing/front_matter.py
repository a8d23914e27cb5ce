"""YAML as people write it at the head of a file: dates stay text, a key given twice is a mistake, errors name the line."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from assistant.errors import ParseError

_OPENING = re.compile(r"\s*---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_][\w .-]*:(?:\s|$)")


class _Loader(yaml.SafeLoader):
    """SafeLoader, but dates stay as they are written and duplicate keys are refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f'the key "{key.value}" is given twice', key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str, what: str, first_line: int = 1) -> object:
    """The value of a YAML text that begins at line `first_line` of `what`. Raises ParseError naming the line."""
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + first_line}" if mark else ""
        raise ParseError(f"{what}{line}: {error.problem or error.context}. Correct the YAML.") from error
    except (yaml.YAMLError, ValueError, ArithmeticError, RecursionError) as error:
        raise ParseError(f"{what}: {str(error).splitlines()[0]}. Correct the YAML.") from error


def split_front_matter(text: str) -> tuple[Mapping[str, object], str]:
    """Front matter (empty where there is none) and the text below it.

    A mapping between two lines of `---` at the very top is front matter; two such lines around anything else are rules. Front matter
    that is broken or never ends is a ParseError, because it may have said who is allowed to read the file.
    """
    opening = _OPENING.match(text)
    if not opening:
        return {}, text
    closing = _CLOSING.search(text, opening.end())
    if not closing:
        if _KEY.match(text, opening.end()):
            raise ParseError('The front matter has no end: close it with a line of "---".')
        return {}, text
    line = text.count("\n", 0, opening.end()) + 1
    value = load_yaml(text[opening.end() : closing.start()], "The front matter", line)
    if not isinstance(value, dict):
        return {}, text
    return {str(key): item for key, item in value.items()}, text[closing.end() :]


def line_of(text: str, *keys: str) -> int:
    """The line (from 1) where a key stands in a YAML text that loads; `keys` lead to it from the outermost mapping."""
    node = yaml.compose(text, _Loader)
    line = 1
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((name, value) for name, value in pairs if isinstance(name, yaml.ScalarNode) and name.value == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
