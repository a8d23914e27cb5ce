"""Whatever a reader does, it is one file's failure, told in clear words; the next file is read, and nothing stays behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.errors import IngestError, LimitExceeded, ParseError
from ingest.sandbox import SandboxedParser, landlock
from tests.hostile_readers import DONE, REFUSED

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only Python's own hook and the clock hold")
READERS = "tests.hostile_readers:HostileReader"
MEMORY = 200 * 2**20
ROOT = Path(__file__).parents[2]

Start = Callable[..., SandboxedParser]


@pytest.fixture
def start() -> Iterator[Start]:
    """Makes parsers that are closed in the end."""
    made: list[SandboxedParser] = []

    def sandbox(workers: int = 1, seconds: float = 30) -> SandboxedParser:
        made.append(SandboxedParser(workers, seconds, MEMORY, READERS))
        return made[-1]

    yield sandbox
    for parser in made:
        parser.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxedParser]:
    with SandboxedParser(1, 30, MEMORY, READERS) as parser:
        yield parser


def say(parser: SandboxedParser, what: str, argument: object = "") -> str:
    return parser.parse(what, str(argument).encode()).text


def children() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text(encoding="ascii").split()}


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


class TestLimits:
    @pytest.mark.parametrize("trick", ["hang", "hang_in_machine_code"])
    def test_a_file_that_takes_too_long_is_stopped(self, start: Start, trick: str) -> None:
        parser = start(seconds=1)
        first = say(parser, "process")

        with pytest.raises(LimitExceeded, match=r"longer than 1 s to read, and was stopped\. .*FOOTNOTE_PARSE_SECONDS"):
            say(parser, trick)

        assert say(parser, "process") != first
        assert not alive(int(first))

    def test_a_sign_of_life_begins_the_clock_anew(self, start: Start) -> None:
        assert say(start(seconds=1), "beat", 2.5) == DONE

    def test_signs_of_life_do_not_go_on_for_ever(self, start: Start) -> None:
        parser = start(seconds=0.1)
        with pytest.raises(LimitExceeded, match="longer than"):
            say(parser, "beat", 60)

    def test_memory_beyond_the_limit_is_not_given(self, sandbox: SandboxedParser) -> None:
        with pytest.raises(LimitExceeded, match=r"more than 200 MiB of memory to read\. .*FOOTNOTE_PARSE_MEMORY"):
            say(sandbox, "take_memory", 1_500)
        assert say(sandbox, "take_memory", 100) == DONE

    def test_what_earlier_files_left_behind_is_not_held_against_the_next(self, start: Start) -> None:
        parser = start()
        for _ in range(10):
            assert say(parser, "keep_memory", 190) == DONE

    @pytest.mark.parametrize(("trick", "message"), [("crash", r"crashed \(SIGSEGV\)"), ("fail", "reader failed.*fault of Footnote")])
    def test_the_death_of_a_reader_is_one_files_failure(self, sandbox: SandboxedParser, trick: str, message: str) -> None:
        with pytest.raises(LimitExceeded, match=message):
            say(sandbox, trick)
        assert say(sandbox, "echo", "well") == "well"

    def test_what_comes_of_a_file_does_not_depend_on_those_before_it(self, start: Start) -> None:
        parser = start()
        assert [say(parser, "crash_if_used") for _ in range(3)] == [DONE] * 3

    def test_a_refusal_keeps_the_worker(self, sandbox: SandboxedParser) -> None:
        before = say(sandbox, "process")
        with pytest.raises(ParseError, match=r"^Save it anew$"):
            say(sandbox, "refuse", "Save it\nanew")
        assert say(sandbox, "process") == before

    def test_what_a_reader_prints_reaches_nobody(self, sandbox: SandboxedParser, capfd: pytest.CaptureFixture[str]) -> None:
        assert say(sandbox, "print_and_read") == "b''"
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("raw", ["00" * 9, "44" + "00" * 7 + "01" + "00", "44" + "ff" * 8, "58" + "00" * 8, "ff" * 99, "52" + "00" * 8])
    def test_a_forged_reply_is_refused(self, sandbox: SandboxedParser, raw: str) -> None:
        with pytest.raises(ParseError, match="makes no sense"):
            say(sandbox, "send", raw)
        assert say(sandbox, "echo", "well") == "well"


class TestConfinement:
    @pytest.mark.parametrize(
        "trick",
        [
            "open_socket", "resolve_name", "open_socket_in_machine_code", "start_program", "fork", "fork_in_machine_code", "raise_limits",
            "execute_in_machine_code", "kill_parent", "kill_parent_in_machine_code",
        ],
    )  # fmt: skip
    def test_neither_network_nor_programs_nor_other_processes(self, sandbox: SandboxedParser, trick: str) -> None:
        assert say(sandbox, trick) == REFUSED

    @pytest.mark.parametrize("trick", ["write", "write_in_machine_code"])
    def test_no_file_is_written(self, sandbox: SandboxedParser, tmp_path: Path, trick: str) -> None:
        assert say(sandbox, trick, tmp_path / "new") == REFUSED
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("trick", ["write", "write_in_machine_code", "remove_in_machine_code", "truncate_in_machine_code"])
    def test_none_is_changed(self, sandbox: SandboxedParser, tmp_path: Path, trick: str) -> None:
        (tmp_path / "a").write_text("text", encoding="utf-8")

        assert say(sandbox, trick, tmp_path / "a") == REFUSED
        assert (tmp_path / "a").read_text(encoding="utf-8") == "text"

    def test_none_is_moved_and_no_folder_removed(self, sandbox: SandboxedParser, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()

        assert say(sandbox, "rename_in_machine_code", tmp_path / "folder") == REFUSED
        assert say(sandbox, "remove_in_machine_code", tmp_path / "folder") == REFUSED
        assert [path.name for path in tmp_path.iterdir()] == ["folder"]

    @pytest.mark.skipif(sys.platform == "linux" and landlock.version() < 1, reason="this kernel has no Landlock")
    def test_no_document_no_setting_and_no_key_is_read(self, sandbox: SandboxedParser, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("OPENAI_API_KEY=secret", encoding="utf-8")

        for path in (tmp_path / ".env", ROOT / "README.md", "/etc/passwd"):
            assert say(sandbox, "read", path) == REFUSED
        assert say(sandbox, "read_parents_environment") == REFUSED

    def test_no_setting_and_no_key_is_handed_on(self, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

        names = say(start(), "environment").split()

        assert [name for name in names if re.search("FOOTNOTE|KEY|SECRET|TOKEN(?!IZERS)", name)] == []
        assert "DO_NOT_TRACK" in names

    def test_it_works_in_no_folder_of_documents(self, sandbox: SandboxedParser) -> None:
        assert say(sandbox, "folder") == "/"

    def test_threads_are_allowed(self, sandbox: SandboxedParser) -> None:
        assert say(sandbox, "start_thread") == DONE


HOOKED = """
import sys
from ingest.sandbox.limits import refuse
from tests.hostile_readers import HostileReader
reader = HostileReader(lambda: None)
sys.addaudithook(refuse)
for trick in sys.argv[2:]:
    print(reader.parse(trick, sys.argv[1].encode()).text)
"""


def test_pythons_own_hook_alone_stops_what_python_does(tmp_path: Path) -> None:
    tricks = ["open_socket", "resolve_name", "start_program", "fork", "kill_parent", "write"]
    command = [sys.executable, "-c", HOOKED, str(tmp_path / "new"), *tricks, "read"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()

    assert said == [REFUSED] * 7
    assert list(tmp_path.iterdir()) == []


def test_without_any_of_it_the_tricks_work(tmp_path: Path) -> None:
    tricks = [
        "open_socket",
        "open_socket_in_machine_code",
        "start_program",
        "fork_in_machine_code",
        "kill_parent",
        "kill_parent_in_machine_code",
    ]
    files = ["write", "read", "truncate_in_machine_code", "rename_in_machine_code", "write_in_machine_code", "remove_in_machine_code"]
    program = HOOKED.replace("sys.addaudithook(refuse)", "")
    command = [sys.executable, "-c", program, str(tmp_path / "new"), *tricks, *files]

    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split() == [DONE] * 12


class TestLife:
    def test_workers_start_when_they_are_needed_and_stay(self, start: Start) -> None:
        before = children()
        parser = start(workers=3)
        assert children() == before

        assert len({say(parser, "process") for _ in range(5)}) == 1
        assert len(children() - before) == 1

    def test_closing_leaves_nobody_behind(self) -> None:
        before = children()
        with SandboxedParser(2, 30, MEMORY, READERS) as parser, ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda _: say(parser, "beat", 0.3), range(2)))
            assert len(children() - before) == 2

        assert children() - before == set()
        with pytest.raises(IngestError, match="stopped"):
            say(parser, "echo")

    def test_closing_ends_what_is_being_read(self) -> None:
        before = children()
        parser = SandboxedParser(2, 60, MEMORY, READERS)
        ended: list[BaseException] = []

        def read() -> None:
            try:
                say(parser, "hang")
            except IngestError as error:
                ended.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]  # two read, one waits for its turn
        for thread in threads:
            thread.start()
        assert until(lambda: len(children() - before) == 2)
        parser.close()
        for thread in threads:
            thread.join(10)

        assert len(ended) == 3
        assert children() - before == set()

    def test_a_worker_that_cannot_start_is_no_files_fault(self) -> None:
        with SandboxedParser(1, readers="tests.no_such_module:Reader") as parser, pytest.raises(IngestError, match="does not start"):
            say(parser, "echo")


PROGRAM = f"""
import sys, threading
from ingest.sandbox import SandboxedParser
with SandboxedParser(2, 3, 2**28, "{READERS}") as parser:
    print(parser.parse("process", b"").text, flush=True)
    parser.parse(sys.argv[1], b"")
"""


@pytest.fixture
def program() -> Iterator[Callable[[str], tuple[subprocess.Popen[str], int]]]:
    """Starts a process that reads a file which does a trick; gives it and the id of its worker."""
    started: list[subprocess.Popen[str]] = []

    def run(trick: str) -> tuple[subprocess.Popen[str], int]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, trick], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        started.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline())

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_the_workers_without_a_word_of_theirs(program: Callable[[str], tuple[subprocess.Popen[str], int]]) -> None:
    process, worker = program("hang")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)

    assert said.count("Traceback") == 1  # the program's own, which does not catch it
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert not alive(worker)


@pytest.mark.parametrize("trick", ["echo", "hang_in_machine_code"])
def test_a_worker_does_not_outlive_its_parent_by_more_than_the_limit(
    program: Callable[[str], tuple[subprocess.Popen[str], int]], trick: str
) -> None:
    process, worker = program(trick)
    time.sleep(0.3)
    process.kill()
    process.wait()

    assert until(lambda: not alive(worker) or "Z (zombie)" in Path(f"/proc/{worker}/status").read_text(encoding="ascii"), 15)
