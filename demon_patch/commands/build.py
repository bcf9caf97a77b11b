"""The command that exports a model for another runtime, and builds its engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from demon_patch.console import Seconds, Switch, examples, tell
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean

if TYPE_CHECKING:
    from demon_patch.engine.contracts import Family
    from demon_patch.engine.executors.builds import Build
    from demon_patch.engine.executors.gate import Verdict
    from demon_patch.engine.networks import Network

EXAMPLES = examples(
    "demon-patch build --executor onnx",
    "demon-patch build --precision int8",
    "demon-patch build --executor tensorrt --seconds 60",
)
BUILT = ("onnx", "tensorrt")
HERE = "here"


def build(
    *,
    model: str = DEFAULT_MODEL,
    executor: str = "onnx",
    seconds: Seconds = 60.0,
    precision: str = "float32",
    weights: Path | None = None,
    gpu: str = HERE,
    again: Switch = False,
) -> None:
    """Exports a model's networks for an executor, and builds engines where it takes them.

    All of it is kept in the user's cache, or in the folder of the environment variable DEMON_PATCH_BUILDS, and found
    again for as long as weights, libraries and GPU are the same. Ctrl+C leaves nothing half written.

    Parameters:
        model: The model, as a patch names it.
        executor: What will run it: onnx (ONNX Runtime), or tensorrt.
        seconds: The length of song, or of the stretch in focus, up to 3600, for engines, which have one fixed length.
        precision: float32, or int8 for onnx, if it sounds as float32 does; --executor onnx-int8 then plays it.
        weights: A folder that demon-patch lora bake wrote, in place of the model's own weights.
        gpu: What an engine is for: the GPU that is here, or one by name, as sm89 (RTX 4090), which needs none.
        again: Builds also what is there already.
    """
    from demon_patch.engine.executors import check_name
    from demon_patch.engine.executors.builds import build as make
    from demon_patch.engine.executors.builds import forget
    from demon_patch.engine.families import load_family
    from demon_patch.engine.networks import FRAMES

    check_name(executor)
    if executor not in BUILT:
        raise DemonError(f"{executor} needs no build", mend=f"name one of {', '.join(BUILT)} with --executor")
    check_precision(precision, executor)
    began = perf_counter()
    finish = _engines(gpu, again) if executor == "tensorrt" else None
    family = load_family(model, weights)
    frames = family.spec.frames(seconds)
    networks = [network.at({FRAMES: frames}) for network in _networks(family)]
    networks = [replace(each, precision=precision) if each.name == "denoiser" else each for each in networks]
    if not networks:
        raise DemonError(f"the model family {model} declares no network to export", mend="play it with torch")
    for at, network in enumerate(networks):

        def say(line: str, at: int = at) -> None:
            tell(f"{at + 1} of {len(networks)}, {perf_counter() - began:.0f} s: {line}")

        if again:
            forget(network)
        built = make(network, say, partial(_verdict, family, network))
        if finish is not None:
            finish(network, built, frames, say)


def check_precision(precision: str, executor: str) -> None:
    """Raises DemonError for a precision that there is not, or that the executor does not have."""
    from demon_patch.engine.networks import FULL, PRECISIONS

    if precision not in PRECISIONS:
        mend = did_you_mean(precision, PRECISIONS, f"choose one of: {', '.join(PRECISIONS)}")
        raise DemonError(f"there is no precision named {precision!r}", mend=mend)
    if precision != FULL and executor != "onnx":
        raise DemonError(f"{executor} has no engines in {precision} yet", mend="build it in float32")


def _verdict(family: Family, network: Network, build: Build) -> Verdict:
    """Judges the sound of a network of low precision against PyTorch's in float32."""
    from demon_patch.engine.executors.gate import SECONDS, judge
    from demon_patch.engine.executors.onnx_ import LowOnnxExecutor
    from demon_patch.engine.executors.torch_ import TorchExecutor
    from demon_patch.engine.networks import FRAMES
    from demon_patch.engine.session import Session

    axis = network.axes[FRAMES]
    seconds = axis.most / family.spec.frame_rate if axis.fixed else SECONDS
    reference = Session(family, TorchExecutor(family.denoiser))
    candidate = Session(family, LowOnnxExecutor(family.denoiser, judged=build))
    return judge(reference, candidate, seconds=seconds)


def _networks(family: Family) -> list[Network]:
    from demon_patch.engine.networks import Exports

    parts = [part for part in (family.denoiser, family.codec) if isinstance(part, Exports)]
    return [network for part in parts for network in part.networks()]


def _engines(gpu: str, again: bool) -> Callable[[Network, Build, int, Callable[[str], None]], None]:
    """Returns what builds the engine of a network. Raises DemonError where the library or the GPU is missing."""
    from demon_patch.engine.executors import engines

    trt = engines.library()
    if gpu != HERE and gpu not in engines.TARGETS:
        mend = did_you_mean(gpu, engines.TARGETS, f"name one of: {', '.join(engines.TARGETS)}")
        raise DemonError(f"no engine is built for a GPU named {gpu!r}", mend=mend)
    machine = engines.this_machine() if gpu == HERE else engines.Machine(gpu)
    engines.check_target(trt, machine)

    def make(network: Network, built: Build, frames: int, say: Callable[[str], None]) -> None:
        if network.name == "encode":
            say("encode: needs no engine, since a clip is encoded once")
            return
        profiles = engines.profiles_of(network, engines.WINDOW if network.name == "decode" else frames)
        if again:
            engines.engine_path(built, trt, machine, profiles).unlink(missing_ok=True)
        engines.build_engine(network, built, machine, profiles, say)

    return make
