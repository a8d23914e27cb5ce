"""The documentation says what is there: settings, commands, operations, reasons, targets, links, paths and names are those of the code."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from fastapi.routing import APIRoute

from api.cli import app
from api.http.openai_chat import openai_router
from api.http.routes import router
from assistant import errors
from assistant.settings import Settings, variable_of
from assistant.types import NoticeKind, RefusalReason
from ingest.metadata import KEYS
from ingest.parsing import SUPPORTED

ROOT = Path(__file__).parents[2]
# Read by Make, the demo and Compose, not by Footnote.
NOT_SETTINGS = {"API_PORT"}
# Documents that Footnote is shown, and texts they are made from: they may say what they like.
SAMPLE = ("data/policies/", "data/sources/", "data/eval/")
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".lock", ".txt", ".example", ".cfg", ""}


@cache
def tracked() -> tuple[str, ...]:
    """Every file of the repository, those included that are about to be added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(sorted({name for name in listed if (ROOT / name).is_file()}))


@cache
def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pages() -> list[str]:
    return [name for name in tracked() if name.endswith(".md") and not name.startswith((*SAMPLE, "assistant/prompts/"))]


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level."""
    level = heading.split(" ")[0]
    _, _, rest = read(page).partition(f"\n{heading}\n")
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def shown_default(field: str) -> str:
    default = Settings.model_fields[field].default
    return "" if default is None else str(default)


class TestSettings:
    rows: Mapping[str, str] = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+) \|$", read("docs/settings.md"), re.MULTILINE))
    lines: Mapping[str, str] = dict(re.findall(r"^# ([A-Z][A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))

    def test_all_are_documented_and_no_others(self) -> None:
        known = {variable_of(field) for field in Settings.model_fields}

        assert set(self.rows) == known
        assert set(self.lines) == known

    @pytest.mark.parametrize("field", Settings.model_fields)
    def test_a_setting_has_its_default_its_bounds_and_its_meaning(self, field: str) -> None:
        info, variable = Settings.model_fields[field], variable_of(field)
        default, allowed, meaning = self.rows[variable].split(" | ")

        assert default == (f"`{shown_default(field)}`" if shown_default(field) else "unset")
        assert meaning == info.description
        for bound in info.metadata:
            for number in (getattr(bound, name, None) for name in ("ge", "gt", "le", "lt")):
                assert number is None or re.search(rf"\b{number}\b", allowed), f"{variable}: {number} in {allowed}"
        assert self.lines[variable] == shown_default(field)
        assert f"# {info.description}\n# {variable}=" in read(".env.example")

    def test_no_page_names_a_setting_that_does_not_exist(self) -> None:
        known = {variable_of(field) for field in Settings.model_fields} | NOT_SETTINGS
        named = {
            (page, name)
            for page in [*pages(), ".env.example", "docker-compose.yml"]
            for name in re.findall(r"FOOTNOTE_[A-Z_]+[A-Z]", read(page))
        }

        assert {(page, name) for page, name in named if name not in known} == {("docs/settings.md", "FOOTNOTE_MODLE")}


COMMANDS = typer.main.get_command(app)


def options_of(command: Any) -> set[str]:
    """Its own, and those of the commands below it."""
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts) if option.startswith("-")}
    return own.union(*(options_of(below) for below in getattr(command, "commands", {}).values()))


OPTIONS = {
    name: options_of(command)
    for name, command in COMMANDS.commands.items()  # type: ignore[attr-defined]  # a Typer with several commands gives a group
}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every call of `footnote` or `ingest` that a page shows, in a block of shell or between backticks."""
    for page in pages():
        blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)
        lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
        inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL))
        for line in (*lines, *inline):
            call = re.match(r"(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(footnote|ingest) (.+)", line)
            if call:
                words = shlex.split(call[2], comments=True)
                yield page, words if call[1] == "footnote" else ["ingest", *words]


class TestCommandLine:
    @pytest.mark.parametrize("name", OPTIONS)
    def test_a_command_is_documented_with_its_options(self, name: str) -> None:
        text = section("docs/cli.md", f"## footnote {name}")

        assert OPTIONS[name] | {"--help"} <= set(re.findall(r"(?<!\S)--?[a-z-]+", text))
        assert str(COMMANDS.commands[name].help) in text  # type: ignore[attr-defined]  # as above

    def test_no_other_command_is_documented(self) -> None:
        assert set(re.findall(r"^## footnote (\S+)$", read("docs/cli.md"), re.MULTILINE)) == set(OPTIONS)

    def test_what_pages_show_can_be_run(self) -> None:
        calls = [(page, words) for page, words in command_lines() if words[0] not in ("--help", "…")]
        unknown = [(page, words) for page, words in calls if not set(flags(words[1:])) <= OPTIONS.get(words[0], set())]

        assert len(calls) > 20
        assert [(page, words) for page, words in calls if words[0] not in OPTIONS] == []
        assert unknown == []


def flags(words: list[str]) -> list[str]:
    return [word.split("=")[0] for word in words if re.fullmatch(r"--?[a-z].*", word)]


class TestHttp:
    operations = frozenset(
        f"{method} {route.path}"
        for route in (*router.routes, *openai_router.routes)
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    )

    def test_operations_are_documented_and_no_others(self) -> None:
        listed = set(re.findall(r"^\| `((?:GET|POST) \S+)` \|", read("docs/http.md"), re.MULTILINE))
        sections = set(re.findall(r"^## ((?:GET|POST) \S+)$", read("docs/http.md"), re.MULTILINE))

        assert listed == self.operations
        assert sections == self.operations

    @pytest.mark.parametrize("word", [*get_args(RefusalReason), *get_args(NoticeKind)])
    def test_reasons_and_notices_are_explained(self, word: str) -> None:
        assert re.search(rf"^\| `{word}` \| \S", read("docs/http.md"), re.MULTILINE)


class TestMake:
    targets = frozenset(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))

    def test_help_lists_every_target(self) -> None:
        shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

        assert set(re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE)) == self.targets

    def test_what_pages_name_exists(self) -> None:
        named = {(page, target) for page in pages() for target in re.findall(r"(?:`|^)make ([a-z-]+)", read(page), re.MULTILINE)}

        assert {target for page, target in named if page == "README.md"} >= {"run", "test", "setup", "check", "help"}
        assert [(page, target) for page, target in named if target not in self.targets] == []


class TestFormatsAndMetadata:
    def test_every_ending_is_described_and_no_other(self) -> None:
        rows = re.findall(r"^\| ((?:`\.[a-z]+` ?)+)\|", read("docs/formats.md"), re.MULTILINE)

        assert sorted(ending for row in rows for ending in re.findall(r"`(\.[a-z]+)`", row)) == list(SUPPORTED)

    def test_the_readme_names_every_ending(self) -> None:
        assert [ending for ending in SUPPORTED if f"`{ending}`" not in read("README.md")] == []

    def test_every_key_is_described_and_no_other(self) -> None:
        assert re.findall(r"^\| `([a-z]+)` \|", read("docs/metadata.md"), re.MULTILINE) == list(KEYS)


class TestPlaces:
    def test_every_relative_link_leads_somewhere(self) -> None:
        broken = []
        for page in pages():
            for link in re.findall(r"\]\(([^)\s]+)\)", without_code(read(page))):
                target, _, anchor = link.partition("#")
                if "://" in link:
                    continue
                file = (ROOT / page).parent / target if target else ROOT / page
                if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
                    broken.append((page, link))

        assert broken == []

    def test_every_path_in_backticks_exists_and_so_does_the_test_it_names(self) -> None:
        top = "|".join(sorted({re.escape(name.split("/")[0]) for name in tracked() if "/" in name}))
        looks_like_one = re.compile(rf"`((?:{top})/[\w./-]*|[\w.-]+\.(?:md|toml|yml)|requirements[\w-]*\.lock)(?:::(\w+))?`")
        wrong = []
        for page in pages():
            for path, test in looks_like_one.findall(read(page)):
                beside = (ROOT / page).parent / path
                file = ROOT / path if (ROOT / path).exists() else beside
                if path in (".footnote.yml", ".env"):
                    continue
                if not file.exists() or (test and f"def {test}(" not in file.read_text(encoding="utf-8")):
                    wrong.append((page, path, test))

        assert wrong == []

    def test_every_decision_has_its_parts(self) -> None:
        records = sorted((ROOT / "docs/adr").glob("*.md"))

        assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
        for record in records:
            text = record.read_text(encoding="utf-8")
            assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
            assert re.search(rf"^# {int(record.name[:4])}\. .+\n\nDate: \d{{4}}-\d\d-\d\d · Status: \w+", text)


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```|`[^`\n]+`", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_tree_of_errors_is_as_drawn() -> None:
    drawn: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"([ │├└─]*)([A-Z]\w+)(?:  .*)?$", line):
            depth = len(found[1])
            if found[2] != "FootnoteError":
                drawn[found[2]] = above[max(known for known in above if known < depth)]
            above = {known: name for known, name in above.items() if known < depth} | {depth: found[2]}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FootnoteError)]

    assert drawn == {kind.__name__: kind.__base__.__name__ for kind in kinds if kind is not errors.FootnoteError and kind.__base__}


# Put together here, so that this file does not hold what it looks for.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in [
        ("pypi", "org"), ("python" + "hosted", "org"), ("download", "pytorch", "org"), ("huggingface", "co"), ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"), ("npmjs", "org"),
    ]
)  # fmt: skip
PLACES = tuple("/".join(("", folder, "")) for folder in ("work", "tmp", "home", "Users"))


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine() -> None:
    found = []
    for name in tracked():
        if Path(name).suffix in TEXT:
            text = read(name)
            found += [(name, host) for host in REGISTRIES if host in text]
            found += [(name, place) for place in PLACES if re.search(rf"(?<![\w.]){place}", text)]

    assert found == []
