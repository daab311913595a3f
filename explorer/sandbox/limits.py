"""What the operating system itself takes away from a process that runs a stranger's program.

`confine` is called once, in the child, right before the program: afterwards the process can compute
and write to the files that it has open, and nothing else. What a system does not offer is left out;
`confine` says what it did.
"""

import contextlib
import ctypes
import math
import os
import platform
import struct
import sys
from pathlib import Path
from typing import Any

from explorer.sandbox.wire import Limits

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

NOBODY = 65_534
"""The user and group that own nothing."""

_libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9

_SYSCALLS = {
    "x86_64": (0xC000003E, {
        "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10,
        "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
        "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "setitimer": 38,
        "getpid": 39, "exit": 60, "gettimeofday": 96, "getrusage": 98, "sysinfo": 99,
        "sigaltstack": 131, "gettid": 186, "futex": 202, "sched_getaffinity": 204,
        "restart_syscall": 219, "clock_gettime": 228, "clock_nanosleep": 230, "exit_group": 231,
        "getcpu": 309, "getrandom": 318, "membarrier": 324,
    }),
    "aarch64": (0xC00000B7, {
        "close": 57, "lseek": 62, "read": 63, "write": 64, "fstat": 80, "exit": 93,
        "exit_group": 94, "futex": 98, "nanosleep": 101, "setitimer": 103, "clock_gettime": 113,
        "clock_nanosleep": 115, "sched_getaffinity": 123, "sched_yield": 124,
        "restart_syscall": 128, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135,
        "rt_sigreturn": 139, "getrusage": 165, "gettimeofday": 169, "getpid": 172, "gettid": 178,
        "sysinfo": 179, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226,
        "madvise": 233, "getcpu": 168, "getrandom": 278, "membarrier": 283,
    }),
}  # fmt: skip
"""Machine -> (its audit number, the system calls that computing needs). No other one is answered:
none that opens, connects, forks, executes, signals or looks at another process."""


def confine(limits: Limits, *, stays: bool = False) -> tuple[str, ...]:
    """Take everything from this process that a program does not need; the names of what was done.

    `stays` is for a process that runs many programs: its CPU time is not limited.
    """
    done = []
    os.environ.clear()
    _stand_back()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            done.append("nobody")
    if resource is not None:
        _set_limits(limits, cpu=not stays)
        done.append("rlimits")
    if sys.platform == "linux":
        done += _confine_linux(die=not stays)
    return tuple(done)


def _stand_back() -> None:
    """Be the first to be ended when the system is short of memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def die_with_parent() -> None:
    """Ask Linux to kill this process when the thread that made it ends."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


def _set_limits(limits: Limits, *, cpu: bool) -> None:
    seconds = math.ceil(limits.deadline + limits.grace) + 1
    wanted = {
        **({"RLIMIT_CPU": seconds} if cpu else {}),
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": 0,  # what is open stays open, and nothing can be opened
        "RLIMIT_NPROC": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_AS": _address_space() + limits.memory,
    }
    for name, most in wanted.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (most, most))


def _address_space() -> int:
    """Bytes of address space that this process has now; a generous guess where nobody says."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 16 * 2**30
    return pages * os.sysconf("SC_PAGE_SIZE")


def _confine_linux(*, die: bool) -> list[str]:
    if die:  # a change of user has undone it
        die_with_parent()
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return []
    done = ["no_new_privs"]
    if platform.machine() in _SYSCALLS:
        code = _filter(*_SYSCALLS[platform.machine()])
        buffer = ctypes.create_string_buffer(code)
        pointer = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
        program = ctypes.create_string_buffer(pointer)
        if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0) == 0:
            done.append("seccomp")
    return done


def _filter(machine: int, syscalls: dict[str, int]) -> bytes:
    """A classic BPF program: the listed system calls are answered, any other gives EPERM."""
    load, equal, give = 0x20, 0x15, 0x06
    allow, kill, refuse = 0x7FFF0000, 0x80000000, 0x00050001
    lines = [
        (load, 0, 0, 4),  # seccomp_data.arch
        (equal, 1, 0, machine),
        (give, 0, 0, kill),
        (load, 0, 0, 0),  # seccomp_data.nr
    ]
    for number in syscalls.values():
        lines += [(equal, 0, 1, number), (give, 0, 0, allow)]
    lines.append((give, 0, 0, refuse))
    return b"".join(struct.pack("HBBI", *line) for line in lines)
