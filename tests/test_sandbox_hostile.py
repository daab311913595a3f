"""Programs that mean harm: each is refused or stopped with clear words, and the next visitor's run
is what it would have been.

In the tables of refusals, the line that is refused is the last one, or the one marked `# here`.
"""

import itertools
from collections.abc import Iterator

import pytest

from explorer.data import Run
from explorer.sandbox import Pool
from explorer.sandbox.wire import Limits

SHORT = Limits(deadline=0.5, grace=0.5, memory=512 * 2**20, printed=20_000)
LONG = Limits(memory=512 * 2**20, printed=20_000)
"""For what ends at once by itself, also on a machine that is busy."""
SHORTEST = Limits(deadline=0.3, grace=0.2, memory=512 * 2**20, printed=20_000)
"""For what does not end in any time."""

INNOCENT = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
print(x.grad, torch.nn.Linear(1, 1), torch.rand(1))
"""


@pytest.fixture(scope="module")
def pool(shared_pool: Pool) -> Pool:
    return shared_pool


@pytest.fixture(scope="module")
def innocent(pool: Pool) -> Iterator[Run]:
    """The run that comes out the same after whatever else has run, as it does at the end."""
    run = pool.run(INNOCENT, limits=LONG)
    assert run.error is None
    yield run
    assert pool.run(INNOCENT, limits=Limits()) == run


refused = itertools.count()
"""Counts the programs that were refused: they have done nothing, and are looked after in tens."""


@pytest.fixture(autouse=True)
def _the_next_run_is_as_ever(pool: Pool, innocent: Run, request: pytest.FixtureRequest):
    yield
    if "refused" not in request.function.__name__ or next(refused) % 10 == 0:
        assert pool.run(INNOCENT, limits=Limits()) == innocent


def table(text: str) -> list[object]:
    """The programs in `text`, parted by lines of dashes."""
    programs = [part.strip("\n") for part in text.split("\n---\n")]
    return [pytest.param(program, id=program[-60:]) for program in programs if program]


# ------------------------------------------------------------------- refused before the first line

FORBIDDEN_WORDS = table(r"""
import os
---
import sys
---
import subprocess
---
import socket
---
import ctypes
---
import pickle
---
import builtins
---
import importlib
---
import inspect
---
import gc
---
import threading
---
import multiprocessing
---
import signal
---
import time
---
import io
---
import shutil, math
---
import torch, posix
---
import explorer
---
import explorer.sandbox.guards
---
from explorer.autograd import runner
---
import streamlit
---
from os import system
---
from . import names
---
from math import *
---
from torch import *
---
from torch import load
---
from torch import save as keep
---
from torch import jit
---
from torch import ops
---
from torch import _C
---
from torch import multiprocessing
---
from torch import Storage
---
from torch.nn import modules
---
from torch.nn.functional import torch
---
from torch.nn.functional import importlib
---
from torch.nn.init import warnings
---
import torch.jit
---
import torch.hub as hub
---
import torch.utils.cpp_extension
---
import torch.utils.data
---
import torch.serialization
---
import torch.package
---
import torch.distributed
---
import torch.fx
---
import torch._C as c
---
import torch._dynamo
---
import torch.library
---
import torch.utils.dlpack
---
import torch.cuda
---
import torch.overrides
---
from torch.utils.checkpoint import warnings
---
from torch.autograd.graph import threading
---
from torch.autograd import forward_ad, os
---
from torch.autograd.forward_ad import os
---
import numpy.lib.npyio
---
import numpy.ctypeslib
---
import numpy.testing
---
import numpy.f2py
---
from numpy import load
---
from numpy import memmap, zeros
---
from numpy import fromfile
---
from random import SystemRandom
---
from random import _os
---
from copy import _deepcopy_dispatch
---
from functools import singledispatch
---
from collections import namedtuple
---
from typing import get_type_hints
---
from __future__ import braces as b
---
open("/etc/passwd")
---
x = open
---
eval("1 + 1")
---
exec("import os")
---
compile("1", "", "eval")
---
__import__("os")
---
input()
---
breakpoint()
---
exit()
---
quit()
---
globals()
---
locals()["x"] = 1
---
vars()
---
dir()
---
memoryview(b"x")
---
help()
---
raise BaseException("out")
---
try:
    pass
except KeyboardInterrupt:  # here
    pass
---
raise GeneratorExit
---
__builtins__["open"]
---
__builtins__
---
_read_ = lambda x, name: x
---
_write_ = None
---
_read_
---
def _read_(x, name): return x
---
class _write_: pass
---
import math as _read_
---
f = lambda _write_: 1
---
for __name__ in [1]: pass
---
def __getattr__(name): return 1
---
().__class__.__bases__[0].__subclasses__()
---
x = (1).__class__.__mro__
---
"".__class__.__base__
---
(lambda: 0).__code__
---
(lambda: 0).__globals__
---
def f(): pass
f.__closure__
---
print.__self__
---
[].__reduce_ex__(2)
---
[].__reduce__()
---
{}.__class__.__dict__
---
object().__dir__()
---
import torch
torch.__dict__
---
import torch
torch.__builtins__
---
import torch
torch.__loader__
---
import torch
torch.nn.__spec__
---
import torch
torch.nn.Module.__subclasses__()
---
import torch
torch.ones(1).__reduce_ex__(2)
---
import torch
torch.ones(1).__setstate__
---
import torch
torch.nn.Linear(1, 1)._parameters
---
import torch
torch.nn.Linear(1, 1)._apply(print)
---
import torch
(torch.ones(1, requires_grad=True) * 2).grad_fn._input_metadata
---
import torch
torch.ones(1).storage()._cdata
---
(i for i in ()).gi_frame
---
(i for i in ()).gi_code
---
def g(): yield
g().gi_yieldfrom
---
try:
    1 / 0
except ZeroDivisionError as error:
    error.__traceback__  # here
---
try:
    1 / 0
except ZeroDivisionError as error:
    error.tb_frame.f_back  # here
---
try:
    1 / 0
except ZeroDivisionError as error:
    error.__context__  # here
---
class Meta:
    def __init_subclass__(cls): pass  # here
---
class A:
    def __getattr__(self, name): return 1  # here
---
class A:
    def __getattribute__(self, name): return 1  # here
---
class A:
    def __reduce__(self): return (print, ("out",))  # here
---
class A:
    def __del__(self): print("later")  # here
---
class A:
    def __class_getitem__(cls, i): pass  # here
---
class A:
    def __set_name__(self, owner, name): pass  # here
---
class A:
    def __new__(cls): return 1  # here
---
class A:
    def __torch_function__(self, *a): pass  # here
---
class A:
    def __array__(self): pass  # here
---
class A:
    __class__ = int  # here
---
class A:
    __slots__ = ("x",)  # here
---
class A:
    __module__ = "torch"  # here
---
class A(metaclass=type): pass
---
class A(object, x=1): pass
---
@print
def f(): pass
---
@(lambda f: f)
def f(): pass
---
@staticmethod
@eval
def f(): pass  # never
---
import torch
@torch.compile
def f(x): return x
---
@property
class A: pass
---
async def f(): pass
---
match 1:
    case int(real=x): pass
---
try:
    pass
except* ValueError:
    pass
---
x = 1
x.__class__ = float
---
import torch
torch.__name__ = "x"
---
class A: pass
del A.__init__
""")


@pytest.mark.parametrize("program", FORBIDDEN_WORDS)
def test_what_is_no_part_of_the_language_is_refused_before_it_runs(
    pool: Pool, program: str
) -> None:
    run = pool.run("print('ran')\n" + program, limits=LONG)
    assert run.error is not None
    assert run.printed == ""
    if run.error.type != "RefusedError":
        assert run.error.type == "SyntaxError"  # Python refuses it first
        return
    assert run.error.line is not None
    assert run.error.span is not None
    assert any(words in run.error.message for words in ("offered", "language", "Classes here"))


# ------------------------------------------------------------------------------- refused as it runs

REACHED_FOR = table(r"""
import torch
torch.load("x.pt")
---
import torch
torch.save(torch.ones(1), "x.pt")
---
import torch
torch.ops.aten.add
---
import torch
torch.classes.load_library("x.so")
---
import torch
torch.jit.script
---
import torch
torch.hub.load("a/b", "c")
---
import torch
torch.utils.cpp_extension.load
---
import torch
torch.utils.data
---
import torch
torch.compile(lambda x: x)
---
import torch
torch.cuda.is_available()
---
import torch
torch.multiprocessing.spawn
---
import torch
torch.os.system("true")
---
import torch
torch.sys.modules
---
import torch
torch.builtins.open
---
import torch
torch.importlib.import_module
---
import torch
torch.serialization.pickle
---
import torch
torch.from_file("/etc/passwd", size=4)
---
import torch
torch.set_num_threads(4)
---
import torch
torch.as_strided(torch.ones(1), (9,), (9,))
---
import torch
torch.sparse_csr_tensor
---
import torch
torch.UntypedStorage.from_file("/etc/passwd", False, 4)
---
import torch
torch.ones(1).storage()
---
import torch
torch.ones(1).untyped_storage()
---
import torch
torch.ones(1).data_ptr()
---
import torch
torch.ones(1).share_memory_()
---
import torch
torch.ones(1).set_(torch.ones(2))
---
import torch
torch.ones(1).as_strided((9,), (9,))
---
import torch
torch.ones(1).apply_(print)
---
import torch
torch.Tensor.as_subclass
---
import torch
torch.nn.functional.torch.load
---
import torch
torch.nn.modules.module
---
import torch
torch.nn.Linear(1, 1).share_memory()
---
import torch
torch.nn.Linear(1, 1).compile()
---
import torch
(torch.ones(1, requires_grad=True) * 2).grad_fn.metadata
---
import torch
torch.autograd.profiler.profile
---
import torch
torch.func.functionalize
---
import torch
torch.func.debug_unwrap
---
import torch
torch.optim.lr_scheduler.warnings
---
import torch
torch.utils.checkpoint.set_checkpoint_debug_enabled
---
import torch
torch.linalg.torch
---
import numpy as np
np.load("x.npy")
---
import numpy as np
np.save("x.npy", 1)
---
import numpy as np
np.fromfile("/etc/passwd")
---
import numpy as np
np.memmap("/etc/passwd")
---
import numpy as np
np.genfromtxt("/etc/passwd")
---
import numpy as np
np.ones(1).tofile("x")
---
import numpy as np
np.ones(1).dump("x")
---
import numpy as np
np.ones(1).ctypes
---
import numpy as np
np.ones(1).data
---
import numpy as np
np.ones(1).setflags(write=True)
---
import numpy as np
np.lib.stride_tricks
---
import numpy as np
np.frombuffer(b"1234")
---
import numpy as np
np.random.get_state()
---
import random
random.SystemRandom()
---
"{0.__dict__}".format(1)
---
"{0.__class__.__mro__}".format("")
---
"{x.gi_frame}".format(x=(i for i in ()))
---
"{0[0].__class__.__base__}".format([1])
---
"{x.load}".format_map({"x": __import__}) if False else "{0.real.__doc__}".format(1)
---
str.format("{0.__class__.__mro__}", 1)
---
str.format_map("{x.__class__.__mro__}", {"x": 1})
---
"{:{0.__class__.__mro__}}".format(1, 2)
---
f = "{0.__class__.__mro__}".format
f(1)
---
list(map("{0.__class__.__mro__}".format, [1]))
---
import numpy as np
np.array(["{0.__class__.__mro__}"])[0].format(1)
---
import torch
type(torch.__version__)("{0.__class__.__mro__}").format(1)
---
import torch
type(torch.__version__).format("{0.__class__.__mro__}", 1)
---
import torch
class A: share_memory = 1
class B(torch.nn.Module, A): pass
B().share_memory()
---
import torch
class A(torch.nn.Module):
    def compile(self): return super().compile()  # here
A().compile()
---
class E:
    def __eq__(self, other): return True
    def __hash__(self): return hash(E)
class T(E()): pass
---
import torch
"{0.ops}".format(torch)
---
import torch
"{0._C}".format(torch)
---
getattr(1, "__class__").__mro__ if False else getattr(1, "__mro__")
---
getattr((lambda: 0), "__globals__")
---
import torch
getattr(torch, "load")
---
import torch
getattr(torch, "lo" + "ad")("x.pt")
---
import torch
f = getattr
f(torch.ones(1), "storage")
---
import torch
list(map(getattr, [torch], ["ops"]))
---
import functools, torch
functools.reduce(getattr, ["nn", "modules"], torch)
---
import functools, torch
functools.partial(getattr, torch)("hub")
---
class A: pass
setattr(A(), "__class__", int)
---
import torch
setattr(torch, "ones", print)
---
import torch
torch.ones = torch.zeros
---
import torch
del torch.ones
---
import torch
delattr(torch.nn, "Linear")
---
import torch
torch.nn.Linear.forward = lambda self, x: x
---
import torch
torch.nn.Module.extra = 1
---
import torch
torch.Tensor.backward = None
---
import torch
torch.autograd.Function.apply = None
---
import torch
torch.ones(1).backward = print
---
import torch
torch.optim.SGD.step = None
---
import numpy as np
np.random.seed = None
---
import math
math.pi = 3
---
def f(): pass
f.memory = 1
---
type(int)
---
type("X", (), {})
---
(1).__class__.__class__
---
import torch
type(torch.nn.Module)
---
class A: pass
A.__class__
---
class T(type): pass
---
class A(int): pass
---
class A(str): pass
---
class A(dict): pass
---
import torch
class A(torch.Tensor): pass
---
import torch
class A(torch.Size): pass
---
class A(type(lambda: 0)): pass
---
class A(property): pass
---
import functools
class A(functools.partial): pass
---
class A:
    def go(self): return super().__class__.__class__  # here
A().go()
---
class Fake:
    def __enter__(self): return self
    def __exit__(self, kind, value, trace): trace.tb_frame  # here
with Fake() as x:
    1 / 0
---
class Fake:
    def __enter__(self): return self
    def __exit__(self, kind, value, trace): getattr(trace, "tb_fr" + "ame")  # here
with Fake() as x:
    1 / 0
---
class Loud(Exception):
    pass
try:
    raise Loud("x")
except Loud as error:
    error.with_traceback(None)  # here
---
import torch
print(torch.nn.Linear(1, 1).forward.__func__)
---
import torch
torch.empty(0).set_(torch.ones(2), 0, (1000,), (1,))
---
import torch
print(torch.ones(2).untyped_storage())
---
import numpy as np
print(np.ones(2).ctypes.data)
---
import numpy as np
print(np.array([1]).dtype.type.mro())
---
try:
    1 / 0
except ZeroDivisionError as error:
    print(error.with_traceback(None))  # here
---
import torch
torch.nn.Module.forward = lambda self, x: x
---
import torch
del torch.ones
---
import torch
m = torch.nn.Module()
setattr(m, "__dict__", {})
---
import torch
from torch.func import functional_call
print(functional_call.__wrapped__)
---
import torch
import torch.nn.functional as F
print(F.handle_torch_function)
---
import torch
x = torch.ones(1, requires_grad=True) * 2
print(x.grad_fn._raw_saved_self)
""")


@pytest.mark.parametrize("program", REACHED_FOR)
def test_what_is_not_offered_is_refused_where_it_is_reached_for(pool: Pool, program: str) -> None:
    run = pool.run(program, limits=LONG)
    assert run.error is not None
    if run.error.type == "TypeError":  # classes are made with `class`: type() takes one argument
        assert "type" in program
        return
    lines = program.splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("# here")]
    assert (run.error.type, run.error.line) == ("RefusedError", (marked or [len(lines)])[0])
    assert run.error.message.endswith(".")
    assert any(word in run.error.message for word in ("offered", "cannot be built on"))


SENTENCES = {
    "import torch\nx = torch.load('x.pt')": (
        "`torch.load` is not offered: programs have no files; make tensors with torch.tensor or "
        "torch.randn."
    ),
    "import torchvision": (
        "`import torchvision` is not offered: make small pictures with torch.rand."
    ),
    "import torch.utils.data": (
        "`import torch.utils.data` is not offered: of torch.utils a program may import checkpoint."
    ),
    "from torch.nn import Linaer": "`torch.nn.Linaer` is not offered: close to it are Linear.",
    "open('x')": (
        "`open` is not offered: programs have no files; write the numbers into the program."
    ),
    "import torch\ntorch.ones(1).storage()": (
        "`storage` of a Tensor is not offered: tensors offer what computes with their numbers."
    ),
    "async def f(): pass": "`async def` is no part of the language of programs here.",
}


@pytest.mark.parametrize(("program", "message"), SENTENCES.items())
def test_a_refusal_says_what_is_offered_instead(pool: Pool, program: str, message: str) -> None:
    assert pool.run(program).error.message == message


def test_a_refusal_is_placed_on_the_very_words(pool: Pool) -> None:
    span = pool.run("import torch\né = 1; x = 2 * torch.load('x')").error.span
    assert (span.line, span.column, span.end_column) == (2, 15, 25)
    span = pool.run("é = 1; x = 2 * open('x')").error.span
    assert (span.line, span.column, span.end_column) == (1, 15, 19)


# ---------------------------------------------------------------------------------- stopped in time

ENDLESS = table(r"""
while True: pass
---
while True:
    try:
        1 / 0
    except Exception:
        pass
---
while True:
    try:
        while True: pass
    except:
        pass
---
def again():
    try:
        while True: pass
    finally:
        again()
again()
---
import itertools
for i in itertools.count(): i
---
import itertools
sum(itertools.count())
---
import itertools
list(itertools.repeat(1, 10 ** 12))
---
import itertools
for x in itertools.cycle([1]): pass
---
max(i for i in iter(int, 1))
---
pow(7, 10 ** 9)
---
2 ** (10 ** 10) % 3
---
import math
math.factorial(10 ** 8)
---
import math
math.comb(10 ** 7, 5 * 10 ** 6)
---
print(10 ** 4000 * 10 ** 4000)
while True: print
---
import torch
y = torch.ones(2, requires_grad=True)
while True: y = y * 1
---
import torch
a = torch.rand(9000, 9000)
while True: a @ a
---
import torch
x = torch.ones(1, requires_grad=True)
x.register_hook(lambda g: [g for _ in iter(int, 1)])
x.sum().backward()
---
import torch
class F(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x * 1
    @staticmethod
    def backward(ctx, g):
        while True: pass
F.apply(torch.ones(1, requires_grad=True)).backward()
---
class Slow:
    def __repr__(self):
        while True: pass
print(Slow())
---
class Slow:
    def __eq__(self, other):
        while True: pass
Slow() == 1
---
import copy
x = []
for i in range(40): x = [x, x]
copy.copy(str(x))
---
"a" * 10 ** 6 in ("a" * 10 ** 6 + "b") * 50000
---
def g():
    while True:
        try:
            yield
        finally:
            while True: pass
next(g())
---
while True: print("x")
---
while True: print()
---
print("x" * 10 ** 8)
---
print("\n" * 100_000)
---
import torch
torch.set_printoptions(threshold=10 ** 9)
print(torch.ones(100_000))
---
class E(Exception):
    def __str__(self):
        while True:
            pass
raise E
---
try:
    while True:
        pass
finally:
    while True:
        pass
---
x = 10 ** 10 ** 8
print(len(str(x)))
""")


@pytest.mark.parametrize("program", ENDLESS)
def test_what_does_not_end_is_stopped(pool: Pool, program: str) -> None:
    run = pool.run(program, limits=SHORTEST)
    assert run.error is not None
    assert run.error.type in ("Stopped", "MemoryError", "RecursionError", "ValueError")
    assert len(run.printed) <= SHORTEST.printed
    if run.error.type == "Stopped":
        assert any(word in run.error.message for word in ("stopped", "ended", "used up"))


GREEDY = table(r"""
import torch
torch.ones(10 ** 12)
---
import torch
torch.empty(2 ** 62)
---
import torch
torch.eye(10 ** 6)
---
import torch
x = torch.ones(30_000, 30_000)
---
import torch
x = torch.ones(1000, 1000)
xs = [x.clone() for _ in range(10_000)]
---
import torch
torch.ones(10 ** 5)[:, None] * torch.ones(10 ** 5)
---
import torch
torch.nn.Linear(10 ** 6, 10 ** 6)
---
import torch
torch.ones(1).repeat(10 ** 12)
---
import torch
torch.ones(1).expand(10 ** 12).clone()
---
import torch
from torch.autograd.functional import jacobian
jacobian(lambda x: x * 2, torch.ones(10 ** 5))
---
import numpy as np
np.ones(10 ** 12)
---
import numpy as np
np.random.rand(10 ** 6, 10 ** 6)
---
[0] * 10 ** 12
---
"x" * 10 ** 12
---
x = "x"
while True: x += x
---
x = []
while True: x.append(x * 2)
---
x = {}
while True: x[len(x)] = "x" * 10 ** 6
---
bytes(10 ** 12)
---
"{:1000000000000}".format(1)
---
f"{1:>1000000000}" * 100
---
def f(n): return f(n + 1)
f(0)
---
f = lambda: f()
f()
---
class A:
    def __repr__(self): return repr(self)
print(A())
---
class A:
    def __eq__(self, other): return self == other
A() == 1
---
import torch
net = torch.nn.Sequential()
net.append(net)
print(net)
---
import torch
class N(torch.nn.Module):
    def forward(self, x): return self(x)
N()(torch.ones(1))
""")


@pytest.mark.parametrize("program", GREEDY)
def test_what_takes_too_much_is_stopped(pool: Pool, program: str) -> None:
    run = pool.run(program, limits=SHORT)
    assert run.error is not None
    assert run.error.type in (
        "MemoryError", "RecursionError", "RuntimeError", "Stopped", "OverflowError", "ValueError",
        "_ArrayMemoryError",
    )  # fmt: skip
    assert run.error.message


def test_code_that_is_nested_too_deeply_is_stopped(pool: Pool) -> None:
    for source in ("(" * 5_000 + ")" * 5_000, "-" * 90_000 + "1", "x" + ".x" * 45_000):
        run = pool.run(source, limits=SHORT)
        assert run.error is not None
        assert run.error.type in ("SyntaxError", "RecursionError", "MemoryError", "Stopped")


# ------------------------------------------------------------------------ words that are too many

WORDY = table(r"""
raise ValueError("x" * 10 ** 7)
---
class Loud(Exception):
    def __str__(self): return "x" * 10 ** 7
raise Loud
---
import torch
x = torch.ones(1, requires_grad=True)
y = x * 2
for i in range(300): y.grad
---
exec_ = "x" * 90_000
raise SyntaxError if False else KeyError(exec_)
---
print("\ud800")
---
raise ValueError("\ud800")
---
import torch
d = {"\udcff": torch.ones(1, requires_grad=True)}
---
x = {"é" * 10 ** 6: 1}
raise KeyError(x)
""")


@pytest.mark.parametrize("program", WORDY)
def test_words_that_are_too_many_or_no_text_are_cut(pool: Pool, program: str) -> None:
    run = pool.run(program, limits=SHORT)
    words = [warning.message for warning in run.warnings]
    assert run.error is not None or run.notes or len(words) == 0
    assert len(words) <= 100
    assert all(len(text) <= 10_002 for text in [run.error.message if run.error else "", *words])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("x = 1\n" * 50_000, "RefusedError"),
        ("print('\ud800')", "SyntaxError"),
        ("print(1)\0", ("SyntaxError", "ValueError")),
        ("\ufeffprint(", "SyntaxError"),
    ],
)
def test_a_source_that_is_no_program_is_refused(
    pool: Pool, source: str, kind: str | tuple[str, ...]
) -> None:
    run = pool.run(source, limits=LONG)
    assert run.error.type in kind
    assert run.error.message


# -------------------------------------------------------------------------- nothing is left behind

TRACES = table(r"""
import torch
torch.set_default_dtype(torch.float64)
---
import torch
torch.set_printoptions(precision=1, sci_mode=True)
---
import torch
torch.set_grad_enabled(False)
---
import torch
torch.autograd.set_detect_anomaly(True)
---
import torch
torch.manual_seed(7)
---
import random, numpy as np
random.seed(7); np.random.seed(7)
---
import numpy as np
np.set_printoptions(precision=1)
---
import torch
torch.no_grad().__enter__ if False else None
---
import torch
torch.nn.init.zeros_(torch.nn.Linear(1, 1).weight)
---
raise SystemExit
---
raise SystemExit(3)
---
import torch
net = torch.nn.Linear(1, 1)
net.forward = lambda x: 1 / 0
---
import torch
from torch.autograd.graph import saved_tensors_hooks
def g():
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        yield
kept = g()
next(kept)
---
import torch
def g():
    with torch.inference_mode():
        yield
kept = g()
next(kept)
""")


@pytest.mark.parametrize("program", TRACES)
def test_what_a_program_sets_ends_with_it(pool: Pool, program: str) -> None:
    run = pool.run(program, limits=SHORT)
    assert run.error is None or run.error.type in ("SystemExit", "RefusedError")


def test_there_are_at_least_150_hostile_programs() -> None:
    tables = (FORBIDDEN_WORDS, REACHED_FOR, ENDLESS, GREEDY, WORDY, TRACES)
    assert sum(map(len, tables)) >= 250
