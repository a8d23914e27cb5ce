"""The words of notices about documents' times and contradictions. Titles and quotes are the documents' own, cleaned like sentences are."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.documents import Edition
from assistant.grounding_checks import clean
from assistant.standing import Standing

_LONGEST_QUOTE = 240


def not_in_force(standing: Standing, said: str, instead: str) -> str:
    """Of a document that the answer cites. `said` is what it says, `instead` what the first prevailing edition says of it; both may be
    empty."""
    return " ".join(filter(None, (f"{_end(standing)}{_prevails(standing)}.", _says(standing.edition, said), _instead(standing, instead))))


def otherwise(standing: Standing, said: str) -> str:
    """Of a document that is not in force, and says something else than the one that is."""
    return f"{_end(standing)}{_prevails(standing)}. {_says(standing.edition, said)}"


def conflict(one: Edition, said: str, other: Edition, also_said: str) -> str:
    return f"{_says(one, said, dated=True)} {_says(other, also_said, dated=True)} {_verdict(one, other)}"


def _end(standing: Standing) -> str:
    edition = standing.edition
    if standing.state == "not_yet_in_force":
        return f"{_title(edition)} is not in force before {edition.effective}"
    since = f", in force from {edition.effective}," if edition.effective else ""
    if standing.state == "expired":
        return f"{_title(edition)}{since} held until {edition.expires}"
    return f"{_title(edition)}{since} was replaced" + (f" on {standing.replaced}" if standing.replaced else "")


def _prevails(standing: Standing) -> str:
    if not standing.prevailing:
        return ", and no document that is in force was found to take its place" if standing.state != "not_yet_in_force" else ""
    until = "until then " if standing.state == "not_yet_in_force" else ""
    return f"; {until}{_title(standing.prevailing[0])}{_dated(standing.prevailing[0])} prevails"


def _instead(standing: Standing, instead: str) -> str:
    return _says(standing.prevailing[0], instead) if standing.prevailing else ""


def _verdict(one: Edition, other: Edition) -> str:
    """By their dates, since neither replaces the other; that a later date decides is a convention, so somebody is named to ask."""
    if one.effective and other.effective and one.effective != other.effective:
        later = one if one.effective > other.effective else other
        return f"Neither replaces the other; by their dates the later, {_title(later)}, prevails.{_ask((later, one, other))}"
    return f"Their metadata does not say which prevails.{_ask((one, other))}"


def _ask(editions: Sequence[Edition]) -> str:
    owners = list(dict.fromkeys(clean(edition.owner) for edition in editions if edition.owner))
    return f" Ask {' or '.join(owners)}." if owners else ""


def _says(edition: Edition, said: str, *, dated: bool = False) -> str:
    return f"{_title(edition)}{_dated(edition) if dated else ''} says: “{_short(said)}”." if said else ""


def _dated(edition: Edition) -> str:
    return f", in force since {edition.effective}," if edition.effective else ""


def _title(edition: Edition) -> str:
    return f"“{clean(edition.title)}”"


def _short(quote: str) -> str:
    quote = clean(quote).rstrip(".;")
    return quote if len(quote) <= _LONGEST_QUOTE else quote[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
