"""From OpenAI's messages to a question, and from a reply to a completion."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Sequence

from api.http.openai_schemas import AnnotationOut, ChatOut, ChoiceOut, FinishReason, MessageIn, MessageOut, UrlCitationOut, UsageOut
from api.http.openai_text import MARKS, content, name_of, spoken, without_footnotes
from api.http.schemas import ReplyOut
from assistant.errors import InvalidRequest
from assistant.types import Citation, Principal, Question, Reply, Turn
from assistant.validate import MOST_QUESTION, MOST_TURN, MOST_TURNS, validate_text

_MARK = re.compile(r"\[(\d+)\]")


def question_of(messages: Sequence[MessageIn], asker: Principal) -> Question:
    """The user's last message, after the newest turns before it that the core takes. Raises InvalidRequest where it is no question."""
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        raise InvalidRequest("messages", "hold no message of the role user, so there is no question")
    validate_text(f"messages.{last}.content", messages[last].text, MOST_QUESTION)
    return Question(messages[last].text, asker, tuple(_turns(messages[:last]))[-MOST_TURNS:])


def chat_out(reply: Reply) -> ChatOut:
    text = content(reply)
    message = MessageOut(content=text, annotations=annotations_of(reply))
    return ChatOut(
        id=new_id(),
        created=int(time.time()),
        choices=[ChoiceOut(message=message, finish_reason=finish_reason(reply))],
        usage=usage_out(reply),
        footnote=ReplyOut.model_validate(reply),
    )


def annotations_of(reply: Reply) -> list[AnnotationOut]:
    """One for each mark in the text of a passage whose document has an address. The sentences stand at the beginning of the content."""
    cited = {citation.marker: citation for citation in reply.citations if citation.url}
    marks = [(run.start() + mark.start(), mark) for run in MARKS.finditer(spoken(reply.text)) for mark in _MARK.finditer(run[0])]
    return [_annotation(start, mark[0], cited[int(mark[1])]) for start, mark in marks if int(mark[1]) in cited]


def usage_out(reply: Reply) -> UsageOut:
    cost = reply.cost
    return UsageOut(
        prompt_tokens=cost.input_tokens, completion_tokens=cost.output_tokens, total_tokens=cost.input_tokens + cost.output_tokens
    )


def finish_reason(reply: Reply) -> FinishReason:
    return "content_filter" if reply.refusal and reply.refusal.reason == "blocked" else "stop"


def new_id() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"


def _turns(messages: Sequence[MessageIn]) -> Iterator[Turn]:
    """Those that can be read: a question that was refused for its length stays in a client's conversation for good."""
    for message in messages:
        if message.role == "user":
            turn = Turn("user", message.text)
        elif message.role == "assistant":
            turn = Turn("assistant", without_footnotes(message.text))
        else:
            continue
        if _is_readable(turn.content):
            yield turn


def _is_readable(text: str) -> bool:
    try:
        validate_text("content", text, MOST_TURN)
    except InvalidRequest:
        return False
    return True


def _annotation(start: int, mark: str, citation: Citation) -> AnnotationOut:
    place = UrlCitationOut(start_index=start, end_index=start + len(mark), title=name_of(citation), url=citation.url or "")
    return AnnotationOut(url_citation=place)
