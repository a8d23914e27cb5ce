"""Says with an answer what its reader must know of the documents' times and of their contradictions.

The text says what holds. To it comes the sentence of another document that contradicts it, and where it cites a document that is not
in force, what the one in force says of the same: each with its own citation, checked by `ground` like every other. What an edition that
was set aside says otherwise stands in the notice alone, unless the answer stands nowhere else. All this is found by rules, and where they
find nothing, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.conflicts import Answering, answering, contradictions, counterpart
from assistant.extract import Embed
from assistant.ground import ground
from assistant.notice_texts import conflict, not_in_force, otherwise
from assistant.retrieve import Material
from assistant.standing import Standing
from assistant.types import Citation, Evidence, Notice, NoticeKind, Statement

MOST_CONFLICTS = 3
BETTER = 0.5
THE_SAME = 0.8
OF_THE_KIND = 0.7


def notices_for(
    material: Material, aside: Sequence[Evidence], statements: Sequence[Statement], standings: Mapping[str, Standing], embed: Embed
) -> tuple[tuple[Statement, ...], tuple[Notice, ...]]:
    """The statements, with those that have to be said as well behind them, and the notices, whose markers are the evidence's.

    `aside` are the passages that `prefer` set aside, under markers of their own; `standings` has every document of both, by source. `embed`
    is called for the few sentences that may contradict each other, mostly for none."""
    if not statements:
        return (), ()
    answer = _Answer(material, tuple(aside), standings, embed, list(statements))
    notices = [*_of_conflicts(answer), *_of_aside(answer), *_of_cited(answer)]
    return tuple(answer.statements), tuple(notices)


@dataclass
class _Answer:
    """An answer that grows by what has to be said as well."""

    material: Material
    aside: tuple[Evidence, ...]
    standings: Mapping[str, Standing]
    embed: Embed
    statements: list[Statement] = field(default_factory=list)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return (*self.material.evidence, *self.aside)

    def standing(self, item: Evidence) -> Standing:
        return self.standings[item.chunk.source]

    def told(self, evidence: Sequence[Evidence]) -> list[Answering]:
        material = self.material
        return answering(material.question, evidence, self.statements, material.stats, material.analyzer)

    def grounded(self, one: Answering) -> Sequence[Statement]:
        return ground(one.claims, self.evidence, self.material.question).statements

    def quote(self, one: Answering | None) -> str:
        return " … ".join(statement.text for statement in self.grounded(one)) if one else ""

    def say(self, *sentences: Answering) -> bool:
        """Adds what is not said yet; nothing, where one of them may not be said."""
        found = [self.grounded(one) for one in sentences]
        if not all(found):
            return False
        for statement in (statement for statements in found for statement in statements):
            said = [citation for each in self.statements for citation in each.citations]
            if not all(any(_within(citation, other) for other in said) for citation in statement.citations):
                self.statements.append(statement)
        return True


def _of_conflicts(answer: _Answer) -> Iterator[Notice]:
    def both_hold(one: Evidence, other: Evidence) -> bool:
        return answer.standing(one).in_force and answer.standing(other).in_force

    material = answer.material
    told = answer.told(material.evidence)
    for one, other in contradictions(material.question, told, material.stats, answer.embed, both_hold)[:MOST_CONFLICTS]:
        if answer.say(one, other):
            editions = answer.standing(one.item).edition, answer.standing(other.item).edition
            message = conflict(editions[0], answer.quote(one), editions[1], answer.quote(other))
            yield Notice("conflict", message, (one.item.marker, other.item.marker))


def _of_aside(answer: _Answer) -> Iterator[Notice]:
    """What is set aside and says otherwise."""

    def of_one_line(one: Evidence, other: Evidence) -> bool:
        return _replaces(answer, one, other) or _replaces(answer, other, one)

    if not answer.aside or _only_aside(answer):
        return
    told, material = answer.told(answer.evidence), answer.material
    cited = {one.item.chunk.source for one in told if one.cited}
    for pair in contradictions(material.question, told, material.stats, answer.embed, of_one_line):
        held, old = pair if _replaces(answer, pair[0].item, pair[1].item) else pair[::-1]
        if old.item.chunk.source not in cited and (quote := answer.quote(old)):
            standing = answer.standing(old.item)
            yield Notice(_kind(standing), otherwise(standing, quote), (held.item.marker,))


def _only_aside(answer: _Answer) -> bool:
    """Says what is set aside where the answer may stand there alone: nothing answers better, and the editions that prevail answer worse and
    say nothing of the kind. Its notice is that of what is cited."""
    told = answer.told(answer.evidence)
    if not told or told[0].item not in answer.aside:
        return False
    best = told[0]
    instead = [one for one in told if _replaces(answer, one.item, best.item)]
    if instead and best.score < instead[0].score + BETTER:
        return False
    return counterpart([best], instead, OF_THE_KIND, answer.embed) is None and answer.say(best)


def _of_cited(answer: _Answer) -> Iterator[Notice]:
    items = {item.marker: item for item in answer.evidence}
    markers: dict[str, list[int]] = {}
    for citation in [citation for statement in answer.statements for citation in statement.citations]:
        if not answer.standing(items[citation.marker]).in_force:
            markers.setdefault(citation.source, []).append(citation.marker)
    told = answer.told(answer.evidence) if markers else []
    for source, cited in markers.items():
        standing = answer.standings[source]
        said = [one for one in told if one.cited and one.item.chunk.source == source]
        prevailing = [one for one in told if said and _replaces(answer, one.item, said[0].item)]
        pair = counterpart(said, prevailing, THE_SAME, answer.embed)
        first, instead = pair if pair and answer.say(pair[1]) else (next(iter(said), None), None)
        message = not_in_force(standing, answer.quote(first), answer.quote(instead))
        yield Notice(_kind(standing), message, tuple(dict.fromkeys([*cited, *([instead.item.marker] if instead else [])])))


def _replaces(answer: _Answer, one: Evidence, other: Evidence) -> bool:
    """Does the first hold in place of the second?"""
    standing = answer.standing(other)
    return not standing.in_force and any(edition.source == one.chunk.source for edition in standing.prevailing)


def _kind(standing: Standing) -> NoticeKind:
    return "not_yet_in_force" if standing.state == "not_yet_in_force" else "superseded"


def _within(citation: Citation, other: Citation) -> bool:
    return citation.document_id == other.document_id and other.start <= citation.start and citation.end <= other.end
