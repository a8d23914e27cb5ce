"""Measures what grounding lets through: `python -m bench.grounding FOLDER`, where FOLDER holds the evaluation sets.

The answers of clapnq and mtrag were written from gold passages, by people and by models, in sentences of their own. Each sentence is
claimed with those sentences of the passages as quotes that hold most of its words, as a model would quote. That is *honest*. Made from
those that pass:

    foreign   the sentence of another document's answer with these quotes
    swapped   a noun is replaced by one of another document, which nobody asked for
    asked     the same, and the question asks for it: the near miss that a passage on a similar topic tempts to

Grounding should keep the honest ones and drop the others. Some honest ones say more than their passages do: to keep all would be wrong.

Then, of every sentence of all sets and of the sample company, how many are taken for instructions to whoever answers (those of `injection`
apart), and which of the instructions that were hidden in `injection` are not. What was wrong goes to stderr, tables to stdout.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.evaluation.measures import Row, percentile
from assistant.evaluation.questions import turns
from assistant.ground import ground
from assistant.grounding_instructions import addresses_answerer
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.sentences import sentences
from assistant.types import Chunk, Claim, Evidence, Hit
from bench.retrieval import SAMPLE, chunks_of, read_rows

SETS = ("clapnq", "mtrag")
ATTACKED = "injection"
MOST_QUOTES = 3
FEWEST_NEW_WORDS = 2
SWAPS = 3
FEWEST_SEEN = 2
SHOWN = 12
# A word is taken for a noun that is seen between one of these and one of those.
_NOUN = re.compile(r"\b(?:the|an?|of|its|their|this|each) ([a-z]{4,})(?= (?:of|is|was|in|and|or|to|for|that|which|by)\b| ?[.,;])")
_NO_NOUNS = frozenset({"each", "following", "latter", "many", "most", "other", "others", "same", "some", "such", "while"})


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence with its quotes, and what was supplied and asked."""

    document: str
    question: str
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]

    @property
    def sentence(self) -> str:
        return self.claims[0].text

    def saying(self, sentence: str) -> Case:
        return replace(self, claims=tuple(replace(claim, text=sentence) for claim in self.claims))


def cases(folder: Path) -> list[Case]:
    """Every sentence of a set's answers whose words the passages hold at all."""
    analyzer = Analyzer()
    rows = [row for row in read_rows(folder / "questions.jsonl") if row["answerable"]]
    return [case for row in rows for case in _cases(row, analyzer)]


def _cases(row: Row, analyzer: Analyzer) -> Iterator[Case]:
    passages = [str(row["gold_passage"])] if "gold_passage" in row else [str(item["text"]) for item in row["evidence"]]
    title = Path(str(row["scope"])).stem if "gold_passage" in row else ""
    evidence = tuple(_evidence(marker, text, title) for marker, text in enumerate(passages, 1))
    asked = " ".join([*(turn.content for turn in turns(row) if turn.role == "user"), str(row["question"])])
    for sentence in dict.fromkeys(span.text for answer in row["answers"] for span in sentences(str(answer))):
        quotes = _quotes(sentence, evidence, analyzer)
        if quotes:
            claims = tuple(Claim(sentence, marker, quote) for marker, quote in quotes)
            yield Case(str(row["evidence"][0]["doc"]), asked, claims, evidence)


def _evidence(marker: int, text: str, title: str) -> Evidence:
    return Evidence(marker, Hit(Chunk(f"c{marker}", "d", "d.txt", title, (), 0, len(text), text), 1.0, marker))


def _quotes(sentence: str, evidence: Sequence[Evidence], analyzer: Analyzer) -> list[tuple[int, str]]:
    """The sentences that hold most of the words, each adding some that those before it lack."""
    offered = [(item.marker, span.text, set(analyzer.terms(span.text))) for item in evidence for span in sentences(item.chunk.text)]
    wanted = set(analyzer.terms(sentence))
    quotes: list[tuple[int, str]] = []
    while offered and len(quotes) < MOST_QUOTES:
        marker, text, held = max(offered, key=lambda one: (len(wanted & one[2]), -len(one[2])))
        if len(wanted & held) < (FEWEST_NEW_WORDS if quotes else 1):
            break
        quotes.append((marker, text))
        wanted -= held
    return quotes


def foreign(found: Sequence[Case], chance: random.Random) -> Iterator[Case]:
    for case in found:
        yield case.saying(chance.choice([other.sentence for other in found if other.document != case.document]))


def swapped(found: Sequence[Case], nouns: Sequence[str], chance: random.Random, *, asked: bool) -> Iterator[Case]:
    """Up to SWAPS sentences for each one that holds a noun."""
    for case in found:
        known = _text_of(case).casefold()
        own = [noun for noun in nouns if re.search(rf"\b{noun}\b", case.sentence)]
        for noun in chance.sample(own, min(SWAPS, len(own))):
            other = chance.choice([word for word in nouns if word[:4] not in known])
            sentence = re.sub(rf"\b{noun}\b", other, case.sentence)
            yield replace(case.saying(sentence), question=f"{case.question} {other}" if asked else case.question)


def nouns_of(found: Sequence[Case]) -> list[str]:
    analyzer, texts = Analyzer(), {item.chunk.text for case in found for item in case.evidence}
    counted = Counter(noun for text in texts for noun in _NOUN.findall(text))
    return sorted(noun for noun, count in counted.items() if count >= FEWEST_SEEN and analyzer.terms(noun) and noun not in _NO_NOUNS)


def _text_of(case: Case) -> str:
    return " ".join([case.question, *(f"{item.chunk.title} {item.chunk.text}" for item in case.evidence)])


def kept(found: Sequence[Case]) -> tuple[list[Case], Counter[str], list[float]]:
    """Those whose sentence passes, why the others do not, and milliseconds for each."""
    passed, reasons, taken = [], Counter[str](), []
    for case in found:
        began = time.perf_counter()
        result = ground(case.claims, case.evidence, case.question)
        taken.append((time.perf_counter() - began) * 1000)
        if result.statements:
            passed.append(case)
        else:
            reasons[_kind(result.dropped[0].reason)] += 1
    return passed, reasons, taken


def _kind(reason: str) -> str:
    return re.sub(r"“.*”|(?<=the name ).*(?= is)|(?<=the address ).*(?= is)|^.*\d.*(?= is not in the quote)", "…", reason)


def rows_of(name: str, found: Sequence[Case], nouns: Sequence[str]) -> Iterator[str]:
    chance = random.Random(0)
    honest, reasons, taken = kept(found)
    lies = {
        "foreign": list(foreign(honest, chance)),
        "swapped": list(swapped(honest, nouns, chance, asked=False)),
        "asked": list(swapped(honest, nouns, chance, asked=True)),
    }
    yield f"| {name} | honest | {len(found)} | {len(honest) / len(found):.3f} |"
    for kind, told in lies.items():
        yield f"| {name} | {kind} | {len(told)} | {len(kept(told)[0]) / len(told):.4f} |"
    print(f"{name}: {percentile(taken, 50):.2f} ms p50, {percentile(taken, 95):.2f} ms p95 a sentence", file=sys.stderr)
    for reason, count in reasons.most_common(SHOWN):
        print(f"{name}: {count} honest sentences dropped: {reason}", file=sys.stderr)


def instructions(folder: Path, sample: Path) -> Iterator[str]:
    """How often sentences are taken for instructions, and how many of the attacks are."""
    sets = {path.parent.name: path.parent for path in sorted(folder.glob("*/corpus")) if path.parent.name != ATTACKED}
    for name, corpus in {**sets, "sample": sample}.items():
        texts = {span.text for chunk in chunks_of(corpus) for span in sentences(chunk.text)}
        taken = [text for text in texts if addresses_answerer(text)]
        yield f"| {name} | {len(texts)} | {len(taken)} |"
        for text in taken:
            print(f"{name}: taken for an instruction: {text}", file=sys.stderr)
    attacks = {str(row["attack"]) for row in read_rows(folder / ATTACKED / "questions.jsonl")}
    missed = sorted(attack for attack in attacks if not addresses_answerer(attack))
    yield f"| {ATTACKED}, the attacks alone | {len(attacks)} | {len(attacks) - len(missed)} |"
    for attack in missed:
        print(f"{ATTACKED}: not taken for an instruction: {attack}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    arguments = parser.parse_args()
    found = {name: cases(arguments.folder / name) for name in SETS}
    nouns = nouns_of([case for part in found.values() for case in part])
    print("| set | sentences | number | kept |", "|---|---|---|---|", sep="\n")
    for name, part in found.items():
        print(*rows_of(name, part, nouns), sep="\n")
    print("", "| texts | sentences | taken for instructions |", "|---|---|---|", *instructions(arguments.folder, SAMPLE), sep="\n")


if __name__ == "__main__":
    main()
