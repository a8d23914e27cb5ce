"""Grounding: which words a sentence may say beside its quote."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from assistant.ground import Grounding, ground
from assistant.types import Chunk, Claim, Evidence, Hit, Span

LEAVE = "Full-time employees accrue 25 days of paid annual leave per year."
TRAVEL = "Journeys by train are booked in second class."


def evidence(text: str, marker: int = 1, title: str = "Leave policy", leads: tuple[Span, ...] = ()) -> Evidence:
    chunk = Chunk(f"c{marker}", f"d{marker}", "hr/leave.md", title, ("Annual leave",), 100, 100 + len(text), text, leads=leads)
    return Evidence(marker, Hit(chunk, 1.0, marker))


def grounded(document: str, sentence: str, *quotes: str, question: str = "") -> Grounding:
    return ground([Claim(sentence, 1, quote) for quote in quotes or (document,)], [evidence(document)], question)


def said(result: Grounding) -> str:
    assert not result.dropped, result.dropped
    return result.statements[0].text


def reason(result: Grounding) -> str:
    assert not result.statements, result.statements
    return result.dropped[0].reason


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("Employees visit the vault and enjoy 25 days of leave.", "visit"),
        ("Employees get 25 days of pineapple.", "pineapple"),
        ("Employees lose 25 days of leave.", "lose"),
        ("Employees get 25 days of unpaid leave.", "unpaid"),
        ("Part employees get 25 days of leave.", "part"),
        ("Employees get 25 days of leave before they start.", "before"),
        ("Only employees get 25 days of leave.", "only"),
        ("Employees get up to 25 days of leave.", "up"),
        ("Employees get p\u0430id leave of 25 days.", "p\u0430id"),
    ],
)
def test_a_word_that_the_quote_does_not_hold_drops_the_sentence_and_is_named(sentence: str, word: str) -> None:
    assert reason(grounded(LEAVE, sentence)) == f"the word “{word}” is not in the quote"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (LEAVE, "As an employee you get 25 paid days of leave a year."),
        (LEAVE, "Fulltime employees are accruing 25 days of leave yearly."),
        (LEAVE, "Per year 25 days of leave were accrued by a full time employee."),
        (TRAVEL, "A journey by train is a second-class booking."),
        ("Staff write a report and send it to the centre.", "The report that staff wrote is sent to the center."),
        ("The organisation paid for travelling and labour.", "An organization pays for traveling and labor."),
        ("Requests are approved by the line manager.", "A request needs approval by the line manager."),
        ("A maximum of 5 days is carried over.", "At most 5 days are carried over."),
        ("It is in force since 1 May 2026.", "It is in force from 1 May 2026."),
        ("Your manager grants the leave.", "The leave of an employee is granted by the manager."),
    ],
)
def test_the_same_words_in_another_form_are_carried(document: str, sentence: str) -> None:
    assert said(grounded(document, sentence)) == sentence


def test_words_that_say_nothing_make_no_sentence() -> None:
    assert reason(grounded(LEAVE, "You must have it and use it.")) == "most of its words are not in the quote"
    assert reason(grounded(LEAVE, "It is.")) == "most of its words are not in the quote"
    assert reason(grounded(LEAVE, "You see, know, find, keep and hold leave.")) == "most of its words are not in the quote"


def test_a_sentence_in_another_language_than_its_quote_is_dropped() -> None:
    assert reason(grounded(LEAVE, "Die Mitarbeiter bekommen 25 Tage Urlaub im Jahr.")) == "the word “mitarbeiter” is not in the quote"
    assert grounded("Vollzeitkräfte erhalten 25 Tage Urlaub.", "Die Vollzeitkräfte bekommen die 25 Tage Urlaub.").statements


def test_a_word_of_the_question_counts_only_where_the_quote_leans_on_it() -> None:
    document = "Parental leave is paid. It lasts 14 months. Annual leave lasts 25 days."
    asked = "How long is parental leave?"
    sentence = "Parental leave lasts 14 months."
    assert said(grounded(document, sentence, "It lasts 14 months.", question=asked)) == sentence
    assert "“parental”" in reason(grounded(document, "Parental leave lasts 25 days.", "Annual leave lasts 25 days.", question=asked))
    assert "“parental”" in reason(grounded(document, sentence, "It lasts 14 months."))
    assert "“sick”" in reason(grounded(document, "Sick leave lasts 14 months.", "It lasts 14 months.", question="How long is sick leave?"))


def test_a_lead_and_a_title_that_was_asked_about_carry_words() -> None:
    item = evidence("| Norway | 25 |", title="Absence", leads=(Span(10, 44, "Country | Days of leave each year |"),))
    assert ground([Claim("Norway has 25 days of leave.", 1, "| Norway | 25 |")], [item]).statements
    claim = Claim("Norway has 25 days of absence.", 1, "| Norway | 25 |")
    assert ground([claim], [item], "How long may an absence be?").statements
    assert reason(ground([claim], [item], "How long?")) == "the word “absence” is not in the quote"


def test_a_word_is_not_borrowed_from_a_quote_that_is_about_something_else() -> None:
    document = "Employees get 25 days of leave. Contractors pay the rent. Parking is free for 25 guests."
    assert "“contractors”" in reason(grounded(document, "Contractors get 25 days of leave.", "get 25 days of leave", "Contractors"))
    stitched = grounded(
        document, "Employees get 25 days of free leave.", "Employees get 25 days of leave.", "Parking is free for 25 guests."
    )
    assert "“free”" in reason(stitched)


def test_two_quotes_that_are_about_the_same_carry_a_sentence_together() -> None:
    document = "Employees get 25 days of leave. Unused days of leave lapse in March."
    quotes = ("Employees get 25 days of leave.", "Unused days of leave lapse in March.")
    assert grounded(document, "Employees get 25 days of leave, and unused days lapse in March.", *quotes).statements


@pytest.mark.parametrize(
    ("quote", "claimed"),
    [
        ("The manager approves the request.", "the manager approves the request"),
        ("The manager “approves” the request.", '"The manager "approves" the request."'),
        ("The manager approves\n   the request.", "The manager approves the request!"),
        ("Der Zuschuß beträgt für alle gleich viel.", "der zuschuss beträgt für ALLE gleich viel."),
    ],
)
def test_a_sentence_that_says_the_same_leaves_in_the_document_s_own_characters(quote: str, claimed: str) -> None:
    (statement,) = grounded(quote, claimed).statements
    assert statement.text == " ".join(quote.split())
    assert statement.citations[0].quote == quote.rstrip(".")


def test_a_piece_of_a_quote_leaves_as_the_sentence_it_stands_in() -> None:
    document = "Gifts are allowed unless they are cash. Visitors are not entitled to a parking space."
    (statement,) = grounded(document, "Gifts are allowed.").statements
    assert (statement.text, statement.citations[0].quote) == (
        "Gifts are allowed unless they are cash.",
        "Gifts are allowed unless they are cash",
    )
    (statement,) = grounded(document, "entitled to a parking space").statements
    assert statement.text == "Visitors are not entitled to a parking space."


@pytest.mark.parametrize(
    ("document", "quote", "limit"),
    [
        ("Gifts are allowed unless they are cash.", "Gifts are allowed", "unless they are cash"),
        ("Overtime is paid, except for managers.", "Overtime is paid", "except for managers"),
        ("The lift may be used only for goods; the stairs by all.", "The lift may be used", "only for goods"),
    ],
)
def test_a_quote_may_not_end_before_its_limit(document: str, quote: str, limit: str) -> None:
    assert reason(grounded(document, quote, quote)) == f"the quote leaves out “{limit}”"
    assert reason(grounded(document, f"By all means: {quote}.", quote)) == f"the quote leaves out “{limit}”"
    assert grounded(document, document, document).statements


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("The form may be sent by mail.", "The form must be sent by mail."),
        ("The form must be sent by mail.", "You may send the form by mail."),
        ("The form must not be sent by mail.", "The form need not be sent by mail."),
        ("Employees need not wear a badge.", "Employees must not wear a badge."),
    ],
)
def test_must_is_not_may(document: str, sentence: str) -> None:
    assert "the sentence “" in reason(grounded(document, sentence))


def test_must_not_may_be_said_as_may_not() -> None:
    assert grounded("The form must not be sent by mail.", "The form may not be sent by mail.").statements
    assert grounded("The form is sent by mail.", "The form must be sent by mail.").statements


def test_an_item_that_its_introduction_denies_leaves_with_it() -> None:
    document = "Not covered are:\n- travel vaccines\n- cosmetic surgery"
    (statement,) = grounded(document, "cosmetic surgery", "cosmetic surgery").statements
    assert statement.text == "Not covered are:\ncosmetic surgery"
    assert [citation.quote for citation in statement.citations] == ["Not covered are", "cosmetic surgery"]


def test_no_word_is_listed_that_tells_more_or_less_before_or_after_all_or_some() -> None:
    stored = tomllib.loads((files("assistant") / "grounding_words.toml").read_text(encoding="utf-8"))
    free = {word for part in stored.values() for word in (*part["function"].split(), *part["glue"].split())}
    turning = """
        all always after before double except first half last least less max maximum min more most never none only out over prior twice
        under unless until up without
    """
    assert not free & set(turning.split())
    assert len(stored["en"]["glue"].split()) < 130


def test_per_year_is_one_year_and_no_bare_one() -> None:
    quote = "Employees accrue 25 days of paid annual leave per year."
    assert grounded(quote, "Employees accrue 25 days of leave in one year.").statements
    assert not grounded(quote, "Employees accrue 1.").statements
    assert not grounded(quote, "1").statements
