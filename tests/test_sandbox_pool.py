"""Many visitors, one machine: a bounded line, restarts, deadlines, and data that is checked."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import explorer
from explorer.autograd import runner
from explorer.data import MAX_ELEMENTS, LocalAsk, Program
from explorer.errors import BusyError, SandboxError
from explorer.presets import get
from explorer.sandbox import Pool, Stop, framing, hosts, wire
from explorer.sandbox.hosts import Forking, Staying
from explorer.sandbox.pool import PRESSED
from explorer.sandbox.wire import Limits, WireError

pytestmark = pytest.mark.flaky(reruns=2)  # deadlines of parts of a second, on a busy machine

TINY = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
print(x.grad)
"""

HERE = [Forking, Staying] if sys.platform == "linux" else [Staying]
"""With fork, where that is safe, and without."""


@pytest.fixture(scope="module", params=HERE)
def pool(request: pytest.FixtureRequest, shared_pool: Pool) -> Iterator[Pool]:
    if request.param is Forking:
        yield shared_pool
        return
    pool = Pool(request.param, places=2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def forking(shared_pool: Pool) -> Pool:
    if sys.platform != "linux":
        pytest.skip("fork is safe on Linux only")
    return shared_pool


# ------------------------------------------------------------------------- with fork and without


def test_both_hosts_give_the_run_of_this_process(pool: Pool) -> None:
    assert pool.run(TINY, seed=3) == runner.run(TINY, seed=3)
    ask = (LocalAsk(0),)
    program = get("tutorial_vector").program
    assert pool.run(program, ask=ask) == runner.run(program, ask=ask)


def test_what_was_shown_before_the_deadline_comes_back(pool: Pool) -> None:
    run = pool.run(TINY + "while True:\n    x + 1\n", deadline=0.3)
    assert (run.error.type, run.error.line) == ("Stopped", 6)
    assert run.error.message.startswith("The program was stopped after 0.3 s.")
    assert run.printed == "tensor([2., 4.])\n"
    assert run.calls[0].leaves[0].after.array.tolist() == [2.0, 4.0]
    assert len(run.forward) > 10


SWALLOWS = """\
def f(): pass
try:
    while True: f()
except:
    print("caught")
"""


def test_a_deadline_that_the_program_swallows_is_told_all_the_same(pool: Pool) -> None:
    run = pool.run(SWALLOWS, limits=Limits(deadline=2.0, grace=20.0))
    assert (run.printed, run.error.type) == ("caught\n", "Stopped")


def test_a_program_that_showed_too_much_to_gather_keeps_its_words_and_its_line(pool: Pool) -> None:
    source = (
        "import torch\ny = torch.ones(2, requires_grad=True)\nprint('begun')\n"
        "while True:\n    y = y * 1\n"
    )
    # To say at the deadline what there is takes as long as a busy machine makes it; to gather it
    # takes longer than that only where it has become enough.
    for deadline in (1.0, 2.0, 4.0):
        run = pool.run(source, limits=Limits(deadline=deadline, grace=0.3))
        assert (run.printed, run.error.type, run.error.line) == ("begun\n", "Stopped", 5)
        if not run.forward:
            return
    pytest.fail("all was gathered before the process could be killed")


def test_a_program_that_cannot_be_stopped_is_killed_and_the_next_one_runs(pool: Pool) -> None:
    endless = "import itertools\nsum(itertools.count())"
    run = pool.run(endless, limits=Limits(deadline=0.2, grace=0.3))
    assert run.error.type == "Stopped"
    assert "in the middle of one long computation" in run.error.message
    assert pool.run(TINY) == runner.run(TINY)


def pressed_once(stop: Stop, reached: Callable[[], bool]) -> threading.Thread:
    """A thread that presses `stop` when something is reached."""

    def press() -> None:
        wait_for(reached)
        stop.press()

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def test_a_run_that_is_stopped_gives_what_it_had_shown(forking: Pool) -> None:
    stop = Stop()
    parent = forking.start()._process.pid
    source = "import torch\nx = torch.ones(2)\nprint('begun')\nwhile True: x + 1\n"
    # A child that has confined itself can be looked into no more, but all may see that it computes.
    thread = pressed_once(stop, lambda: sum(map(seconds_of, children_of(parent))) > 0.15)
    run = forking.run(source, deadline=60, stop=stop)
    thread.join()
    assert (run.error.type, run.error.line) == ("Stopped", 4)
    assert run.error.message == "You stopped the program here."
    assert run.printed == "begun\n"
    assert run.forward
    assert forking.run(TINY) == runner.run(TINY)


def test_a_run_that_does_not_listen_is_stopped_all_the_same(pool: Pool) -> None:
    stop = Stop()
    endless = "import itertools\nsum(itertools.count())"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(pool.run, endless, deadline=60, stop=stop)
        time.sleep(0.3)
        stop.press()
        assert running.result(30).error.message == PRESSED
    assert pool.run(TINY) == runner.run(TINY)


def test_a_stop_that_was_pressed_before_lets_nothing_begin(pool: Pool) -> None:
    stop = Stop()
    stop.press()
    run = pool.run("while True: pass", deadline=60, stop=stop)
    assert (run.error.type, run.error.message) == ("Stopped", PRESSED)


def test_a_stop_after_the_end_harms_nobody(pool: Pool) -> None:
    stop = Stop()
    assert pool.run(TINY, stop=stop).error is None
    stop.press()
    assert pool.run(TINY) == runner.run(TINY)


def test_what_one_program_sets_is_gone_for_the_next(pool: Pool) -> None:
    pool.run(
        "import torch\ntorch.set_printoptions(precision=1)\ntorch.set_default_dtype(torch.float64)"
    )
    assert pool.run(TINY) == runner.run(TINY)


def test_a_run_larger_than_the_socket_arrives_whole(pool: Pool) -> None:
    source = f"import torch\nx = torch.arange({MAX_ELEMENTS}.)\ny = [x * i for i in range(60)]"
    run = pool.run(source)
    assert len(run.forward) == 61
    assert run == runner.run(source)


def test_many_threads_get_each_their_own_run(pool: Pool) -> None:
    def ask(i: int) -> str:
        return pool.run(f"print({i} * 7)").printed

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(24))) == [f"{i * 7}\n" for i in range(24)]


def test_a_process_that_died_while_it_waited_is_not_asked(pool: Pool) -> None:
    pool.run(TINY)
    host = pool.start()
    waiting = [host] if isinstance(host, Forking) else list(host._idle)
    assert waiting
    for one in waiting:
        one._process.kill()
        one._process.wait()
    assert pool.run(TINY) == runner.run(TINY)
    assert (pool.start() is host) == isinstance(host, Staying)


# ----------------------------------------------------------------------------------- the line


class Slow:
    """A host that answers when it is told to."""

    torch = "0"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[bytes] = []

    def ask(self, request: bytes, *_: object) -> bytes:
        self.asked.append(request)
        assert self.go.wait(10)
        return wire.pack(runner.run(wire.unpack_request(request).program))

    def close(self) -> None:
        self.go.set()


def wait_for(reached: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_a_full_line_says_how_long_and_lets_nobody_wait() -> None:
    host = Slow()
    pool = Pool(lambda: host, places=1, waiting=2)
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(pool.run, f"print({i})") for i in range(3)]
        wait_for(lambda: len(pool._line._waiting) == 2)
        with pytest.raises(
            BusyError, match=r"busy: 2 programs are waiting. Try again in about"
        ) as e:
            pool.run("print(3)")
        assert e.value.seconds >= 1
        host.go.set()
        assert [future.result().printed for future in waiting] == ["0\n", "1\n", "2\n"]
    assert pool.run("print(4)").printed == "4\n"


def test_nobody_waits_for_ever() -> None:
    host = Slow()
    pool = Pool(lambda: host, places=1, waiting=9, patience=0.05)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(pool.run, "1")
        wait_for(lambda: bool(host.asked))
        with pytest.raises(BusyError):
            pool.run("2")
        host.go.set()
        assert first.result().error is None
    assert pool.run("3").error is None


def test_who_presses_stop_leaves_the_line() -> None:
    host, stop = Slow(), Stop()
    pool = Pool(lambda: host, places=1)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(pool.run, "1")
        wait_for(lambda: bool(host.asked))
        second = threads.submit(pool.run, "2", stop=stop)
        wait_for(lambda: len(pool._line._waiting) == 1)
        third = threads.submit(pool.run, "3")
        wait_for(lambda: len(pool._line._waiting) == 2)
        stop.press()
        assert second.result(5).error.message == PRESSED
        assert not pool._line._free
        host.go.set()
        assert [first.result().error, third.result().error] == [None, None]
    assert (len(host.asked), pool._line._free) == (2, 1)


def test_who_came_first_is_served_first() -> None:
    host = Slow()
    pool = Pool(lambda: host, places=1)
    with ThreadPoolExecutor(5) as threads:
        futures = []
        for i in range(5):
            futures.append(threads.submit(pool.run, str(i)))
            wait_for(lambda: len(host.asked) + len(pool._line._waiting) == len(futures))
        host.go.set()
        for future in futures:
            future.result()
    sources = [wire.unpack_request(request).program.source for request in host.asked]
    assert sources == list("01234")


# ----------------------------------------------------------------------------- ends and restarts


def test_a_parent_that_dies_while_programs_run_is_replaced_and_they_run_again(
    forking: Pool,
) -> None:
    host = forking.start()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(forking.run, "while True: pass", deadline=1.0)
        wait_for(lambda: bool(children_of(host._process.pid)))
        os.kill(host._process.pid, signal.SIGKILL)
        assert running.result().error.type == "Stopped"
    assert forking.run(TINY).error is None


def test_a_host_that_never_answers_ends_in_an_error() -> None:
    class Dead(Slow):
        def ask(self, *_: object) -> bytes:
            raise hosts.Gone

    with pytest.raises(SandboxError, match="ended twice"):
        Pool(Dead).run("1")


def test_a_host_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false" if os.name == "posix" else "where")
    for host in (Staying, hosts.best):
        with pytest.raises(SandboxError, match="does not start"):
            Pool(host).run("1")


def test_a_child_holds_no_open_file_but_its_own_socket(forking: Pool) -> None:
    endless = {"program": "while True: pass", "deadline": 1.5}
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(forking.run, **endless) for _ in range(2)]
        parent = forking.start()._process.pid
        wait_for(lambda: len(children_of(parent)) == 2)
        own = ["/dev/null", "/dev/null", "/dev/null", "socket"]
        wait_for(lambda: all(open_files(pid) == own for pid in children_of(parent)))
        for future in running:
            assert future.result().error.type == "Stopped"


def seconds_of(pid: str) -> float:
    """The seconds that a process has computed so far."""
    with contextlib.suppress(FileNotFoundError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / os.sysconf("SC_CLK_TCK")
    return 0.0


def open_files(pid: str) -> list[str]:
    """What the open files of a process are; one that is closed meanwhile is left out."""
    found = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(str(file.readlink()).partition(":")[0])
    return sorted(found)


def test_a_closed_pool_starts_anew() -> None:
    made = []

    def host() -> Slow:
        made.append(Slow())
        made[-1].go.set()
        return made[-1]

    pool = Pool(host)
    pool.run("1")
    pool.run("2")
    pool.close()
    pool.run("3")
    assert [len(host.asked) for host in made] == [2, 1]


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


APP = """
import sys, threading
sys.path[0] = sys.argv[1]
from explorer import sandbox
pool = sandbox.Pool()
print(pool.run("import torch; print(torch.ones(1))").printed, end="", flush=True)
print(pool.start()._process.pid, flush=True)
endless = {"program": "while True: pass", "deadline": 60}
threading.Thread(target=pool.run, kwargs=endless).start()
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_starts_with_nothing_but_sys_path_and_nothing_outlives_a_killed_app(
    tmp_path: Path,
) -> None:
    (tmp_path / "torch.py").write_text("raise RuntimeError('not this one')")
    root = str(Path(explorer.__file__).parent.parent)
    with subprocess.Popen(
        [sys.executable, "-c", APP, root],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as app:
        assert app.stdout.readline() == "tensor([1.])\n"
        parent = int(app.stdout.readline())
        wait_for(lambda: bool(children_of(parent)))
        family = [parent, *map(int, children_of(parent))]
        app.kill()
    for pid in family:
        wait_for(lambda: not is_running(pid))  # noqa: B023


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


# ------------------------------------------------------------------------------------- the wire


def test_numbers_cross_once_however_often_they_are_shown() -> None:
    source = f"import torch\nx = torch.rand({MAX_ELEMENTS})\nfor _ in range(50): x.view(-1)"
    run = runner.run(source)
    packed = wire.pack(run)
    assert len(packed) < 2 * 4 * MAX_ELEMENTS
    assert wire.unpack(packed, run.program) == run


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_are_an_error_and_nothing_else(data: st.DataObject) -> None:
    packed = bytearray(PACKED)
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)))
    for damaged in (bytes(packed), bytes(packed[:cut])):
        with contextlib.suppress(WireError):
            wire.unpack(damaged, Program(TINY))


PACKED = wire.pack(runner.run(TINY))


@pytest.mark.parametrize("small", [wire.SMALL, -1])
def test_a_run_crosses_whole_with_a_table_and_without(
    monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(wire, "SMALL", small)
    program = get("tutorial_vector").program
    run = runner.run(program, ask=(LocalAsk(0),))
    packed = wire.pack(run)
    assert wire.unpack(packed, program) == run
    for length in range(0, len(packed), 997):  # cut off anywhere, it is an error and nothing else
        with pytest.raises(WireError):
            wire.unpack(packed[:length], program)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x80\x04\x95cposix\nsystem\n",  # a pickle
        msgspec.msgpack.encode([1, 2]),
        msgspec.msgpack.encode({"values": [], "rest": b"\x93" * 100_000}),
        msgspec.msgpack.encode({"values": [], "rest": msgspec.msgpack.encode({"printed": 3})}),
        msgspec.msgpack.encode(
            {"values": [], "rest": b"\xd4\x01\x05"}
        ),  # a place outside the table
        msgspec.msgpack.encode({"values": [], "rest": b"\xd4\x07\x05"}),  # an unknown extension
    ],
)
def test_what_is_no_run_is_refused(message: bytes) -> None:
    with pytest.raises(WireError):
        wire.unpack(message, Program(""))


def test_a_message_that_is_too_long_is_not_read() -> None:
    head = framing.HEAD.pack(wire.MAX_BYTES + 1, True)
    with pytest.raises(WireError, match="more than 192 MB"):
        framing.Reader(lambda _: head).last()


def test_what_was_told_before_the_end_is_kept() -> None:
    sent = framing.framed(b"first", last=False) + framing.framed(b"second")[:-1]
    parts = [sent[i : i + 1] for i in range(len(sent))]
    reader = framing.Reader(lambda _: parts.pop(0) if parts else b"")
    assert (reader.last(), reader.best, bytes(reader.rest)) == (None, b"first", b"secon")
