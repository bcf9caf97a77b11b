"""What runs a denoiser's forwards, found by name and imported when it is first asked for.

PyTorch is the one executor so far. Nothing here loads torch before `executor_named` is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean

if TYPE_CHECKING:
    from demon_patch.engine.contracts import Denoiser, Executor

DEFAULT = "torch"
EXECUTORS: dict[str, str] = {DEFAULT: f"{__name__}.torch_:TorchExecutor"}
"""The module and the class of every executor, by name. A program may add its own before it loads a session."""


class MakesExecutor(Protocol):
    """The class of an executor, as the registry calls it."""

    def __call__(self, denoiser: Denoiser, *, lanes: int = 1) -> Executor:
        """An executor of a bucket and a capacity of its own choice, for the whole life of the denoiser.

        lanes: the threads that it may use for forwards; one on a GPU may use fewer.
        """
        ...


def executor_named(name: str) -> MakesExecutor:
    """The class of an executor; raises DemonError for an unknown name."""
    if name not in EXECUTORS:
        raise DemonError(
            f"there is no executor named {name!r}",
            mend=did_you_mean(name, EXECUTORS, f"choose one of: {', '.join(EXECUTORS)}"),
        )
    module, _, kind = EXECUTORS[name].partition(":")
    return getattr(import_module(module), kind)
