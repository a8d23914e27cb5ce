"""`footnote ask`: one question, answered by the running server where there is one, else in this process."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer

from assistant.errors import InvalidRequest
from assistant.types import LOCAL, Principal, Question


def command(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    groups: Annotated[str | None, typer.Option(help="Ask as a member of these groups alone, separated by commas.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The day by which documents are in force, as YYYY-MM-DD; else today.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reply as JSON.")] = False,
) -> None:
    """Answer a question from the documents, with quotes, or refuse."""
    from api.render import print_reply

    reply = _ask(Question(question, principal_of(groups), as_of=_day(as_of)))
    if as_json:
        print(json.dumps(reply, indent=1, ensure_ascii=False))
    else:
        print_reply(reply)


def principal_of(groups: str | None) -> Principal:
    """The local user, or, where groups are named, somebody who is a member of these alone."""
    if groups is None:
        return LOCAL
    return Principal(LOCAL.name, frozenset(name.strip() for name in groups.split(",") if name.strip()))


def _day(written: str | None) -> date | None:
    try:
        return None if written is None else date.fromisoformat(written)
    except ValueError:
        raise InvalidRequest("--as-of", f"{written} is no day; write YYYY-MM-DD") from None


def _ask(question: Question) -> dict[str, Any]:
    from assistant.settings import load_settings
    from assistant.validate import validate

    validate(question)
    settings = load_settings()
    if question.principal.reads_all:
        from api.running import post

        day = question.as_of and question.as_of.isoformat()
        if (reply := post(settings.home, "/v1/ask", {"question": question.text, "as_of": day})) is not None:
            return reply
    import asyncio

    from api.bootstrap import open_assistant
    from api.http.schemas import ReplyOut

    with open_assistant(settings) as assistant:
        reply_out = asyncio.run(assistant.ask(question))
    return ReplyOut.model_validate(reply_out).model_dump(mode="json")
