"""Run a program that a stranger wrote, in a process of its own with hard limits.

`run` is `explorer.run` for everybody's programs. Three walls stand behind each other: the language
(`policy`, `guards`, `names`) has no word for files, processes or the insides of Python; the process
(`limits`) could not use one; and what comes back (`wire`) is data of known types and size.
"""

from explorer.sandbox.pool import Pool, run, start
from explorer.sandbox.stopping import Stop

__all__ = ["Pool", "Stop", "run", "start"]
