"""`footnote ask`: one question, answered by the running server where there is one, else in this process."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from assistant.types import LOCAL, Principal, Question


def command(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    groups: Annotated[str | None, typer.Option(help="Ask as a member of these groups alone, separated by commas.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reply as JSON.")] = False,
) -> None:
    """Answer a question from the documents, with quotes, or refuse."""
    from api.render import print_reply

    reply = _ask(question, principal_of(groups))
    if as_json:
        print(json.dumps(reply, indent=1, ensure_ascii=False))
    else:
        print_reply(reply)


def principal_of(groups: str | None) -> Principal:
    """The local user, or, where groups are named, somebody who is a member of these alone."""
    if groups is None:
        return LOCAL
    return Principal(LOCAL.name, frozenset(name.strip() for name in groups.split(",") if name.strip()))


def _ask(text: str, principal: Principal) -> dict[str, Any]:
    from assistant.settings import load_settings
    from assistant.validate import MOST_QUESTION, validate_text

    validate_text("question", text, MOST_QUESTION)
    settings = load_settings()
    if principal.reads_all:
        from api.running import post

        if (reply := post(settings.home, "/v1/ask", {"question": text})) is not None:
            return reply
    import asyncio

    from api.bootstrap import open_assistant
    from api.http.schemas import ReplyOut

    with open_assistant(settings) as assistant:
        reply_out = asyncio.run(assistant.ask(Question(text, principal)))
    return ReplyOut.model_validate(reply_out).model_dump(mode="json")
