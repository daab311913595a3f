"""The walls behind the language: even plain Python finds no file, socket or process there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import explorer
from explorer.sandbox import limits

ATTEMPTS = {
    "read a file": "open('/etc/hostname').read()",
    "write a file": "open('/tmp/explorer-was-here', 'w')",
    "write to a folder of its own": "os.mkdir('/tmp/explorer-was-here')",
    "delete a file": "os.unlink('/etc/hostname')",
    "list a folder": "os.listdir('/')",
    "look at a file": "os.stat('/etc/hostname')",
    "open a socket": "socket.socket()",
    "make a pair of sockets": "socket.socketpair()",
    "make a pipe": "os.pipe()",
    "copy an open file": "os.dup(1)",
    "fork": "os.fork()",
    "start a program": "subprocess.run(['/bin/true'])",
    "become a program": "os.execv('/bin/true', ['true'])",
    "start a thread": "threading.Thread(target=print).start()",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "signal itself": "os.kill(os.getpid(), 9)",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))",
    "become root": "os.setuid(0) or os.getuid() and 1 / 0",
    "change its folder": "os.chdir('/')",
    "trace a process": "libc.ptrace(0, 0, 0, 0) == -1 and 1 / 0",
    "mount": "libc.mount(0, 0, 0, 0, 0) == -1 and 1 / 0",
    "ask for io_uring": "libc.syscall(425, 1, 0) == -1 and 1 / 0",
    "make a file in memory": "os.memfd_create('x')",
    "import from disk": "importlib.import_module('this')",
    "take gigabytes": "bytearray(8 * 2**30)",
}

SCRIPT = """
import ctypes, importlib, json, os, resource, socket, subprocess, sys, threading
from explorer.sandbox.limits import confine
from explorer.sandbox.wire import Limits
attempts = json.loads(sys.argv[1])
libc = ctypes.CDLL(None)
came = {"done": confine(Limits(memory=2**30)), "environment": len(os.environ)}
for name, code in attempts.items():
    try:
        eval(code)
        came[name] = "worked"
    except BaseException as error:
        came[name] = "refused"
print(json.dumps(came), flush=True)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux")


@pytest.fixture(scope="module")
def came() -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(ATTEMPTS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(explorer.__file__).parent.parent,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_every_wall_of_linux_stands(came: dict[str, object]) -> None:
    assert {"rlimits", "no_new_privs", "seccomp"} <= set(came["done"])
    assert came["environment"] == 0


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_plain_python_in_a_confined_process_cannot(came: dict[str, object], attempt: str) -> None:
    assert came[attempt] == "refused"


def test_only_listed_system_calls_are_answered() -> None:
    for machine, (_, numbers) in limits._SYSCALLS.items():
        assert len(set(numbers.values())) == len(numbers), machine
        dangerous = {
            "open",
            "openat",
            "socket",
            "connect",
            "clone",
            "clone3",
            "fork",
            "execve",
            "kill",
        }
        assert not dangerous & set(numbers)
