from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.extract import EMBEDDED, MOST_CHARACTERS, extract
from assistant.extraction_quotes import claims_of
from assistant.extraction_signals import asking_sentence
from assistant.ports import Vectors
from assistant.retrieval.search import build_index, query_stats
from assistant.retrieval.sentences import sentences
from assistant.types import LOCAL, Chunk, Claim, Evidence, Hit, Question, Span
from tests.fakes import FakeEmbedder
from tests.worlds import OPEN_GATE, World

OTHERS = ("Tea is free.", "The office in Oslo has a garden.", "Rent is paid in advance.", "Laptops are replaced after four years.")


class Indifferent(FakeEmbedder):
    """Finds every text as near as any other, so that words alone decide."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)


def passage(text: str, title: str = "Leave", leads: tuple[Span, ...] = ()) -> Chunk:
    return Chunk(f"{title}-{hash(text)}", title, f"{title}.md", title, (), 0, len(text), text, leads=leads)


def evidence_of(passages: Sequence[Chunk]) -> list[Evidence]:
    return [Evidence(rank, Hit(chunk, 1 / rank, rank)) for rank, chunk in enumerate(passages, 1)]


def answer(question: str, *passages: Chunk, embedder: FakeEmbedder | None = None) -> list[Claim]:
    everything = [*passages, *(passage(text, "Other") for text in OTHERS)]
    index = build_index(everything, np.ones((len(everything), 1), dtype=np.float32))
    embed = (embedder or Indifferent()).embed
    return extract(question, evidence_of(passages), query_stats(index, question, LOCAL), index.analyzer, embed([question])[0], embed)


def quotes(claims: Sequence[Claim]) -> list[str]:
    return [claim.quote for claim in claims]


def test_the_sentence_that_answers_is_quoted_and_its_neighbours_are_not() -> None:
    text = "The garden is open. Parental leave lasts sixteen weeks for every parent. Bring your own cup."
    assert quotes(answer("How long is parental leave?", passage(text))) == ["Parental leave lasts sixteen weeks for every parent."]


def test_a_question_for_a_number_prefers_a_sentence_with_one() -> None:
    text = "Annual leave is there to rest and is approved by your manager.\n\nAnnual leave is granted to everybody and comes to 25 days."
    assert quotes(answer("How many days is annual leave?", passage(text)))[0].endswith("25 days.")


def test_a_sentence_that_leans_brings_the_one_before_it() -> None:
    text = "Parental leave is meant for all parents. It lasts sixteen weeks in a row after birth. The garden is open."
    assert quotes(answer("Does it last sixteen weeks in a row after birth?", passage(text))) == [
        "Parental leave is meant for all parents. It lasts sixteen weeks in a row after birth."
    ]


def test_a_limit_after_the_sentence_comes_along() -> None:
    text = "Employees may carry over unused vacation days. However, not into March. The garden is open."
    assert quotes(answer("May employees carry over unused vacation days?", passage(text)))[0].endswith("not into March.")


def test_a_list_item_comes_under_its_introduction() -> None:
    text = "We do not reimburse:\n\nfirst class rail tickets\nparking fines and tolls"
    claims = answer("Are parking fines and tolls reimbursed?", passage(text))
    assert quotes(claims)[:1] == ["We do not reimburse:"]
    assert "parking fines and tolls" in quotes(claims)
    assert {claim.marker for claim in claims} == {1}


def test_an_introduction_comes_with_the_list_that_it_introduces_while_that_is_short() -> None:
    items = ["first class rail tickets", "parking fines and tolls", "laundry", "gifts for family and friends " * 12]
    text = "The company never reimburses:\n\n" + "\n".join(items) + "\n\nThe garden is open."
    assert " ".join(quotes(answer("What does the company never reimburse?", passage(text)))).split() == (
        f"The company never reimburses: {' '.join(items[:3])}".split()
    )


def test_an_introduction_is_never_without_an_item() -> None:
    item = "a journey that the traveller could have made by train, tram or bus for less " * 5
    text = f"The company never reimburses:\n\n{item}\n\nThe garden is open."
    assert item.strip() in quotes(answer("What does the company never reimburse?", passage(text)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Parental leave lasts sixteen weeks.", "Exception: parents of twins stay for twenty."),
        ("Who replaces a broken laptop of an employee?", "The desk on the second floor."),
    ],
)
def test_an_exception_and_the_answer_to_a_question_come_along_from_the_next_paragraph(first: str, second: str) -> None:
    item = evidence_of([passage(f"{first}\n\n{second}\n\nThe garden is open.")])[0]
    assert quotes(claims_of(item, [0])) == [first, second]


def test_an_introduction_outside_the_chunk_is_quoted_from_its_lead() -> None:
    lead = Span(0, 20, "We do not reimburse:")
    claims = answer("Are parking fines and tolls reimbursed?", passage("parking fines and tolls\nmini bars", leads=(lead,)))
    assert quotes(claims)[0] == lead.text


def test_a_paragraph_after_a_list_is_not_of_the_list() -> None:
    text = "Bring the following:\n\nyour badge\nyour laptop\n\nParental leave lasts sixteen weeks."
    assert quotes(answer("How long is parental leave?", passage(text))) == ["Parental leave lasts sixteen weeks."]


def test_a_table_row_comes_with_its_header() -> None:
    text = "Country | Days of vacation\nNorway | 25\nPortugal | 22\nPoland | 26"
    assert quotes(answer("Vacation in Portugal?", passage(text)))[0].startswith("Country | Days of vacation")


def test_a_scrap_is_never_quoted_alone() -> None:
    claims = answer("May I expense a parking fine?", passage("No. A parking fine is yours to pay, an expense report with one is returned."))
    assert all(sum(c.isalnum() for c in claim.quote) >= 8 for claim in claims)
    assert claims[0].quote.startswith("No.")


def test_a_list_item_of_one_word_is_quoted_with_its_neighbour() -> None:
    claims = answer("Is a taxi reimbursed?", passage("We reimburse:\n\ntaxi\nferry tickets"))
    assert quotes(claims)[0] == "We reimburse:\n\ntaxi"


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("Is a ski pass or a taxi paid?", "Not us:\n\nan aeroplane ticket\na ski pass or a taxi", "Not us:\n\nan aeroplane ticket"),
        ("What is the tax in Oslo?", "City | Tax\nRome | 9\nOslo | 8", "City | Tax\nRome | 9"),
        ("What is the tax in Oslo?", "City | Share\nOslo | 8", "City | Share\nOslo | 8"),
    ],
)
def test_a_short_introduction_or_header_is_quoted_with_its_neighbour(question: str, text: str, expected: str) -> None:
    assert quotes(answer(question, passage(text)))[0].startswith(expected)


def test_a_chunk_or_lead_that_is_a_scrap_is_left_out() -> None:
    assert answer("Is there tea?", passage("Tea: yes")) == []
    claims = answer("Are parking fines and tolls reimbursed?", passage("parking fines and tolls", leads=(Span(0, 4, "Not:"),)))
    assert quotes(claims) == ["parking fines and tolls"]


def test_white_space_is_collapsed_in_the_text_alone() -> None:
    claim = answer("How long is parental leave?", passage("Parental  leave lasts\tsixteen weeks."))[0]
    assert (claim.text, claim.quote) == ("Parental leave lasts sixteen weeks.", "Parental  leave lasts\tsixteen weeks.")


CANTEENS = "\n\n".join(
    f"The canteen of the office in {city} opens at noon." for city in ("Oslo", "Paris", "Bergen", "Rome", "Turin", "Lyon")
)


class PrefersBergen(FakeEmbedder):
    """Finds questions near whatever names Bergen, and nothing else."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        near = [text.endswith("?") or "Bergen" in text for text in texts]
        return np.array([[1.0, 0.0] if is_near else [0.0, 1.0] for is_near in near], dtype=np.float32)


def test_few_sentences_are_embedded_and_they_decide_between_equals() -> None:
    embedder = PrefersBergen()
    claims = answer("When does the canteen of the office open?", passage(CANTEENS), embedder=embedder)
    assert quotes(claims) == ["The canteen of the office in Bergen opens at noon."]
    assert embedder.embedded - 1 == EMBEDDED, "the question was embedded by the caller"


async def test_the_product_embeds_a_question_once_and_compares_sentences_with_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.embedder = PrefersBergen()
    world.write("canteens.md", CANTEENS)
    world.ingest()
    before = world.embedder.embedded
    with world.assistant(OPEN_GATE) as assistant:
        reply = await assistant.ask(Question("When does the canteen of the office open?", LOCAL))
    assert [citation.quote for citation in reply.citations] == ["The canteen of the office in Bergen opens at noon"]
    assert world.embedder.embedded - before == 1 + EMBEDDED


def test_each_part_of_a_question_has_its_sentence() -> None:
    question = "How long is the parental leave of fathers and mothers, and who replaces laptops?"
    leave = "\n\n".join(f"The parental leave of fathers and mothers, in case {n}, is {n} weeks long." for n in range(1, 8))
    claims = answer(question, passage(leave), passage("The desk replaces laptops.", "IT"))
    assert quotes(claims)[-1] == "The desk replaces laptops."
    assert len(claims) > 1


def test_a_line_that_repeats_the_title_is_not_the_answer() -> None:
    text = "Parental leave policy\n\nSixteen weeks of it are paid to every parent."
    assert quotes(answer("What does the parental leave policy pay?", passage(text, "Parental leave policy")))[0].startswith("Sixteen")


def test_nothing_comes_of_nothing() -> None:
    assert answer("How long is parental leave?") == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("I work part time. Do I get a bonus? Thanks.", "Do I get a bonus?"),
        ("I moved. Tell me what to do", "Tell me what to do"),
        ("Bonus", "Bonus"),
        ("", ""),
    ],
)
def test_the_sentence_that_asks_is_found(question: str, expected: str) -> None:
    assert asking_sentence(question) == expected


WORDS = st.sampled_from(["leave", "However", "It", "No.", "days", "25", "paid", ":", "\n", "\n\n", " | ", ".", "?", "- ", "unless", "Yes."])
TEXTS = st.lists(WORDS, max_size=60).map(" ".join).filter(lambda text: bool(text.strip()))


@settings(deadline=None)  # a busy machine is no defect
@given(st.text(max_size=60), st.lists(TEXTS, max_size=3), st.booleans())
def test_every_quote_stands_in_its_evidence(question: str, texts: list[str], with_lead: bool) -> None:
    leads = (Span(0, 17, "These are not ok:"),) if with_lead else ()
    passages = [passage(text, f"T{number}", leads) for number, text in enumerate(texts)]
    claims = answer(question, *passages, embedder=FakeEmbedder())
    for claim in claims:
        chunk = passages[claim.marker - 1]
        assert sum(c.isalnum() for c in claim.quote) >= 8
        assert claim.quote in chunk.text or claim.quote in {lead.text for lead in chunk.leads}
        assert claim.text == " ".join(claim.quote.split())
    assert bool(claims) == any(sum(c.isalnum() for c in text) >= 8 for text in texts), "what can be quoted is answered with"
    assert [claim.marker for claim in claims] == sorted(claim.marker for claim in claims)


LONG = st.lists(st.sampled_from([f"leave {'of the office ' * n}{end}" for n in (1, 8, 20) for end in (".", ":\n\n", "\n")]), min_size=1)


@settings(deadline=None)
@given(st.lists(LONG.map(" ".join), min_size=1, max_size=4))
def test_an_answer_is_short_however_much_matches(texts: list[str]) -> None:
    passages = [passage(text, f"T{number}") for number, text in enumerate(texts)]
    claims = answer("What is leave?", *passages)
    places = [(item, i) for item in evidence_of(passages) for i, _ in enumerate(sentences(item.chunk.text))]
    alone = max(sum(len(claim.quote) for claim in claims_of(item, [i])) for item, i in places)
    assert sum(len(quote) for quote in quotes(claims)) <= max(MOST_CHARACTERS, alone)
