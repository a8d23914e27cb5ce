"""Which files a worker may read: Python's, its libraries', the system's (Linux 5.13 and later).

Settings, keys, the index and every other document stay out of its reach, and so does the environment of its parent below /proc. The rules
are handed to the kernel as its documentation on Landlock describes; where the kernel has no Landlock, nothing is restricted here.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_NET_AND_SCOPE = 0b11  # to bind and to connect; abstract sockets and signals
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/dev/null", "/dev/urandom",
    "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo", "/proc/self",
)  # fmt: skip


class _Rights(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scope", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("place", ctypes.c_int32))


def readable_places() -> list[str]:
    """Where code and data of Python and its libraries lie. Of the folder that holds this product, its packages alone: settings and
    documents may lie beside them."""
    packages = Path(__file__).parents[1]
    libraries = [path for path in sys.path if path and not packages.is_relative_to(path)]
    loaded = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").split()
    shared = {str(Path(word).parent) for word in loaded if word.startswith("/") and ".so" in word}
    ours = [str(packages), str(packages.parent / "assistant")]
    return sorted({sys.prefix, sys.base_prefix, *libraries, *shared, *ours, *_SYSTEM})


def version() -> int:
    """Of the kernel's Landlock; below 1 where it has none."""
    return int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION))


def install(places: Iterable[str]) -> bool:
    """Allows this process to read below these places and nothing else, for good. False where the kernel has no Landlock."""
    libc, known = _libc(), version()
    if known < 1:
        return False
    rights = _Rights(_known(known), _NET_AND_SCOPE if known >= 4 else 0, _NET_AND_SCOPE if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = libc.syscall(_CREATE, ctypes.byref(rights), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    for place in places:
        _allow(libc, rules, place)
    done = bool(libc.syscall(_RESTRICT, rules, 0) == 0)
    os.close(rules)
    return done


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _known(version: int) -> int:
    """All rights to files that this version of Landlock can take away."""
    bits = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    return int((1 << bits) - 1)


def _allow(libc: ctypes.CDLL, rules: int, place: str) -> None:
    try:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not every system has each of them
        return
    folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    beneath = _Beneath(_READ_FILE | (_READ_FOLDER if folder else 0), descriptor)
    libc.syscall(_ADD, rules, _BENEATH, ctypes.byref(beneath), 0)
    os.close(descriptor)
