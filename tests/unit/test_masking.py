"""All numbers are invented: telephone numbers from the ranges set aside for stories where a country has one, cards that schemes publish for
tests, IBANs from the examples of banks with check digits reckoned anew."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.masking import mask, masked

MAILS = [
    "erika.mustermann@example.com", "ERIKA@EXAMPLE.COM", "e.m+leave@mail.example.co.uk", "o'brien@example.ie",
    "a_b-c%d@sub-domain.example.org",
    "x@y.de", "jürgen@müller.example", "info@bücher.example", "1234567@example.com", "first.last@a.b.c.d.example.museum",
    "ana@example.com", "zoë&co@example.nl", "n.n@example.travel", "user_name@example.io", "q@192-0-2-1.example.net",
]  # fmt: skip
PHONES = [
    "+49 30 23125 123", "+493023125123", "+49 (0)30 23125-123", "+49 (30) 23125 123", "+49/30/23125123", "(+49) 30 23125123",
    "0049 30 23125123",
    "004930231251234", "030 23125 123", "030/23125123", "030 - 23125123", "(030) 23125123", "030-23125-123", "0171 3920012",
    "0171-39 200 12",
    "0171/3920012", "01713920012", "0171 39 20 01 2", "089 23125-0123",
    "+44 20 7946 0958", "+44 (0)20 7946 0958", "020 7946 0958", "(020) 7946 0958", "07700 900123", "07700 900 123", "07700900123",
    "01632 960001",
    "+33 1 99 00 12 34", "+33.1.99.00.12.34", "01 99 00 12 34", "01.99.00.12.34", "01-99-00-12-34", "06 39 98 12 34", "0639981234",
    "+31 20 123 4567", "020 123 4567", "06-12345678", "06 12 34 56 78", "+31612345678",
    "+34 612 34 56 78", "612 34 56 78", "+39 06 1234 5678", "06 1234 5678", "+41 44 668 18 00", "044 668 18 00", "+43 1 2345678",
    "0664 1234567",
    "+1 555 010 0199", "+1 (555) 010-0199", "+1-555-010-0199", "+15550100199", "(555) 234-0199", "(555) 234 0199", "555-234-0199",
    "555.234.0199", "1-800-234-0199", "1 (800) 234-0199", "+86 138 1234 5678", "138 1234 5678", "+91 98765 43210", "+55 11 91234-5678",
    "(11) 91234-5678", "+7 (495) 123-45-67", "(495) 123-45-67", "03-1234-5678", "+61 2 5550 1234", "(02) 5550 1234", "0491 570 006",
    "+48 601 234 567", "+353 20 912 3456", "+352\u00a012\u00a034\u00a056", "+49\u201330\u201323125123",
]  # fmt: skip
AFTER_A_WORD = [
    "Tel. {}", "Telefon: {}", "phone {}", "Phone number: {}", "my mobile is {}", "call me on {}", "Fax {}", "WhatsApp: {}", "tél. {}",
    "móvil: {}",
    "Durchwahl -{}", "dial {}", "phone={}",
]  # fmt: skip
IBANS = [
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "de89 3704 0044 0532 0130 00", "DE89-3704-0044-0532-0130-00",
    "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", "GB82 WEST 1234 5698 7654 32", "FR14 2004 1010 0505 0001 3M02 606",
    "NL91ABNA0417164300", "AT61 1904 3002 3457 3201", "CH93 0076 2011 6238 5295 7", "ES9121000418450200051332",
    "IT60X0542811101000000123456",
    "BE68 5390 0754 7034", "NO93 8601 1117 947", "PL61 1090 1014 0000 0712 1981 2874", "SE45 5000 0000 0583 9825 7466",
    "MT84MALT011000012345MTLCAST001S", "SA03 8000 0000 6080 1016 7519",
]  # fmt: skip
CARDS = [
    "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111", "4111\u00a01111\u00a01111\u00a01111",
    "4222222222222",
    "4000000000000000006", "5555 5555 5555 4444", "2223 0030 4840 0015", "3782 822463 10005", "378282246310005", "3056 930902 5904",
    "3530 1113 3330 0000", "6011 1111 1111 1117", "6212 3456 7890 1232", "6767 7000 0000 0005", "2200 1234 5678 9019",
]  # fmt: skip
FORMS = [
    *((number, "mail") for number in MAILS),
    *((number, "phone") for number in PHONES),
    *((number, "iban") for number in IBANS),
    *((number, "card") for number in CARDS),
]
NOT_PERSONAL = [
    # days and times
    "2026-11-25", "25.11.2026", "05.04.2026", "05-04-2026", "05/04/2026", "05 04 2026", "04/05/06", "2026-11-25 12:30:45", "20261125",
    "1.1.2026-31.12.2026",
    "05.04.2026 - 06.05.2027", "2023-04-05 to 2023-05-05", "08:00-16:00", "08.30-12.00 13.00-17.00", "1997-2004", "2010\u20132011",
    "1700000000000",
    "2019-05-23 15:24:18 -0700", "FY 2026/27", "1 2 3 4 5 6 7 8 9 10", "2015 2016 2017 2018", "call 2026-11-25",
    # amounts and measures
    "1,000,000", "1.000.000,00", "1 000 000 000", "12 030 123 456", "0.0123456789", "3.14159265358979", "0,0171392001", "EUR 12,345.67",
    "+1.000.000",
    "99.9999999 %", "CI 1.01-1.51, p=0.038", "1 030 123 456 euros", "$4,111,111,111",
    # places in documents and machines
    "section 3.18.8.(2)", "PART 5.12.12.5.(2)", "7.2.1", "paragraph 10.4.2.10", "192.168.178.21", "010.020.030.040", "10.0.0.0/8",
    "127.0.0.1:10813",
    "fe80::1ff:fe23:4567:890a", "v1.22.333.4444", "chapter 12-15, pages 300-350", "(1998) 123-4567", "gid=2013137748", "/p/0301234567/x",
    # numbers of things
    "4500012345", "order no. 0301234567", "Order number: 0301 2345678", "invoice 01712345678", "Kundennummer 0301234567",
    "Vertragsnummer: 0301234567",
    "ISBN 0306406152", "ISBN 978-3-16-148410-0", "INV-0301234567", "#0301234567", "ticket #12345678", "0000123456", "A0301234567",
    "01712345678a", "0171 2345678.9", "01712345678@desk",
    "0301234567890123",
    "GTIN 4006381333931", "4f3a0171392001bc", "550e8400-e29b-41d4-a716-446655440000", "94105 94107", "ID 1234567890",
    # what a check digit tells apart
    "DE88 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130", "GB82 WEST 1234 5698 7654 33", "4111 1111 1111 1112", "5555555555554445",
    "1111 1111 1111 1117", "XX82 WEST 1234 5698 7654 32", "AB12 CDEF 3456",
    # what only holds an at sign
    "@erika", "erika@localhost", "5 @ 3.50", "a@b", "user@host:22", "@media screen", "x@@y.de.",
]  # fmt: skip


@pytest.mark.parametrize(("number", "kind"), FORMS)
def test_every_form_is_masked_wherever_it_stands(number: str, kind: str) -> None:
    assert mask(number) == f"[{kind}]"
    assert mask(f"Please write it down: {number}, and thanks.") == f"Please write it down: [{kind}], and thanks."
    assert mask(f"It is {number}.") == f"It is [{kind}]."
    assert mask(f"({number})\n{number}; {number}") == f"([{kind}])\n[{kind}]; [{kind}]"


@pytest.mark.parametrize("text", AFTER_A_WORD)
@pytest.mark.parametrize("number", ["2345678", "234 56 78", "5552340199", "12345-678"])
def test_a_number_behind_a_word_for_telephones_is_one(text: str, number: str) -> None:
    assert mask(text.format(number)) == text.format("[phone]")
    assert mask(f"hotel {number}") == f"hotel {number}"


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_other_numbers_stay(text: str) -> None:
    assert mask(text) == text
    assert mask(f"See {text}, please.") == f"See {text}, please."


def test_the_rest_of_the_text_stays() -> None:
    text = (
        "On 2026-11-25 at 09:30 Erika (erika@example.com, 030 23125 123 or +49 171 3920012) paid 1,250.00 EUR for order 4500012345 "
        "from DE89 3704 0044 0532 0130 00 with 4111 1111 1111 1111, section 3.2.1."
    )

    assert mask(text) == (
        "On 2026-11-25 at 09:30 Erika ([mail], [phone] or [phone]) paid 1,250.00 EUR for order 4500012345 "
        "from [iban] with [card], section 3.2.1."
    )


def test_an_international_number_is_one_even_behind_a_word_for_orders() -> None:
    assert mask("Order: +49 30 23125 123") == "Order: [phone]"


PIECES = st.one_of(
    st.sampled_from([number for number, _ in FORMS] + NOT_PERSONAL),
    st.sampled_from(
        ["tel", "order ", "no. ", "phone", "call ", "[", "]", "(", ")", "+", "-", "/", ".", ",", ":", " ", "  ", "=", "#", "@", "\n"]
    ),
    st.text("0123456789 +-./(),:@aZ[]\u00a0\u2013", max_size=8),
)


@given(st.lists(PIECES, max_size=8).map("".join))
@example("MT84MALT011000012345MTLCAST001S.0049 30 23125123")
@example("+49 30 23125 123+33 1 99 00 12 34")
@example("030 1234567 7654321")
@example("2345678 tel 030 23125 123 2345678")
def test_masking_twice_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text(max_size=60), st.sampled_from(FORMS), st.text(max_size=60))
def test_nothing_shields_a_number_that_stands_between_words(before: str, form: tuple[str, str], behind: str) -> None:
    number, kind = form

    assert f"word [{kind}] word" in mask(f"{before} word {number} word {behind}")


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1 ",
        "0",
        "01 ",
        "a",
        "a@",
        "a.",
        "@a.",
        "a-a.",
        "+",
        "(",
        "()",
        "+(0",
        "4111 ",
        "4111-",
        "DE89 ",
        "DE89",
        "tel ",
        "tel 1",
        "00-",
        "0.0",
        "11 ",
        "01 02",
        " ",
        "é@é.",
    ],
)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    text = (piece * 20_000)[:20_000]
    started = time.perf_counter()

    mask(text)

    assert time.perf_counter() - started < 10  # at most half a second here; what is quadratic takes minutes


def test_texts_in_a_trace_are_masked_but_not_keys_and_not_what_is_named() -> None:
    trace = {
        "id": "0301234567",
        "question": "Call 030 23125 123?",
        "steps": [{"name": "rewrite", "attributes": {"standalone": "a@example.com", "kept": ["4111 1111 1111 1111", 7, None, True, 1.5]}}],
        "a@example.com": ("b@example.com",),
    }

    assert masked(trace, mask, leave={"id"}) == {
        "id": "0301234567",
        "question": "Call [phone]?",
        "steps": [{"name": "rewrite", "attributes": {"standalone": "[mail]", "kept": ["[card]", 7, None, True, 1.5]}}],
        "a@example.com": ["[mail]"],
    }
    assert masked(trace, mask)["id"] == "[phone]"
