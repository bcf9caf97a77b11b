"""Executors, which run a denoiser's forwards. They are found by name and imported on first use.

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
"""`module:class` of every executor, by name. A program may add its own before it loads a session."""


class MakesExecutor(Protocol):
    """The signature with which the class of an executor is called."""

    def __call__(self, denoiser: Denoiser, *, lanes: int = 1) -> Executor:
        """Returns the executor of a denoiser for the denoiser's whole life. It chooses its bucket and capacity itself.

        lanes: the largest number of threads on which it may run forwards; on a GPU it may use fewer.
        """
        ...


def executor_named(name: str) -> MakesExecutor:
    """Returns the class of the executor `name`, importing its module. Raises DemonError for an unknown name."""
    if name not in EXECUTORS:
        raise DemonError(
            f"there is no executor named {name!r}",
            mend=did_you_mean(name, EXECUTORS, f"choose one of: {', '.join(EXECUTORS)}"),
        )
    module, _, kind = EXECUTORS[name].partition(":")
    return getattr(import_module(module), kind)
