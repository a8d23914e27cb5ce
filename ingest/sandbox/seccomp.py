"""Which calls to the kernel a worker may no longer make (Linux, x86_64 and aarch64).

A filter that denies: the network, other programs and processes, everything that changes a file, and doors to the kernel that no reader
needs. What is denied fails with EPERM, so that a library which tries goes on without. The filter is a program for the kernel's packet
filter machine, described in its documentation under "Seccomp BPF"; the numbers are those of the kernel's system call tables.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Iterator

_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCH_AT, _ARGS_AT = 0, 4, 16
_X32 = 0x40000000  # x86_64's second set of calls
_CLONE_THREAD = 0x10000
_CHANGES_FILES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# Numbers by machine (x86_64, aarch64); None where the call does not exist.
# fmt: off
_DENIED: tuple[tuple[int | None, int | None], ...] = (
    # socket, socketpair, connect, io_uring_setup
    (41, 198), (53, 199), (42, 203), (425, 425),
    # execve, execveat, fork, vfork, ptrace, process_vm_readv, process_vm_writev, kill, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo,
    # pidfd_send_signal, pidfd_open, pidfd_getfd
    (59, 221), (322, 281), (57, None), (58, None), (101, 117), (310, 270), (311, 271), (62, 129), (200, 130), (129, 138), (297, 240),
    (424, 424), (434, 434), (438, 438),
    # creat, unlink, unlinkat, rename, renameat, renameat2, mkdir, mkdirat, rmdir, link, linkat, symlink, symlinkat, mknod, mknodat
    (85, None), (87, None), (263, 35), (82, None), (264, 38), (316, 276), (83, None), (258, 34), (84, None), (86, None), (265, 37),
    (88, None), (266, 36), (133, None), (259, 33),
    # truncate, ftruncate, fallocate, chmod, fchmod, fchmodat, fchmodat2, chown, lchown, fchown, fchownat, utime, utimes, futimesat,
    # utimensat, setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr
    (76, 45), (77, 46), (285, 47), (90, None), (91, 52), (268, 53), (452, 452), (92, None), (94, None), (93, 55), (260, 54),
    (132, None), (235, None), (261, None), (280, 88), (188, 5), (189, 6), (190, 7), (197, 14), (198, 15), (199, 16),
    # setrlimit, memfd_create, memfd_secret, shmget, msgget, semget, mq_open: other limits, and memory that they do not count
    (160, 164), (319, 279), (447, 447), (29, 194), (68, 186), (64, 190), (240, 180),
    # bpf, perf_event_open, userfaultfd, keyctl, add_key, request_key, unshare, setns, mount, umount2, chroot, pivot_root, open_tree,
    # move_mount, fsopen, fsmount, mount_setattr, open_by_handle_at, init_module, finit_module, delete_module, kexec_load, reboot, swapon
    (321, 280), (298, 241), (323, 282), (250, 219), (248, 217), (249, 218), (272, 97), (308, 268), (165, 40), (166, 39), (161, 51),
    (155, 41), (428, 428), (429, 429), (430, 430), (432, 432), (442, 442), (304, 265), (175, 105), (313, 273), (176, 106), (246, 104),
    (169, 142), (167, 224),
)
# clone3 and openat2 hide what they want behind a pointer. Without them libraries take clone and openat, which can be looked into.
_ABSENT = ((435, 435), (437, 437))
_CLONE, _OPEN, _OPENAT, _TGKILL, _PRLIMIT = (56, 220), (2, None), (257, 56), (234, 131), (302, 261)
# fmt: on


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("first", ctypes.POINTER(_Instruction)))


def install() -> bool:
    """Puts the filter in force for this process, for good. False where the kernel or the machine has none."""
    if platform.machine() not in _ARCHES:
        return False
    instructions = [_Instruction(*step) for step in _program(*_ARCHES[platform.machine()])]
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(column: int, arch: int) -> Iterator[tuple[int, int, int, int]]:
    """Instructions as (code, jump if so, jump if not, value); a jump counts instructions that are passed over."""
    refuse, missing = _ERROR | errno.EPERM, _ERROR | errno.ENOSYS
    yield from ((_LOAD, 0, 0, _ARCH_AT), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, refuse), (_LOAD, 0, 0, _NUMBER_AT))
    yield from ((_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, missing))
    for calls, answer in ((_DENIED, refuse), (_ABSENT, missing)):
        for call in calls:
            if call[column] is not None:
                yield from ((_EQUAL, 0, 1, call[column] or 0), (_RETURN, 0, 0, answer))
    yield from _where(_CLONE[column], 0, _ANY_BIT, _CLONE_THREAD)
    yield from _where(_TGKILL[column], 0, _EQUAL, os.getpid())
    yield from _only_asking(_PRLIMIT[column])
    yield from _where(_OPEN[column], 1, _ANY_BIT, _CHANGES_FILES, allowed=False)
    yield from _where(_OPENAT[column], 2, _ANY_BIT, _CHANGES_FILES, allowed=False)
    yield (_RETURN, 0, 0, _ALLOW)


def _only_asking(number: int | None) -> Iterator[tuple[int, int, int, int]]:
    """prlimit without new limits, which are its third argument, in two halves."""
    third = _ARGS_AT + 8 * 2
    yield from ((_EQUAL, 0, 6, number or 0), (_LOAD, 0, 0, third), (_EQUAL, 0, 3, 0), (_LOAD, 0, 0, third + 4), (_EQUAL, 0, 1, 0))
    yield from ((_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERROR | errno.EPERM))


def _where(number: int | None, argument: int, test: int, value: int, *, allowed: bool = True) -> Iterator[tuple[int, int, int, int]]:
    """A call that is allowed, or not allowed, where its argument passes a test."""
    if number is None:
        return
    yield from ((_EQUAL, 0, 4, number), (_LOAD, 0, 0, _ARGS_AT + 8 * argument), (test, 0, 1, value))
    answers = (_ALLOW, _ERROR | errno.EPERM)
    yield from ((_RETURN, 0, 0, answers[0] if allowed else answers[1]), (_RETURN, 0, 0, answers[1] if allowed else answers[0]))
