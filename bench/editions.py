"""Measures the choice between editions: `python -m bench.editions --vectors FOLDER`.

From the sample company's texts two corpora are made, each with every document in two editions, of which the second supersedes the first. In
the first corpus the old edition says other numbers and lacks a fifth of the other sentences: its answers are wrong, and the new edition's
are wanted. In the second the new edition lacks the gold evidence of every question: what the old one alone says is to be told, as what it
is. The sample's questions are asked of both, through an open gate.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder
from assistant.evaluation.measures import Row
from assistant.retrieval.sentences import sentences
from assistant.types import Citation, Reply
from bench.conflicts import OPEN, replies
from bench.retrieval import VectorStore, folder_of, read_rows

SAMPLE = folder_of(Path(), "sample")
SOURCES = SAMPLE.parent / "sources"
# Documents that have editions already.
EDITIONS = ("remote-work", "parental-leave", "travel-policy")
KEPT = 0.8
_NUMBER = re.compile(r"(?<![\d.:#-])\b(?!20[12]\d)\d{1,5}\b(?![.:-]\d|\.\s[A-Z])")

Edit = Callable[[str, str], str]


def texts() -> dict[str, str]:
    """The sample's documents as Markdown without front matter, by source: its own files, and the texts that office files are made from."""
    corpus = SAMPLE / "corpus"
    found = {str(path.relative_to(corpus)): path for path in corpus.rglob("*.md")}
    found |= {str(path.relative_to(SOURCES)).removesuffix(".md"): path for path in SOURCES.rglob("*.md")}
    kept = {source: path for source, path in sorted(found.items()) if not any(name in source for name in EDITIONS)}
    return {source: re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.S) for source, path in kept.items()}


def with_other_numbers(text: str, seed: str) -> str:
    chance = random.Random(seed)

    def other(number: re.Match[str]) -> str:
        value = int(number[0])
        return str(value + chance.choice([1, 2, 3, 5, 10]) if value < 50 else int(value * chance.choice([0.8, 0.9, 1.2, 1.5])))

    return _NUMBER.sub(other, text)


def without(text: str, drop: Callable[[str], bool]) -> str:
    """The text without the sentences that are to be dropped; headings stay."""
    for span in reversed(sentences(text)):
        if not span.text.startswith("#") and drop(span.text):
            text = text[: span.start] + text[span.end :]
    return text


def is_gold(sentence: str, gold: Sequence[str]) -> bool:
    letters = _letters(sentence)
    return len(letters) > 6 and any(letters in one or one in letters for one in gold)


def write(corpus: Path, old: Edit, new: Edit) -> None:
    for source, text in texts().items():
        name = source.removesuffix(".md")
        for edition, edit, more in (
            ("old", old, "effective: 2023-01-01"),
            ("new", new, f"effective: 2026-01-01\nsupersedes: [old/{name}.md]"),
        ):
            path = corpus / edition / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"---\n{more}\n---\n{edit(text, source)}", encoding="utf-8")


def corpora(corpus: Path, gold: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Path, str]]:
    """Each with the edition whose gold evidence is wanted."""

    def old(text: str, source: str) -> str:
        chance = random.Random(source)
        return with_other_numbers(without(text, lambda one: not is_gold(one, gold.get(source, ())) and chance.random() > KEPT), source)

    def unchanged(text: str, _: str) -> str:
        return text

    def without_gold(text: str, source: str) -> str:
        return without(text, lambda one: is_gold(one, gold.get(source, ())))

    write(corpus / "replaced", old, unchanged)
    yield "the new edition answers", corpus / "replaced", "new/"
    write(corpus / "left out", unchanged, without_gold)
    yield "only the old one does", corpus / "left out", "old/"


def cites(reply: Reply, gold: Sequence[str], edition: str) -> bool:
    return any(citation.source.startswith(edition) and _holds(citation, gold) for citation in reply.citations)


def _holds(citation: Citation, gold: Sequence[str]) -> bool:
    quote = _letters(citation.quote)
    return len(quote) > 5 and any(one in quote or quote in one for one in gold)


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _gold(row: Row) -> list[str]:
    return [_letters(piece["text"]) for piece in row["evidence"]]


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.editions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    embedder = VectorStore(SentenceTransformerEmbedder(), parser.parse_args(given).vectors)
    rows = [row for row in read_rows(SAMPLE / "questions.jsonl") if row["answerable"] and row["evidence"]]
    gold: dict[str, list[str]] = {}
    for piece in (piece for row in rows for piece in row["evidence"]):
        gold.setdefault(piece["doc"].removeprefix("corpus/"), []).append(_letters(piece["text"]))
    asked = [row for row in rows if not any(name in piece["doc"] for piece in row["evidence"] for name in EDITIONS)]
    print("| corpus | asked | gold evidence cited | old edition cited | with a notice |\n|---|---|---|---|---|")
    with TemporaryDirectory(prefix="footnote-bench-") as folder:
        for name, corpus, edition in corpora(Path(folder), gold):
            answered = replies(corpus, asked, embedder, OPEN)
            found = sum(cites(reply, _gold(row), edition) for row, reply in answered)
            old = sum(any(citation.source.startswith("old/") for citation in reply.citations) for _, reply in answered)
            print(f"| {name} | {len(answered)} | {found} | {old} | {sum(bool(reply.notices) for _, reply in answered)} |", flush=True)


if __name__ == "__main__":
    main()
