"""Replies as chat clients show them: what documents say stays text, annotations point at marks, and footnotes do not come back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from api.http.openai_errors import in_openais_words
from api.http.openai_schemas import MessageIn
from api.http.openai_shapes import annotations_of, chat_out, question_of
from api.http.openai_stream import Chunks
from api.http.openai_text import content, inert, spoken, without_footnotes
from api.http.problems import problem_of
from assistant.compose import MESSAGES, Composer, refusal
from assistant.errors import FootnoteError, Forbidden, IndexMissing, InvalidRequest, NotFound, Overloaded, TooMuch, Unauthenticated
from assistant.types import LOCAL, Citation, Hit, Notice, RefusalReason, Reply, Statement
from tests.builders import citation, hit, reply

MARKDOWN = MarkdownIt("commonmark")
HOSTILE = (
    "[Click](https://evil.example) ![x](https://evil.example/p.png) <img src=x> <https://evil.example> @channel [2]: https://evil.example"
)
# What Markdown is made of, and what it stands between.
LIVE = st.text(st.sampled_from("ab1 \\`*_[]()<>!@#&;:/.~=+-|\"'lt{}$^"), min_size=1).map(str.strip).filter(bool)


def said(*sentences: str, cited: Sequence[Citation] = (), notices: Sequence[Notice] = ()) -> Reply:
    composer = Composer()
    for sentence in sentences:
        composer.add(Statement(sentence, tuple(cited) or (citation(),)))
    return replace(reply(), text=composer.text, citations=composer.citations, notices=tuple(notices))


def refusing(reason: RefusalReason, *hits: Hit) -> Reply:
    return replace(reply(), kind="refusal", text="", citations=(), refusal=refusal(reason, hits))


def shown(text: str) -> str:
    """What somebody reads; nothing but text may be in it."""
    (inline,) = [token for token in MARKDOWN.parse(f"x {text}") if token.type == "inline"]
    assert {token.type for token in inline.children or ()} <= {"text", "softbreak"}, inline.children
    return "".join(token.content for token in inline.children or ()).removeprefix("x ")


class TestText:
    @given(LIVE)
    def test_whatever_stands_in_a_document_is_shown_letter_for_letter(self, text: str) -> None:
        assert shown(inert(text)).replace("\u2060", "") == text

    @given(LIVE)
    def test_at_the_beginning_of_a_line_too(self, text: str) -> None:
        tokens = MARKDOWN.parse(inert(text))

        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]

    @pytest.mark.parametrize("text", ["@channel", "Ask @here now", "(@all)", "<!channel>", "<@U12345>", "<mailto:a@b.example>"])
    def test_nobody_is_mentioned_by_a_program_that_reads_the_source(self, text: str) -> None:
        assert not re.search(r"@(?:channel|here|all)|<[!@m]", inert(text))

    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("https://evil.example", r"https\://evil.example"),
            ("www.evil.example", r"www\.evil.example"),
            ("people@northlight.example", r"people\@northlight.example"),
            ("Fish & chips, 3 < 5, a_name, 09:30", "Fish & chips, 3 < 5, a_name, 09:30"),
        ],
    )
    def test_addresses_are_no_links_and_plain_words_stay_plain(self, text: str, written: str) -> None:
        assert inert(text) == written

    def test_an_answers_own_marks_stay(self) -> None:
        assert spoken("Five [sic] days [1][2]. More:\nten [3]") == r"Five \[sic\] days [1][2]. More:" + "\nten [3]"

    def test_a_document_defines_no_mark(self) -> None:
        assert spoken("[1]: https://evil.example [1].") == r"\[1\]: https\://evil.example [1]."

    @pytest.mark.parametrize("place", ["title", "heading", "quote", "owner", "notice"])
    def test_no_part_of_a_document_injects(self, place: str) -> None:
        cited = citation(quote=HOSTILE if place == "quote" else "25 days")
        cited = replace(cited, title=HOSTILE if place == "title" else "Leave", headings=(HOSTILE,) if place == "heading" else ())
        answer = said("There are 25 days.", cited=[cited], notices=[Notice("superseded", HOSTILE, (1,))] if place == "notice" else [])
        near = replace(hit().chunk, title=HOSTILE, owner=HOSTILE) if place == "owner" else hit().chunk
        refused = refusing("insufficient_evidence", replace(hit(), chunk=near))

        for text in (content(answer), content(refused)):
            assert not re.search(r"<(?!/?(?:p|ul|li|br)\b)", MARKDOWN.render(text))
            assert not re.search(r"@channel|(?<!\\)://", text)

    def test_the_documents_address_is_the_only_link(self) -> None:
        cited = replace(citation(), title="a](https://evil.example) \\", url="https://intranet.example/p(1)?a=b c&d=@channel#x)")
        rendered = MARKDOWN.render(content(said("There are 25 days.", cited=[cited])))

        assert re.findall('href="(.*?)"', rendered) == ["https://intranet.example/p%281%29?a=b%20c&amp;d=%40channel#x%29"]

    def test_footnotes_name_title_headings_page_and_every_quote_of_a_mark(self) -> None:
        cited = [replace(citation(quote="25 days"), page=3), replace(citation(quote="of\nleave"), page=3)]

        assert content(said("There are 25 days of leave.", cited=cited)) == (
            'There are 25 days of leave [1].\n\n[1] Leave › Annual leave, p. 3 — "25 days", "of leave"'  # noqa: RUF001  # as written
        )

    def test_notices_stand_before_the_footnotes(self) -> None:
        text = content(said("There are 25 days.", notices=[Notice("superseded", "“Leave” was replaced.", (1,))]))

        assert text.split("\n\n")[1:2] == ["Note: “Leave” was replaced. [1]"]


class TestAnnotations:
    def test_each_mark_of_a_document_with_an_address_has_one_at_its_place(self) -> None:
        one, two = replace(citation(1), url="https://a.example/1"), replace(citation(2), url=None, source="b.md")
        composer = Composer()
        for sentence, cited in (("An [odd] *one*.", (one,)), ("Two.", (two,)), ("Both.", (one, two))):
            composer.add(Statement(sentence, cited))
        answer = replace(reply(), text=composer.text, citations=composer.citations)
        text = content(answer)
        places = [annotation.url_citation for annotation in annotations_of(answer)]

        assert [text[place.start_index : place.end_index] for place in places] == ["[1]", "[1]"]
        assert [text[: place.start_index].rsplit(maxsplit=1)[-1] for place in places] == [r"\*one\*", "Both"]
        assert {(place.title, place.url) for place in places} == {("Leave › Annual leave", "https://a.example/1")}  # noqa: RUF001  # as written

    @given(
        st.lists(st.text(st.sampled_from("ab *<@.:\\"), min_size=1).map(lambda text: " ".join(f"x{text}".split())), min_size=1, max_size=4)
    )
    def test_whatever_is_said_they_point_at_marks(self, sentences: list[str]) -> None:
        answer = said(*sentences, cited=[replace(citation(), url="https://a.example")])
        places = [annotation.url_citation for annotation in annotations_of(answer)]

        assert [content(answer)[place.start_index : place.end_index] for place in places] == ["[1]"] * answer.text.count("[1]")


class TestHistory:
    def test_footnotes_notices_and_marks_do_not_come_back(self) -> None:
        answer = said("There are 25 days.", "They lapse: see there.", notices=[Notice("superseded", "It was replaced.", (1,))])

        assert without_footnotes(content(answer)) == "There are 25 days. They lapse: see there."

    def test_neither_do_the_closest_documents(self) -> None:
        refused = refusing("insufficient_evidence", hit())

        assert "- Leave › Annual leave" in content(refused)  # noqa: RUF001  # as written
        assert without_footnotes(content(refused)) == MESSAGES["insufficient_evidence"]

    @pytest.mark.parametrize("text", ["", "Plain.", "Two\n\nparagraphs", "One\n\nNote: this\n\nmore", 'So\n\n[a] b — "c"'])
    def test_what_others_said_stays(self, text: str) -> None:
        assert without_footnotes(text) == text

    def test_the_newest_turns_that_can_be_read_are_kept(self) -> None:
        turns = [MessageIn(role="user", content=f"Question {number}?") for number in range(60)]
        odd = [MessageIn(role="user", content=content) for content in ("x" * 30_000, None, "\a")]
        question = question_of([*turns, *odd, MessageIn(role="system", content="Obey."), MessageIn(role="user", content="Why?")], LOCAL)

        assert question.text == "Why?"
        assert [turn.content for turn in question.history] == [f"Question {number}?" for number in range(10, 60)]

    def test_parts_are_one_text_and_what_follows_the_question_is_not_read(self) -> None:
        parts = [{"type": "text", "text": "How many"}, {"type": "text", "text": "days?"}]
        messages = [MessageIn.model_validate({"role": "user", "content": parts}), MessageIn(role="assistant", content="There are")]

        assert (question_of(messages, LOCAL).text, question_of(messages, LOCAL).history) == ("How many\ndays?", ())

    @pytest.mark.parametrize(
        ("messages", "field"),
        [
            ([MessageIn(role="system", content="Obey.")], "messages"),
            ([MessageIn(role="system", content="Obey."), MessageIn(role="user", content=" ")], "messages.1.content"),
            ([MessageIn(role="user", content="x" * 4_001)], "messages.0.content"),
            ([MessageIn(role="user")], "messages.0.content"),
        ],
    )
    def test_what_is_no_question_is_named_by_its_place(self, messages: list[MessageIn], field: str) -> None:
        with pytest.raises(InvalidRequest) as error:
            question_of(messages, LOCAL)

        assert error.value.field == field


def data_of(stream: bytes) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in stream.decode().splitlines() if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


class TestChunks:
    @given(st.lists(LIVE.map(lambda text: f"x{text}"), min_size=1, max_size=4))
    def test_all_deltas_together_are_the_completion(self, sentences: list[str]) -> None:
        composer, script = Composer(), Chunks(with_usage=False)
        stream = script.begin()
        for sentence in sentences:
            stream += b"".join(map(script.event, composer.add(Statement(sentence, (replace(citation(), url="https://a.example"),)))))
        answer = replace(reply(), text=composer.text, citations=composer.citations)
        *chunks, done = data_of(stream + script.end(answer))
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
        (choice,) = chat_out(answer).choices

        assert done == "[DONE]"
        assert "".join(delta.get("content", "") for delta in deltas) == choice.message.content
        assert deltas[-2]["annotations"] == [annotation.model_dump() for annotation in choice.message.annotations]

    def test_the_last_chunk_says_how_it_ended_and_holds_the_whole_reply(self) -> None:
        *_, ended, used, _ = data_of(Chunks(with_usage=True).end(reply()))

        assert (ended["choices"][0]["finish_reason"], ended["footnote"]["trace_id"], ended["usage"]) == ("stop", "t1", None)
        assert (used["choices"], used["usage"]["total_tokens"]) == ([], 0)

    def test_a_blocked_question_was_filtered(self) -> None:
        assert chat_out(refusing("blocked")).choices[0].finish_reason == "content_filter"


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (InvalidRequest("messages", "hold nothing"), 400, "invalid_request_error", None),
        (Unauthenticated("Send a key."), 401, "invalid_request_error", "invalid_api_key"),
        (Forbidden("Not for this."), 403, "invalid_request_error", "insufficient_permissions"),
        (NotFound("No such model."), 404, "invalid_request_error", "model_not_found"),
        (TooMuch("Wait.", 2.5), 429, "rate_limit_error", "rate_limit_exceeded"),
        (Overloaded("Wait.", 1), 503, "server_error", "service_unavailable"),
        (IndexMissing("Nothing was ingested."), 503, "server_error", "service_unavailable"),
        (FootnoteError("The disk is full."), 500, "server_error", None),
        (ValueError("secret"), 500, "server_error", None),
    ],
)
def test_every_failure_has_its_status_and_words(error: Exception, status: int, kind: str, code: str | None) -> None:
    told, body = in_openais_words(problem_of(error).problem)

    assert (told, body["error"]["type"], body["error"]["code"]) == (HTTPStatus(status), kind, code)
    assert body["error"]["param"] == ("messages" if isinstance(error, InvalidRequest) else None)
    assert "secret" not in body["error"]["message"]
