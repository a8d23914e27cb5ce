"""A model's reply is untrusted text that may stop anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reply_reader import CUT, DECLINED, EMPTY, MOST_SENTENCES, UNREADABLE, ReplyReader
from assistant.types import Claim


def sentence(text: str, *quotes: tuple[int, str]) -> dict[str, object]:
    return {"text": text, "quotes": [{"marker": marker, "quote": quote} for marker, quote in quotes]}


def reply(*sentences: object, answerable: bool = True) -> str:
    return json.dumps({"answerable": answerable, "sentences": list(sentences)})


def read(text: str, cuts: Sequence[int] = ()) -> tuple[ReplyReader, list[tuple[Claim, ...]]]:
    reader = ReplyReader()
    found: list[tuple[Claim, ...]] = []
    places = sorted({min(cut, len(text)) for cut in cuts})
    for start, end in zip([0, *places], [*places, len(text)], strict=True):
        found += reader.feed(text[start:end])
    return reader, found


TWO = (sentence("One.", (1, "the first")), sentence("Two.", (1, "a"), (2, "b")))
CLAIMS = [(Claim("One.", 1, "the first"),), (Claim("Two.", 1, "a"), Claim("Two.", 2, "b"))]


@given(st.lists(st.integers(0, 200), max_size=30))
def test_however_it_is_cut_the_same_is_read(cuts: list[int]) -> None:
    assert read(reply(*TWO), cuts)[1] == CLAIMS


def test_a_sentence_is_given_as_soon_as_it_is_whole() -> None:
    reader = ReplyReader()
    start, end = reply(*TWO).split(', {"text": "Two.')

    assert list(reader.feed(start)) == CLAIMS[:1]
    assert list(reader.feed(', {"text": "Two.' + end)) == CLAIMS[1:]


@given(st.text(), st.text(), st.text())
def test_any_words_come_through_whole(text: str, quote: str, after: str) -> None:
    _, found = read(reply(sentence(text, (3, quote))) + after.replace("{", ""), [5, 40, 41, 60])

    assert found == [(Claim(text, 3, quote),)]


@pytest.mark.parametrize("around", ["```json\n%s\n```", "Sure! Here it is: %s Hope that helps.", '{"thinking": "hm [1]"} %s', "%s%s"])
def test_wrapping_is_no_hindrance(around: str) -> None:
    text = reply(*TWO)

    assert read(around % ((text,) * around.count("%s")))[1] == CLAIMS


@pytest.mark.parametrize(
    ("text", "ended", "verdict"),
    [
        ("", "complete", EMPTY),
        (" \n", "complete", EMPTY),
        ("I think it is 25 days.", "complete", UNREADABLE),
        ('{"answerable": true, "sentences": [{"text": "You', "complete", UNREADABLE),
        ('{"answerable": true, "sentences": [{"text": "You', "cut", CUT),
        ('{"sentences": [{"text": 1, "quotes": "x"}]}', "complete", UNREADABLE),
        ("I'm sorry.", "declined", DECLINED),
        ('{"answerable": true, "sentences": {"text": "a"}}', "complete", UNREADABLE),
    ],
)
def test_what_cannot_be_used_is_told_why(text: str, ended: str, verdict: object) -> None:
    reader, found = read(text)

    assert found == []
    assert reader.verdict(ended) == verdict


@pytest.mark.parametrize(
    "text",
    [reply(answerable=False), reply(*TWO, answerable=False), reply(), '{"answerable": false}', '{"answerable":false,"sentences":null}'],
)
def test_that_there_is_no_answer_is_believed(text: str) -> None:
    reader, found = read(text, [10, 20, 30])

    assert found == []
    assert reader.verdict("complete") is None


def test_marker_and_quote_beside_the_text_are_read_too_and_a_marker_in_brackets() -> None:
    item = {"text": "One.", "marker": "[2]", "quote": "the first", "more": 1}

    assert read(reply(item))[1] == [(Claim("One.", 2, "the first"),)]


def test_wrong_types_are_dropped_and_the_rest_is_read() -> None:
    wrong = [
        sentence("a", (True, "b")),
        {"text": "a", "quotes": [{"marker": 1.5, "quote": "b"}]},
        sentence("y" * 2001, (1, "b")),
        "x",
        None,
    ]

    assert read(reply(*wrong, *TWO))[1] == CLAIMS


def test_no_more_than_an_answer_is_read() -> None:
    assert len(read(reply(*(sentence(f"{n}", (1, "q")) for n in range(40))))[1]) == MOST_SENTENCES


def test_what_does_not_end_is_given_up_and_costs_no_time() -> None:
    reader = ReplyReader()
    pieces = ['{"answerable": true, "sentences": [{"text": "', *["}" * 50] * 2000]

    assert [claims for piece in pieces for claims in reader.feed(piece)] == []
    assert list(reader.feed('"}, ' + json.dumps(TWO[0]) + "]}")) == []


def test_brackets_as_deep_as_they_come_are_not_followed() -> None:
    assert read('{"sentences": ' + "[" * 50_000)[1] == []
