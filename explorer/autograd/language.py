"""How a program's text becomes code, which names it finds there, and what can stop it.

`PYTHON` is plain Python. A sandbox brings its own `Language`, and the run is otherwise the same.
"""

import builtins
import io
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, NamedTuple

FILENAME = "<program>"
"""The file that the code objects of every program name."""


class Stopped(BaseException):
    """Raised into a program to end it: no `except Exception` in the program catches it."""


class Language(NamedTuple):
    """What a program may say.

    `compile` makes code from the source (raising SyntaxError with its place), `names` are the
    global names before the first line, and `printed` makes the text that `print` writes to.
    """

    compile: Callable[[str], CodeType]
    names: Mapping[str, Any]
    printed: Callable[[], io.StringIO] = io.StringIO


def compile_python(source: str) -> CodeType:
    """The code of a whole program, as Python compiles it."""
    return compile(source, FILENAME, "exec", dont_inherit=True)


PYTHON = Language(compile_python, {"__builtins__": builtins, "__name__": "__main__"})
"""All of Python."""
