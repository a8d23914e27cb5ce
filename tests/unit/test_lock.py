from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.errors import AnotherWriter
from ingest.lock import writing

HOLD = """
import sys, time
from pathlib import Path
from ingest.lock import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(home: Path) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[2])
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root}
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.communicate()


def test_the_second_writer_is_told_who_works(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with pytest.raises(AnotherWriter, match=f"process {holder.pid}"), writing(tmp_path):
            pytest.fail("two writers at once")
    finally:
        end(holder)


def test_a_dead_process_holds_no_lock(tmp_path: Path) -> None:
    end(hold(tmp_path))

    with writing(tmp_path):
        pass


def test_the_place_is_free_again_afterwards(tmp_path: Path) -> None:
    with writing(tmp_path):
        pass
    with writing(tmp_path):
        pass
