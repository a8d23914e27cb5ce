"""Whose word counts about a document, and that no mistake opens one to more readers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.metadata import load_folder_metadata, metadata_for
from ingest.types import Metadata


def write(root: Path, folder: str, text: str, *names: str, called: str = ".footnote.yaml") -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / called).write_text(text, encoding="utf-8")
    for name in names:
        (root / folder / name).write_text("text", encoding="utf-8")


def known(root: Path, source: str, front_matter: Mapping[str, object] | None = None) -> Metadata:
    return metadata_for(source, front_matter or {}, load_folder_metadata(root))[0]


def test_nearer_wins_key_by_key(tmp_path: Path) -> None:
    write(tmp_path, ".", "owner: Ops\ngroups: staff\neffective: 2024-01-01\nurl: https://x.example/")
    write(tmp_path, "hr", "owner: HR\ngroups: [hr, staff]\nfiles:\n  pay.md:\n    owner: Payroll\n    groups: [hr]\n", "pay.md")

    assert known(tmp_path, "a.md") == Metadata(owner="Ops", groups=("staff",), effective=date(2024, 1, 1), url="https://x.example/")
    assert known(tmp_path, "hr/deep/b.md").owner == "HR"
    assert known(tmp_path, "hr/deep/b.md").groups == ("hr", "staff")
    assert known(tmp_path, "hr/pay.md") == Metadata(owner="Payroll", groups=("hr",), effective=date(2024, 1, 1), url="https://x.example/")
    assert known(tmp_path, "hr/deep/pay.md").owner == "HR"


def test_front_matter_wins_over_folders_and_is_read_leniently(tmp_path: Path) -> None:
    write(tmp_path, ".", "owner: Ops\nexpires: 2030-01-01")
    stated = {
        "Title": "Leave",
        "owner": "",
        "expires": "2025-06-30 08:00",
        "supersedes": "old/leave.md",
        "layout": {"a": 1},
        "url": "/leave",
    }

    metadata, warnings = metadata_for("a.md", stated, load_folder_metadata(tmp_path))

    assert metadata == Metadata(title="Leave", owner="Ops", expires=date(2025, 6, 30), supersedes=("old/leave.md",))
    assert len(warnings) == 1
    assert '"url": left out' in warnings[0]


def test_front_matter_may_narrow_groups_but_not_widen_them(tmp_path: Path) -> None:
    write(tmp_path, "hr", "groups: [hr, managers]")

    assert known(tmp_path, "hr/a.md", {"groups": "hr"}).groups == ("hr",)
    assert known(tmp_path, "open.md", {"groups": ["finance"]}).groups == ("finance",)
    for wider in ([], ["staff"], ["hr", "staff"]):
        with pytest.raises(ParseError, match="only to hr, managers"):
            known(tmp_path, "hr/a.md", {"groups": wider})


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd"), min_size=1))
def test_nobody_reads_a_file_whom_its_folder_keeps_out(own: list[str], folder: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        write(Path(place), ".", f"groups: {folder}")
        try:
            groups = known(Path(place), "a.md", {"groups": own}).groups
        except ParseError:
            assert not own or set(own) - set(folder)
        else:
            assert set() < set(groups) <= set(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("groups: [hr\nowner: x", r"hr/.footnote.yaml, line 2"),
        ("owner: x\ngroups: 7", r"hr/.footnote.yaml, line 2, \"groups\""),
        ("groups:", "line 1"),
        ("groups: hr, finance", "write one group"),
        ("groups: [hr, '']", "text"),
        ("groups: [[hr]]", "text"),
        ("groups: [hr]\ngroups: []", "given twice"),
        ("groups: [hr]\nGroups: []", "given twice"),
        ("- groups", "keys with values"),
        ("files: [a.md]", "keys with values"),
        ("files:\n  a.md:\n    groups: {}", 'line 3, "groups"'),
        ("effective: 31.12.2024", "no date"),
        ("effective: 2024-02-30", "no date"),
        ("owner: \0", "no text file"),
    ],
)
def test_a_broken_folder_file_closes_everything_below_it(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "hr", text, "a.md")
    write(tmp_path, "hr/deep", "groups: []")

    for source in ("hr/a.md", "hr/deep/b.md"):
        with pytest.raises(ParseError, match=message):
            known(tmp_path, source)
    assert known(tmp_path, "other/a.md") == Metadata()


def test_a_folder_file_that_cannot_be_read_or_is_misspelt_closes_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "a", "groups: [hr]", called=".footnote.yml")
    (tmp_path / "b/.footnote.yaml").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "c/.footnote.yaml").symlink_to(tmp_path / "nowhere")

    for folder, message in (("a", "must be called"), ("b", "cannot be read"), ("c", "cannot be read")):
        with pytest.raises(ParseError, match=message):
            known(tmp_path, f"{folder}/x.md")


@pytest.mark.parametrize(
    "front_matter",
    [{"groups": None}, {"groups": 3}, {"groups": "a,b"}, {"groups": {"a": 1}}, {"groups": ["a"], "Groups": []}, {"effective": "soon"}],
)
def test_wrong_values_in_front_matter_are_errors_of_that_file(tmp_path: Path, front_matter: Mapping[str, object]) -> None:
    with pytest.raises(ParseError, match="The front matter"):
        known(tmp_path, "a.md", front_matter)


def test_unknown_keys_and_files_are_named_once(tmp_path: Path) -> None:
    write(tmp_path, "hr", "owner: x\ngroup: hr\nfiles:\n  gone.md: {groups: hr, ownr: y}\n", "a.md")

    folders = load_folder_metadata(tmp_path)

    assert [w.split(": ")[0] for w in folders.warnings] == [
        'hr/.footnote.yaml, line 2, "group"',
        'hr/.footnote.yaml, line 4, "ownr"',
        'hr/.footnote.yaml, line 4, "gone.md"',
    ]
    assert metadata_for("hr/a.md", {}, folders)[1] == ()


def test_file_names_match_as_they_look(tmp_path: Path) -> None:
    write(tmp_path, ".", "files:\n  Präsenz.md: {groups: [hr]}\n", "Pra\u0308senz.md")

    assert known(tmp_path, "Pra\u0308senz.md").groups == ("hr",)
    assert load_folder_metadata(tmp_path).warnings == ()


def test_governing_changes_with_what_concerns_the_file_alone(tmp_path: Path) -> None:
    write(tmp_path, ".", "groups: [staff]\nfiles:\n  a.md: {owner: A}\n", "a.md", "b.md")
    before = load_folder_metadata(tmp_path)
    write(tmp_path, ".", "groups: [staff]\nfiles:\n  a.md: {owner: B}\n")
    after = load_folder_metadata(tmp_path)

    assert repr(before.governing("a.md")) != repr(after.governing("a.md"))
    assert repr(before.governing("b.md")) == repr(after.governing("b.md"))


def test_a_folder_whose_name_is_no_utf8_is_governed(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    Path(folder).mkdir()
    (Path(folder) / ".footnote.yaml").write_text("groups: [hr]", encoding="utf-8")

    assert known(tmp_path, "caf\\xe9/a.md").groups == ("hr",)


@pytest.mark.timeout(20)
def test_rules_behind_a_link_a_pipe_or_an_endless_device_are_not_read(tmp_path: Path) -> None:
    for folder in ("link", "pipe", "device"):
        (tmp_path / folder).mkdir()
    (tmp_path / "elsewhere").write_text("groups: [hr]", encoding="utf-8")
    (tmp_path / "link/.footnote.yaml").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "device/.footnote.yaml").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe/.footnote.yaml")

    for folder in ("link", "pipe", "device"):
        with pytest.raises(ParseError, match="cannot be read"):
            known(tmp_path, f"{folder}/a.md")


@pytest.mark.timeout(20)
def test_aliases_of_aliases_are_not_written_out(tmp_path: Path) -> None:
    levels = "".join(f"k{level}: &k{level} [*k{level - 1}, *k{level - 1}]\n" for level in range(1, 60))
    (tmp_path / ".footnote.yaml").write_text(f"k0: &k0 x\n{levels}effective: *k59\n", encoding="utf-8")

    with pytest.raises(ParseError, match='"effective": a date is expected'):
        known(tmp_path, "a.md")
