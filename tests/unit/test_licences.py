"""What Footnote is installed with may be used by a company: no GPL, no AGPL, and no package whose licence is unknown."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPYLEFT = re.compile(r"\bA?GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
# docutils names the GPL for one Emacs mode, which is in its repository and not in what is installed (test below).
WITHOUT_THEIR_GPL_PART = {"docutils": r"\.el$"}


def packages() -> list[str]:
    lines = [
        line for name in ("requirements.lock", "requirements-dev.lock") for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    ]
    return sorted({re.split(r"[=<>\[; ]", line)[0] for line in lines if line.strip()})


def licences(name: str) -> str:
    """What a package says of its licence: the expression, else the classifiers, else the first line of the text."""
    stated = importlib.metadata.metadata(name).json
    classifiers = [c.rpartition("::")[2].strip() for c in stated.get("classifier", ()) if c.startswith("License")]
    text = (str(stated.get("license", ""))).strip().splitlines()
    return str(stated.get("license_expression", "")) or "; ".join(classifiers) or (text[0] if text else "")


@pytest.mark.parametrize("name", packages())
def test_a_dependency_may_be_used(name: str) -> None:
    stated = licences(name)

    assert stated, f"{name} states no licence"
    if name not in WITHOUT_THEIR_GPL_PART:
        assert not COPYLEFT.search(stated), f"{name}: {stated}"


@pytest.mark.parametrize(("name", "part"), WITHOUT_THEIR_GPL_PART.items())
def test_the_part_under_the_gpl_is_not_installed(name: str, part: str) -> None:
    installed = importlib.metadata.files(name)

    assert installed
    assert [str(file) for file in installed if re.search(part, str(file))] == []


@pytest.mark.parametrize(
    "stated", ["GPL-3.0-or-later", "GNU Affero General Public License v3", "AGPLv3", "GNU General Public License (GPL)"]
)
def test_copyleft_is_recognised(stated: str) -> None:
    assert COPYLEFT.search(stated)


@pytest.mark.parametrize("stated", ["MIT", "LGPL-2.1", "GNU Lesser General Public License v3 (LGPLv3)", "MPL-2.0"])
def test_what_is_not_copyleft_is_left_alone(stated: str) -> None:
    assert not COPYLEFT.search(stated)
