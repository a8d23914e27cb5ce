"""What `.footnoteignore` keeps out, held to what git does with the same patterns."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.ignore import ignored, read_rules

NAMES = ("a", "b", "draft", "x.md", "y.md", "draft.md")
PATTERNS = (
    "*", "*.md", "!*.md", "a", "a/", "/a", "/a/", "a/*", "a/**", "**/a", "**/a/**", "a/**/b", "!a/", "!a/x.md", "/x.md", "!/x.md", "draft*",
    "!draft.md", "a/b", "a/b/",
    "b/*.md", "[xy].md", "?.md", "\\!x.md", "#x.md", "  ", "", "x.md ", "x.md\\ ", "**", "/*", "!/b", "a//b",
    "[!x].md", "[^a-w].md", "[a-xz].*", "*r*f*", "*ft*t.md", "*f*.m*d", "d*[r-t]?*t.md", "dr**ft",
    "a/**/x.md", "**/b/**/*.md", "!**/b", "[]x].md", "\\*.md",
)  # fmt: skip


def git_ignores(root: Path, paths: list[str]) -> list[str]:
    command = ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "--stdin", "-z"]
    given = "".join(f"{path}\0" for path in paths)
    said = subprocess.run(command, cwd=root, input=given, capture_output=True, text=True, check=False)
    assert said.returncode in (0, 1), said.stderr
    return said.stdout.split("\0")[:-1]


def we_ignore(written: dict[str, str], paths: list[str]) -> list[str]:
    """As the walk does it: folder by folder, never into one that is kept out."""

    def out(path: str) -> bool:
        parts = path.split("/")
        rules = []
        for depth in range(len(parts)):
            folder = "/".join(parts[:depth])
            if folder in written:
                rules.append(read_rules(written[folder].encode(), depth))
            if ignored(rules, parts[: depth + 1], folder=depth + 1 < len(parts)):
                return True
        return False

    return [path for path in paths if out(path)]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    for folder in ("", "a/", "b/", "a/b/", "a/a/", "draft/", "a/draft/", "b/a/b/"):
        for name in ("x.md", "y.md", "draft.md"):
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / name).touch()
    return root


@given(
    top=st.lists(st.sampled_from(PATTERNS), max_size=5).map("\n".join),
    below=st.none() | st.lists(st.sampled_from(PATTERNS), max_size=3).map("\n".join),
)
def test_the_same_is_kept_out_as_by_git(repository: Path, top: str, below: str | None) -> None:
    written = {"": top} | ({} if below is None else {"a": below})
    for folder in ("", "a"):
        (repository / folder / ".gitignore").write_text(written.get(folder, ""), encoding="utf-8")
    paths = sorted(str(path.relative_to(repository)) for path in repository.rglob("*.md"))

    assert we_ignore(written, paths) == git_ignores(repository, paths)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9.md", "not UTF-8"),
        (b"x\n!\n", "no pattern in line 2"),
        (b"x\n" * 1_001, "more than 1,000 lines"),
        (b"x\n[a", "bracket or backslash without its other half in line 2"),
        (b"x\\", "without its other half in line 1"),
        (b"[z-a]", "runs backwards in line 1"),
        (b"[[:alpha:]]", "without its other half"),
    ],
)
def test_what_cannot_be_understood_is_an_error(content: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        read_rules(content, 0)
