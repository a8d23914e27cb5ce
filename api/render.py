"""How replies, costs and traces look to a person: plain when piped, coloured in a terminal, links to no one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

_PASSAGE = 300


def console() -> Console:
    """A terminal gets lines that fit; where nobody looks, a line stays one."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def print_reply(reply: Mapping[str, Any]) -> None:
    out = console()
    if reply["kind"] == "refusal":
        _print_refusal(out, reply["refusal"])
    else:
        out.print(f"[bold]{escape(reply['text'])}[/]\n")
        for citation in reply["citations"]:
            marker = escape(f"[{citation['marker']}]")
            out.print(f"  [cyan]{marker}[/] {_place(citation)}")
            _print_padded(out, f"[italic]“{escape(citation['quote'])}”[/]", 6)
    for notice in reply["notices"]:
        out.print(f"[yellow]{escape(notice['message'])}[/]")
    out.print(f"\n[dim]{_footer(reply)}[/]")


def _print_padded(out: Console, text: str, margin: int) -> None:
    """In lines that fit, also where nobody looks: Rich cuts off what is padded and does not."""
    out.print(Padding(text, (0, 0, 0, margin)), soft_wrap=False)


def _print_refusal(out: Console, refusal: Mapping[str, Any]) -> None:
    out.print(f"[yellow]No answer:[/] {escape(refusal['message'])} [dim]({refusal['reason']})[/]")
    if refusal["closest"]:
        out.print("  The nearest documents:")
    for near in refusal["closest"]:
        owner = f" [dim](ask {escape(near['owner'])})[/]" if near["owner"] else ""
        out.print(f"  · {_place(near)}{owner}")


def _place(cited: Mapping[str, Any]) -> str:
    parts = [cited["title"], *(h for h in cited["headings"] if h != cited["title"])]
    page = f", page {cited['page']}" if cited.get("page") else ""
    return f"{escape(' > '.join(parts))} [dim]{escape(cited['source'])}{page}[/]"


def _footer(reply: Mapping[str, Any]) -> str:
    confidence = "" if reply["confidence"] is None else f"confidence {reply['confidence']:.0%} · "
    paid = dollars(reply["cost"]["usd"]) + (" (estimated)" if reply["cost"]["estimated"] else "")
    return escape(f"{confidence}{reply['mode']} · {reply['latency_ms']['total']:.0f} ms · {paid} · trace {reply['trace_id']}")


def dollars(usd: float | str | None) -> str:
    """An unknown price is said to be unknown, nothing is $0."""
    if usd is None:
        return "cost unknown"
    return f"${float(usd):.6f}".rstrip("0").rstrip(".")


def print_hits(hits: Sequence[Mapping[str, Any]]) -> None:
    out = console()
    if not hits:
        out.print("Nothing was found.")
    for hit in hits:
        out.print(f"[cyan]{hit['rank']:>2}[/] [dim]{hit['score']:.3f}[/]  {_place(hit)}")
        _print_padded(out, escape(shorten(hit["text"], _PASSAGE, placeholder=" …")) + "\n", 4)


def print_traces(traces: Sequence[Mapping[str, Any]]) -> None:
    out = console()
    if not traces:
        out.print("There is no trace yet.")
    for trace in traces:
        sure = "" if trace["confidence"] is None else f"{trace['confidence']:.0%}"
        when, outcome = trace["created"][5:16].replace("T", " "), trace["reason"] or trace["mode"] or trace["outcome"]
        line = f"{trace['id']}  {when}  {outcome:<21}  {sure:>4}  {trace['milliseconds']:>5.0f} ms  {dollars(trace['usd'])}"
        out.print(f"[cyan]{escape(line)}[/]", soft_wrap=True)
        _print_padded(out, escape(trace["question"]), 2)


def print_trace(trace: Mapping[str, Any]) -> None:
    out = console()
    out.print(f"[bold]{escape(trace['question'])}[/]")
    if trace["standalone"] != trace["question"]:
        out.print(f"[dim]asked as:[/] {escape(trace['standalone'])}")
    out.print(f"[dim]{escape(trace['created'])} by {escape(trace['principal'])}, generation {escape(trace['generation'])}[/]\n")
    if trace["origin"]:
        out.print(f"[dim]repeats trace {escape(trace['origin'])}[/]\n")
    if trace["reply"]:
        print_reply(trace["reply"])
    else:
        out.print(f"[yellow]No reply:[/] {trace['outcome']}")
    for step in trace["steps"]:
        out.print(f"\n[cyan]{step['name']}[/] {step['milliseconds']:.1f} ms")
        for name, value in step["attributes"].items():
            _print_padded(out, _attribute(name, value), 2)
    for call in trace["calls"]:
        tokens = f"{call['input_tokens'] or 0:,} + {call['output_tokens'] or 0:,} tokens{' (estimated)' if call['estimated'] else ''}"
        outcome = call["error"] or "ok"
        out.print(f"\n[cyan]call[/] {escape(call['model'])} ({call['purpose']}): {escape(outcome)}, {tokens}, {dollars(call['usd'])}")


def _attribute(name: str, value: object) -> str:
    if isinstance(value, list):
        return "\n".join([f"{name}:", *(f"  {escape(_hit(item))}" for item in value)])
    return f"{name}: {escape(str(value))}"


def _hit(item: object) -> str:
    if isinstance(item, Mapping) and "source" in item:
        return f"{item['score']:.3f}  {item['source']}:{item['start']}  cosine {item['cosine']}, bm25 {item['bm25']}"
    return str(item)


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
