from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from assistant.conflicts import answering, contradictions, counterpart
from assistant.ports import Vectors
from assistant.types import Chunk, Evidence
from tests.editions import alike, apart, extracts, material, passage

QUESTION = "How many days a week may engineers work from home?"
THREE = passage("Everybody may work from home up to 3 days a week.", "remote work.md")
TWO = passage("Engineers may work from home up to 2 days a week.", "engineering.md")


def found(
    question: str, *passages: Chunk, embed: Callable[[Sequence[str]], Vectors] = alike, comparable: bool = True, cited: int | None = None
) -> list[set[str]]:
    """The contradicting sentences, as texts. `cited`: the answer is from the first so many passages."""
    asked = material(question, *passages)
    statements = [one for one in extracts(asked) if cited is None or one.citations[0].marker <= cited]
    told = answering(question, asked.evidence, statements, asked.stats, asked.analyzer)
    return [{one.text, other.text} for one, other in contradictions(question, told, asked.stats, embed, lambda *_: comparable)]


def test_two_documents_with_other_numbers_for_one_thing_contradict_each_other() -> None:
    assert found(QUESTION, THREE, TWO) == [{THREE.text, TWO.text}]


def test_the_answer_need_not_cite_both() -> None:
    assert found(QUESTION, THREE, TWO, cited=1) == [{THREE.text, TWO.text}]


def test_what_the_answer_has_nothing_to_do_with_is_not_looked_at() -> None:
    other = passage("Engineers may work from home in Oslo.", "oslo.md")
    assert found(QUESTION, other, THREE, TWO, cited=1) == []


def test_the_same_number_in_other_words_is_no_contradiction() -> None:
    assert found(QUESTION, THREE, passage("Engineers may work from home up to three days a week.", "engineering.md")) == []


def test_other_units_are_no_contradiction() -> None:
    assert found(QUESTION, THREE, passage("Engineers may work from home up to 20 hours.", "engineering.md")) == []


def test_two_sentences_of_one_document_are_a_rule_and_its_exception() -> None:
    assert found(QUESTION, THREE, passage(TWO.text, THREE.source, start=500)) == []


def test_a_number_that_is_not_asked_for_does_not_count() -> None:
    one, other = passage("Ask Ada at the desk within 2 days.", "a.md"), passage("Ask Ada at the desk within 3 days.", "b.md")
    assert found("Who is at the desk?", one, other) == []
    assert found("How long may I wait to ask at the desk?", one, other) != []


def test_sentences_that_mean_other_things_do_not_contradict_each_other() -> None:
    assert found(QUESTION, THREE, TWO, embed=apart) == []


def test_passages_that_are_not_to_be_compared_are_not() -> None:
    assert found(QUESTION, THREE, TWO, comparable=False) == []


def test_documents_on_two_subjects_do_not_contradict_each_other() -> None:
    """Which one is asked about stands in the title of one alone."""
    trees = passage("You normally get a decision within 27 weeks.", "tree orders.md")
    hedges = passage("You normally get a decision within 34 weeks.", "high hedges.md")
    assert found("When do I get a decision on tree orders?", trees, hedges) == []
    assert found("When do I get a decision?", trees, hedges) != []


def test_a_row_is_compared_in_its_place_with_a_sentence() -> None:
    def by_meals(texts: Sequence[str]) -> Vectors:
        return np.array([[1, 0] if "meal" in text.lower() else [0, 1] for text in texts], dtype=np.float32)

    table = passage("Allowance | Amount\nFull day of travel | €55", "memo.md", ("Meal allowances",))
    sentence = passage("The meal allowance is €48 for a full day of travel.", "travel.md")
    assert found("What is the meal allowance?", sentence, table, embed=by_meals) == [{sentence.text, "Full day of travel | €55"}]


def test_what_one_permits_and_the_other_forbids_is_a_contradiction() -> None:
    yes = passage("Printing work documents at home is allowed.", "remote.md")
    assert found("May I print work documents at home?", yes, passage("Work documents may never be printed at home.", "papers.md")) != []
    assert found("May I print work documents at home?", yes, passage("You may print work documents at home.", "papers.md")) == []


def test_a_question_is_no_statement() -> None:
    assert found(QUESTION, THREE, passage("May engineers work from home up to 2 days a week?", "faq.md")) == []


def test_each_two_documents_are_told_once_by_what_answers_best() -> None:
    more = passage(
        "Everybody may work from home up to 3 days a week. Working from home counts after 4 days a week at home.", "remote work.md"
    )
    assert found(QUESTION, more, TWO) == [{THREE.text, TWO.text}]


def test_the_embedder_is_not_asked_where_words_settle_it() -> None:
    def never(texts: Sequence[str]) -> Vectors:
        raise AssertionError(texts)

    assert found(QUESTION, THREE, passage("Tea is served at four.", "tea.md"), embed=never) == []


def test_the_counterpart_of_a_sentence_is_the_one_about_the_same() -> None:
    asked = material(QUESTION, TWO, passage("Everybody may work from home up to 3 days a week. Lunch is free at home.", "remote work.md"))
    told = answering(QUESTION, asked.evidence, extracts(asked), asked.stats, asked.analyzer)
    mine, others = [[one for one in told if (one.item.marker == 1) is own] for own in (True, False)]
    pair = counterpart(mine, others, 0.8, alike)
    assert pair is not None
    assert pair[1].text == THREE.text
    assert counterpart(mine, others, 0.8, apart) is None


def test_the_best_answers_come_first_and_the_cited_are_marked() -> None:
    asked = material(QUESTION, passage("The garden is open. Engineers may work from home up to 2 days a week.", "engineering.md"))
    told = answering(QUESTION, asked.evidence, extracts(asked), asked.stats, asked.analyzer)
    assert [(one.text, one.rank, one.cited) for one in told] == [(TWO.text, 0, True), ("The garden is open.", 1, False)]


def test_evidence_that_holds_nothing_to_say_is_no_trouble() -> None:
    asked = material(QUESTION, passage("?", "a.md"))
    assert answering(QUESTION, [*asked.evidence], (), asked.stats, asked.analyzer) == []
    assert answering(QUESTION, list[Evidence](), (), asked.stats, asked.analyzer) == []
