"""Executors, which run a denoiser's forwards. They are found by name and imported on first use.

Nothing here loads torch before `executor_named` or `choose` is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean

if TYPE_CHECKING:
    from demon_patch.engine.contracts import Denoiser, Executor

DEFAULT = "torch"
AUTO = "auto"
EXECUTORS: dict[str, str] = {
    DEFAULT: f"{__name__}.torch_gpu:torch_executor",
    "onnx": f"{__name__}.onnx_:OnnxExecutor",
    "tensorrt": f"{__name__}.tensorrt_:TensorRtExecutor",
}
"""`module:class` of every executor, by name. A program may add its own before it loads a session."""

LOW_PRECISION: dict[str, str] = {"onnx-int8": f"{__name__}.onnx_:LowOnnxExecutor"}
"""The same for executors of low precision, which `auto` never takes."""

FASTEST_FIRST: tuple[str, ...] = ("tensorrt", "onnx", DEFAULT)
"""The executors that `auto` asks when something is played live, the one that it likes best first. ONNX Runtime stands
before PyTorch because it is faster on a processor (`demon-patch bench executors`, docs/executors.md)."""


class MakesExecutor(Protocol):
    """The signature with which the class of an executor is called."""

    def __call__(self, denoiser: Denoiser, *, lanes: int = 1) -> Executor:
        """Returns the executor of a denoiser for the denoiser's whole life. It chooses its bucket and capacity itself.

        lanes: the largest number of threads on which it may run forwards; on a GPU it may use fewer.
        """
        ...


@runtime_checkable
class SaysWhyNot(Protocol):
    """The class of an executor that does not run everywhere, or not every denoiser."""

    def why_not(self, denoiser: Denoiser) -> DemonError | None:
        """A method of the class. Returns why this executor cannot run a denoiser on this machine, with the mend; None
        if it can. It builds nothing and starts nothing."""
        ...


@runtime_checkable
class LooksAtMachine(Protocol):
    """The class of an executor that needs a library or a GPU."""

    def on_this_machine(self) -> str:
        """A method of the class. Returns in words what runs the executor here, whatever the model: library, GPU,
        driver. Raises DemonError for what is missing. It builds nothing and starts nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """The executor that runs a session.

    name: as in `EXECUTORS`. why: a sentence without its full stop, for the player.
    """

    name: str
    why: str

    def __str__(self) -> str:
        return f"executor: {self.name} ({self.why})"


def check_name(name: str) -> None:
    """Raises DemonError for a name that is neither that of an executor nor `auto`."""
    known = (*EXECUTORS, *LOW_PRECISION, AUTO)
    if name not in known:
        raise DemonError(
            f"there is no executor named {name!r}",
            mend=did_you_mean(name, known, f"choose one of: {', '.join(known)}"),
        )


def executor_named(name: str) -> MakesExecutor:
    """Returns the class of the executor `name`, importing its module. Raises DemonError for an unknown name."""
    known = EXECUTORS | LOW_PRECISION
    if name not in known:
        check_name(name)
        raise DemonError("`auto` is no executor", mend=f"choose one of: {', '.join(EXECUTORS)}")
    module, _, kind = known[name].partition(":")
    return getattr(import_module(module), kind)


def why_not(name: str, denoiser: Denoiser) -> DemonError | None:
    """Returns why the executor `name` cannot run a denoiser on this machine, with the mend; None if it can."""
    kind = executor_named(name)
    return kind.why_not(denoiser) if isinstance(kind, SaysWhyNot) else None


def on_this_machine(name: str) -> str:
    """Returns in words what runs the executor `name` here, whatever the model. Raises DemonError for what is missing,
    and for an unknown name."""
    kind = executor_named(name)
    if isinstance(kind, LooksAtMachine):
        return kind.on_this_machine()
    from demon_patch.engine.executors.placement import in_words  # noqa: PLC0415 (it loads torch)

    return in_words(name)


def choose(name: str, denoiser: Denoiser, live: bool) -> Choice:
    """Returns the executor that runs a denoiser where a user asked for `name`, a name of `EXECUTORS` or `auto`.

    live: whether it is for playing. For a rendering, `auto` takes PyTorch, so that its samples do not depend on which
    libraries are installed.

    A named executor is taken or refused: raises DemonError for an unknown name, and the error of `why_not`.
    """
    check_name(name)
    if name != AUTO:
        reason = why_not(name, denoiser)
        if reason is not None:
            raise reason
        return Choice(name, "as asked")
    if not live:
        return Choice(DEFAULT, "a rendering has the same samples with every set of libraries")
    passed: list[str] = []
    for each in FASTEST_FIRST:
        reason = why_not(each, denoiser)
        if reason is None:
            return Choice(each, "; ".join(passed) or "nothing faster is known for this model")
        passed.append(f"not {each}: {reason.what}")
    raise DemonError(f"no executor runs here: {'; '.join(passed)}", mend="name one with --executor")
