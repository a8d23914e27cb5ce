"""The measures of contradictions and editions measure what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assistant.types import Notice, Reply
from bench.conflicts import set_row, told_sources, with_written, written_table
from bench.editions import corpora, is_gold, texts, with_other_numbers, without
from bench.retrieval import folder_of, read_rows
from tests.builders import citation, reply

QUESTIONS = {row["id"]: row for row in read_rows(folder_of(Path(), "sample") / "questions.jsonl")}


def told(*sources: str) -> list[Reply]:
    citations = tuple(replace(citation(marker), source=source) for marker, source in enumerate(sources, 1))
    notice = Notice("conflict", "They differ.", tuple(range(1, len(sources) + 1)))
    return [reply(), replace(reply(), citations=citations, notices=(notice,))]


def test_a_conflict_counts_for_the_sources_that_its_notice_is_about() -> None:
    plain, conflict = told("contradicting/northlight-023.md", "hr/remote-work.md")
    assert told_sources(plain, "conflict") == []
    assert told_sources(conflict, "conflict") == [{"contradicting/northlight-023.md", "hr/remote-work.md"}]
    asked = [(QUESTIONS["northlight-023"], conflict), (QUESTIONS["northlight-024"], plain)]
    assert list(written_table(asked))[-1] == "| 50 | 1 | 1 | 0 |"
    assert set_row("sample", asked) == "| sample | 2 | 1 (50.0%) | 0 (0.0%) | 0 (0.0%) |"
    assert list(written_table([(QUESTIONS["northlight-023"], told("compatible/51.md")[1])]))[-1] == "| 50 | 0 | 0 | 1 |"


def test_each_written_contradiction_stands_beside_the_sample_company() -> None:
    with with_written() as corpus:
        contradicting = {path.stem for path in (corpus / "contradicting").iterdir()}
        assert (corpus / "hr" / "leave.md").exists()
        assert len(list((corpus / "compatible").iterdir())) == 30
    assert len(contradicting) == 50
    assert all(QUESTIONS[question]["answerable"] for question in contradicting)


def test_other_numbers_leave_years_dates_and_words_alone() -> None:
    text = "On 2026-01-01 all 25 people of 2026 had 3.5 days, [section 4.2](x#12)."
    changed = with_other_numbers(text, "seed")
    assert changed != text
    assert changed.replace(changed.split(" all ")[1].split(" ")[0], "25") == text


def test_gold_is_left_out_sentence_by_sentence() -> None:
    text = "# Leave\n\nTea is free. Everyone has 25 days of leave.\n"
    gold = ["everyonehas25daysofleave"]
    assert is_gold("Everyone has 25 days of leave.", gold)
    assert without(text, lambda sentence: is_gold(sentence, gold)) == "# Leave\n\nTea is free. \n"


def test_both_corpora_have_every_document_in_two_editions(tmp_path: Path) -> None:
    gold = {"hr/leave.md": ["theymustbetakenby30juneafterthatdatetheylapse"]}
    for name, corpus, edition in corpora(tmp_path, gold):
        assert len(list((corpus / "old").rglob("*.md"))) == len(list((corpus / "new").rglob("*.md"))) == len(texts())
        pages = {kept: (corpus / kept / "hr" / "leave.md").read_text(encoding="utf-8") for kept in ("old", "new")}
        assert "supersedes: [old/hr/leave.md]" in pages["new"]
        assert "30 June" in pages[edition.removesuffix("/")], name
    assert "by 30 June" not in pages["new"]
