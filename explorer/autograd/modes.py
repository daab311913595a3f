"""A mode that is told of each torch function while it is active.

>>> import torch
>>> class Loud(FunctionMode):
...     def called(self, func, args, kwargs):
...         print(func.__name__)
...         return func(*args, **kwargs)
>>> with Loud():
...     _ = torch.ones(2).exp()
ones
exp
"""

from collections.abc import Callable
from typing import Any

from torch.overrides import TorchFunctionMode


class FunctionMode(TorchFunctionMode):
    """While active, every torch function that Python calls goes through `called`."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return self.called(func, args, kwargs or {})

    def called(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """What the call of `func` gives: by default, what it gives."""
        return func(*args, **kwargs)
