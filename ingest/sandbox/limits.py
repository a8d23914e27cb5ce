"""What a worker may no longer do, once it begins to read files: take more memory, write, start programs, reach the network.

Three layers, because none is everywhere: the limits of the operating system, on Linux filters of the kernel (`seccomp`, `landlock`), and a
hook of Python's own, which alone holds on other systems and stops no machine code.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from ingest.sandbox import landlock, seccomp

# What interpreter and libraries take before a file is read (measured: see docs/risks.md), in bytes.
LIBRARIES = 768 * 2**20
# Their code and data files, which are mapped but not private.
_MAPPED = 2 * 2**30
_DESCRIPTORS = 128
_SCARCE = 0.75
_WORST_TO_KILL = "1000"
_REFUSED = frozenset(
    [
        "os.chflags", "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty", "os.kill", "os.killpg", "os.link", "os.mkdir",
        "os.posix_spawn", "os.remove", "os.removexattr", "os.rename", "os.rmdir", "os.setxattr", "os.startfile",
        "os.symlink", "os.system", "os.truncate", "os.utime", "pty.spawn", "shutil.move", "shutil.rmtree", "subprocess.Popen",
        "syslog.openlog", "tempfile.mkdtemp", "tempfile.mkstemp", "urllib.Request", "webbrowser.open",
    ]
)  # fmt: skip
_CHANGES_FILES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def confine(memory: int) -> None:
    """Confines this process for good; files that it has open stay open. `memory` is what reading may take, in bytes."""
    _limit(memory)
    # Libraries ask for the place of temporary files when they are imported; there is none to be found by trying.
    tempfile.tempdir = os.devnull
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_WORST_TO_KILL, encoding="ascii")
    places = landlock.readable_places() if sys.platform == "linux" else []
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        seccomp.install()
        landlock.install(places)
    sys.addaudithook(refuse)


def private_memory() -> int:
    """What this process has reserved for itself alone, in bytes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    except OSError:
        return 0


def was_scarce(memory: int) -> bool:
    """Whether this process has been near its limit: what a library then calls damaged may be sound. False where the system does not say.

    (`getrusage` would say more than is true: what the parent held when it started this process counts there, too.)
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return peak > _SCARCE * (memory + LIBRARIES)


def _limit(memory: int) -> None:
    """Private memory is what is meant and on Linux what is counted; the address space bounds what is shared, and is all that others
    know. A system that refuses a limit goes without."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
        resource.RLIMIT_DATA: memory + LIBRARIES,
        resource.RLIMIT_AS: memory + LIBRARIES + _MAPPED,
    }
    for kind, value in wanted.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook that raises PermissionError for what a reader has no need of."""
    if event == "open":
        flags = arguments[2]
        refused = isinstance(flags, int) and bool(flags & _CHANGES_FILES)
    else:
        refused = event in _REFUSED or event.startswith("socket.")
    if refused:
        raise PermissionError(f"{event} is not allowed while files are read")
