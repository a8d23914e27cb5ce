"""The sample company is what data/README.md says it is, and its questions lean on words that stand in its documents."""

import html
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # pypdfium2 ships no types
import pytest
import yaml

DATA = Path(__file__).resolve().parents[2] / "data"
POLICIES = DATA / "policies"
SCAN = "health-safety/first-aiders-scan.pdf"
FORMATS = {"Markdown": ".md", "Word": ".docx", "PDF": ".pdf", "HTML": ".html", "PowerPoint": ".pptx", "Excel": ".xlsx", "mails": ".eml"}
RESTRICTED = {"hr/confidential": "hr", "finance/board": "finance", "it-security/restricted": "security"}
METADATA = {"title", "owner", "url", "groups", "effective", "expires", "supersedes"}


def documents() -> list[str]:
    files = (p for p in POLICIES.rglob("*") if p.is_file() and p.name != ".footnote.yaml")
    return sorted(p.relative_to(POLICIES).as_posix() for p in files)


def questions() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def readme() -> str:
    return (DATA / "README.md").read_text(encoding="utf-8")


def readme_rows() -> dict[str, list[str]]:
    """Path → the other cells of the table of documents."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", readme(), re.MULTILINE)
    return {path: [cell.strip() for cell in rest.split("|")] for path, rest in rows if "/" in path}


def unmarked(text: str) -> str:
    """Words without Markdown's marks, white space collapsed."""
    lines = (re.sub(r"^\s*(#+|-|>|\d+\.)\s+", "", line) for line in text.splitlines() if not re.fullmatch(r"[|\s:-]+", line))
    return " ".join(re.sub(r"[*`]", "", "\n".join(lines)).replace("|", " ").split())


def source_of(evidence: dict[str, Any]) -> str:
    """The document as the index names it; in the file its path stands below `eval/`, as in other sets."""
    return str(evidence["doc"]).removeprefix("corpus/")


def words_of(doc: str) -> str:
    """A document's words: of its own text, or, for office files, of the source it is made from."""
    path = POLICIES / doc
    if path.suffix == ".html":
        return unmarked(html.unescape(re.sub(r"<[^>]*>", " ", path.read_text(encoding="utf-8"))))
    source = path if path.suffix in {".md", ".txt"} else DATA / "sources" / f"{doc}.md"
    return unmarked(source.read_text(encoding="utf-8"))


def front_matter(doc: str) -> dict[str, Any]:
    text = (POLICIES / doc).read_text(encoding="utf-8")
    head: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return head


@pytest.fixture(scope="module")
def made_again(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("made")
    subprocess.run([sys.executable, str(DATA / "make_office_files.py"), "--to", str(folder)], check=True, capture_output=True)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_readme_lists_exactly_the_documents() -> None:
    assert sorted(readme_rows()) == documents()


def test_formats_are_as_many_as_the_readme_says() -> None:
    line = re.search(r"^Formats: (.*)$", readme(), re.MULTILINE)
    assert line is not None
    said = {suffix: int(number) for number, word in re.findall(r"(\d+) (\w+)", line[1]) if (suffix := FORMATS.get(word))}
    assert said | {".txt": 2} == Counter(Path(d).suffix for d in documents())


def test_restricted_folders_state_their_group_and_no_others_do() -> None:
    for folder, group in RESTRICTED.items():
        assert yaml.safe_load((POLICIES / folder / ".footnote.yaml").read_text(encoding="utf-8"))["groups"] == [group]
    for path, cells in readme_rows().items():
        assert cells[2] == RESTRICTED.get(Path(path).parent.as_posix(), ""), path


def test_front_matter_uses_known_keys_and_supersedes_existing_documents() -> None:
    for doc in (d for d in documents() if d.endswith(".md")):
        head = front_matter(doc)
        assert set(head) <= METADATA, doc
        assert set(head.get("supersedes", [])) <= set(documents()), doc


def test_folder_metadata_uses_known_keys_and_names_existing_files() -> None:
    for path in POLICIES.rglob(".footnote.yaml"):
        head = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, keys in head.pop("files").items():
            assert (path.parent / name).is_file(), f"{path}: {name}"
            assert set(keys) <= METADATA, f"{path}: {name}"
        assert set(head) <= METADATA, path


def test_there_are_enough_questions_and_a_third_has_no_answer() -> None:
    asked = questions()
    unanswerable = sum(not q["answerable"] for q in asked)
    assert len(asked) >= 120
    assert 3 * unanswerable >= len(asked)
    assert f"{len(asked)} questions" in readme()
    assert f"{unanswerable} of which no document answers" in readme()


def test_kinds_are_as_many_as_the_readme_says() -> None:
    said = {
        tuple(re.findall(r"`(\w+)`", kinds)): int(n) for kinds, n in re.findall(r"^\| ((?:`\w+`,? ?)+) \| (\d+) \|", readme(), re.MULTILINE)
    }
    counted = Counter(q["kind"] for q in questions())
    assert {kind for kinds in said for kind in kinds} == set(counted)
    for kinds, number in said.items():
        assert sum(counted[kind] for kind in kinds) == number, kinds


def test_ids_and_questions_are_unique() -> None:
    asked = questions()
    assert len({q["id"] for q in asked}) == len(asked)
    assert len({(q["question"].lower(), str(q.get("history"))) for q in asked}) == len(asked)


def test_a_question_has_evidence_exactly_when_it_is_answerable() -> None:
    for q in questions():
        assert bool(q["evidence"]) == q["answerable"] == (q["kind"] not in {"absent", "near_miss"}), q["id"]
        assert q["answerable"] or not q["answers"], q["id"]
        assert q["evidence_mode"] in {"any", "all"}, q["id"]
        assert q["kind"] != "follow_up" or q["history"], q["id"]
        assert q["kind"] != "group" or q["groups"], q["id"]


def test_evidence_stands_in_its_document() -> None:
    words = {doc: words_of(doc) for doc in documents()}
    missing = [(q["id"], e["text"]) for q in questions() for e in q["evidence"] if " ".join(e["text"].split()) not in words[source_of(e)]]
    assert not missing


def test_short_answers_stand_in_the_evidence() -> None:
    for q in questions():
        evidence = " ".join(e["text"] for e in q["evidence"]).lower()
        assert all(answer.lower() in evidence for answer in q["answers"]), q["id"]


def test_every_document_is_asked_about() -> None:
    assert {source_of(e) for q in questions() for e in q["evidence"]} == set(documents())
    assert (DATA / "eval" / "corpus").resolve() == POLICIES.resolve()


def test_making_the_office_files_again_gives_the_same_bytes(made_again: dict[str, bytes]) -> None:
    assert sorted(made_again) == [d for d in documents() if Path(d).suffix not in {".md", ".txt", ".html"}]
    different = [doc for doc, content in made_again.items() if content != (POLICIES / doc).read_bytes()]
    assert not different, "other sources or library versions: run data/make_office_files.py"


def test_the_scan_is_an_image_without_text(made_again: dict[str, bytes]) -> None:
    with pypdfium2.PdfDocument(made_again[SCAN]) as pdf:
        page = pdf[0]
        assert page.get_textpage().count_chars() == 0
        assert len(list(page.get_objects())) == 1
