"""A walk over docutils' tree of a reStructuredText file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ingest.parsing.draft import Draft
from ingest.parsing.labels import numeral
from ingest.parsing.text.rst_rescue import Rescued, rescue, words_of

if TYPE_CHECKING:
    from docutils import nodes

# fmt: off
_SKIPPED = frozenset([
    "comment", "target", "substitution_definition", "raw", "pending", "meta", "decoration", "header", "footer", "title", "transition",
    "footnote_reference", "label", "colspec", "generated",
])
_CODE = frozenset(["literal_block", "doctest_block", "math_block"])
_ADMONITIONS = frozenset(["attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning"])
_LINES = frozenset(["paragraph", "rubric", "attribution", "caption", "subtitle", "line", "image"])
_TERMS = frozenset(["term", "classifier", "field_name", "option_group"])
_LISTS = frozenset(["bullet_list", "enumerated_list", "definition_list", "field_list", "option_list"])
# fmt: on
_KINDS = {"arabic": "1", "loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}
_RESCUES = 10  # unknown directives in each other


class Walk:
    """Adds the blocks of a tree to a draft. `parse` gives the tree of a text; `warnings` say what is not in the text."""

    def __init__(self, draft: Draft, parse: Callable[[str], nodes.document]) -> None:
        self._draft = draft
        self._parse = parse
        self._rescues = 0
        self.warnings: list[str] = []

    def over(self, children: Iterable[Any], depth: int, lists: int = 0) -> None:
        """`depth` is the number of headings above, `lists` the number of lists around."""
        for child in children:
            self._block(child, depth, lists)

    def _block(self, node: Any, depth: int, lists: int) -> None:
        name = node.tagname
        if name in _SKIPPED or (name == "topic" and "contents" in node["classes"]):
            return
        if name == "section":
            self._draft.add("heading", _title(node), depth + 1)
            self.over(node.children, depth + 1, lists)
        elif name in _LINES:
            self._draft.add("paragraph", words(node))
        elif name == "line_block":
            self._draft.add("paragraph", _all_words(node))
        elif name in _CODE:
            self._draft.add("code", node.astext())
        elif name in _LISTS:
            self._list(node, depth, lists + 1)
        elif name == "table":
            self._table(node)
        elif name == "system_message":
            self._rescue(rescue(node), depth, lists)
        else:
            self._group(node, depth, lists)

    def _group(self, node: Any, depth: int, lists: int) -> None:
        """Something with blocks inside: a note begins with its name, a footnote has its mark taken off, a citation keeps it."""
        name = node.tagname
        if name in _ADMONITIONS:
            self._led(f"{name.capitalize()}: ", node.children, depth, lists)
        elif name == "citation":
            self._led(f"[{_child(node, 'label')}] ", node.children, depth, lists)
        else:
            self._draft.add("paragraph", _title(node))
            self.over(node.children, depth, lists)

    def _led(self, lead: str, children: list[Any], depth: int, lists: int) -> None:
        """Blocks of which the first, where it is a paragraph, has a lead."""
        shown = [child for child in children if child.tagname not in _SKIPPED]
        if shown and shown[0].tagname == "paragraph":
            self._draft.add("paragraph", lead + words(shown.pop(0)))
        else:
            self._draft.add("paragraph", lead.strip(" :"))
        self.over(shown, depth, lists)

    def _list(self, node: Any, depth: int, lists: int) -> None:
        if lists == 1:
            self._draft.apart()
        for number, item in enumerate(node.children, int(node.get("start", 1))):
            if item.tagname == "list_item":
                label = _label(node, number) if node.tagname == "enumerated_list" else ""
                self._item(label, item.children, depth, lists)
            elif item.tagname in ("definition_list_item", "field", "option_list_item"):
                self._item(f"{_term(item)}: ", _child_nodes(item), depth, lists)
            else:
                self._block(item, depth, lists)
        if lists == 1:
            self._draft.apart()

    def _item(self, lead: str, children: list[Any], depth: int, lists: int) -> None:
        """Paragraphs beside each other are one item; what else stands in an item follows it."""
        held: list[str] = []

        def flush() -> None:
            nonlocal lead
            if held or lead.strip():
                self._draft.add("list_item", (lead + " ".join(held)).strip().removesuffix(":"), lists)
            held.clear()
            lead = ""

        for child in children:
            if child.tagname == "paragraph":
                held.append(words(child))
            elif child.tagname not in _SKIPPED:
                flush()
                self._block(child, depth, lists)
        flush()

    def _table(self, node: Any) -> None:
        self._draft.apart()
        self._draft.add("paragraph", _title(node))
        first = True
        for group in (part for grid in node.children if grid.tagname == "tgroup" for part in grid.children):
            if group.tagname in ("thead", "tbody"):
                below: dict[int, int] = {}
                for row in group.children:
                    self._draft.row(self._cells(row, below), header=first and group.tagname == "thead")
                    first = False
        self._draft.apart()

    def _cells(self, row: Any, below: dict[int, int]) -> list[str]:
        """The texts of a row's cells, empty ones where a cell is merged. `below`: by column, how many rows a cell still reaches down."""
        texts: list[str] = []
        for entry in row.children:
            self._pass_merged(texts, below)
            inner = Draft()
            Walk(inner, self._parse).over(entry.children, 0)
            more = int(entry.get("morecols", 0))
            below |= {len(texts) + at: int(entry.get("morerows", 0)) for at in range(more + 1)}
            texts += [inner.document().text] + [""] * more
        self._pass_merged(texts, below)
        return texts

    def _pass_merged(self, texts: list[str], below: dict[int, int]) -> None:
        while below.get(len(texts), 0):
            below[len(texts)] -= 1
            texts.append("")

    def _rescue(self, found: Rescued | None, depth: int, lists: int) -> None:
        """What a directive that docutils does not take says."""
        if found is None:
            return
        if found.warning:
            self.warnings.append(found.warning)
        if found.code:
            self._draft.add("code", found.code)
        self._draft.add("paragraph", found.argument)
        if found.content and self._rescues < _RESCUES:
            self._rescues += 1
            self.over(self._parse(found.content).children, depth, lists)
            self._rescues -= 1
        elif found.content:
            self._draft.add("paragraph", found.content)


def words(node: Any) -> str:
    """The visible text of a node: pictures by their alternative text, footnote marks left out."""
    name = node.tagname
    if name in _SKIPPED and name != "title":
        return ""
    if name == "#text":
        return str(node.astext())
    if name == "image":
        return f" {node.get('alt', '')} "
    if name == "citation_reference":
        return f"[{node.astext()}]"
    if name == "problematic":
        return words_of(node.astext())
    return "".join(words(child) for child in node.children)


def _all_words(node: Any) -> str:
    return " ".join(_all_words(child) if child.tagname == "line_block" else words(child) for child in node.children)


def _title(node: Any) -> str:
    return next((words(child) for child in node.children if child.tagname == "title"), "")


def _child(node: Any, name: str) -> str:
    return next((child.astext() for child in node.children if child.tagname == name), "")


def _label(node: Any, number: int) -> str:
    return f"{node.get('prefix', '')}{numeral(number, _KINDS.get(node.get('enumtype'), '1'))}{node.get('suffix', '')} "


def _term(item: Any) -> str:
    """What an item defines: its terms with their classifiers, a field's name, or a command's options."""
    named = [child for child in item.children if child.tagname in _TERMS]
    if named and named[0].tagname == "option_group":
        return ", ".join(option.astext() for option in named[0].children)
    return "".join(f" ({words(child)})" if child.tagname == "classifier" else words(child) for child in named)


def _child_nodes(item: Any) -> list[Any]:
    bodies = [child for child in item.children if child.tagname in ("definition", "field_body", "description")]
    return [node for body in bodies for node in body.children]
