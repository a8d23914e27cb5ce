"""Takes out of the XML of a Word document what nobody sees of it."""

from __future__ import annotations

from typing import Any

from ingest.parsing.office.ooxml import first, local, value

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# fmt: off
_DROPPED = frozenset([
    "del", "moveFrom", "Fallback", "instrText", "delText", "pPrChange", "rPr", "sdtPr", "sdtEndPr", "lastRenderedPageBreak",
])
_WRAPPERS = frozenset([
    "oMathPara", "sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "fldSimple", "bdo", "dir", "AlternateContent", "Choice",
])
# fmt: on


def clean(body: Any) -> None:
    """Takes out what nobody sees and what only says how it looks; wrappers give way to their content."""
    for element in list(body.iter()):
        name = local(element)
        if name in _DROPPED or _is_deleted_row(element) or (name == "r" and _vanishes(element)):
            replaced(element, [])
        elif name in _WRAPPERS:
            replaced(element, list(element))
        elif name == "oMath":
            replaced(element, [_formula(element)])


def _formula(element: Any) -> Any:
    """The letters of a formula as a run of text; how they stand above each other is lost."""
    from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

    run = etree.Element(f"{W}r")
    text = etree.SubElement(run, f"{W}t")
    text.text = "".join(one.text or "" for one in element.iter() if local(one) == "t")
    return run


def _is_deleted_row(element: Any) -> bool:
    return local(element) == "tr" and first(first(element, "trPr"), "del") is not None


def _vanishes(run: Any) -> bool:
    mark = first(first(run, "rPr"), "vanish")
    return mark is not None and value(mark) not in ("0", "false", "off")


def replaced(element: Any, others: list[Any]) -> None:
    """Puts other elements in the place of one."""
    parent = element.getparent()
    at = parent.index(element)
    parent[at : at + 1] = others
