"""Builds TensorRT engines of exported networks: for a GPU that is here, or for named ones that are not.

`tensorrt` (10 or 11) and `tensorrt_rtx` have one interface, and both are used with strong types: the network's own. An
engine lies beside the network that it was built from, under a name made of all that it depends on, so a stale one is
never found: the network's checksum, library and version, driver and GPU, and its profiles. No engine was run on a GPU
yet (unrun); `tensorrt_rtx` builds without one.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import torch

from demon_patch.engine.executors import builds
from demon_patch.engine.executors.builds import Build
from demon_patch.engine.executors.export import side_parts
from demon_patch.engine.executors.placement import cuda_driver
from demon_patch.engine.lora.side_paths import BUCKETS
from demon_patch.engine.networks import FRAMES, LENGTH, RANK, ROWS, Network
from demon_patch.engine.row_buckets import ROW_BUCKETS
from demon_patch.errors import DemonError

LIBRARIES = ("tensorrt", "tensorrt_rtx")
RANKS = (0, *BUCKETS)
"""Widths of the side inputs that an engine takes: without LoRAs, and with LoRAs of up to so many ranks together."""

PROMPT_LENGTH = 512
"""Positions of a prompt that an engine takes, where prompts have lengths; shorter ones are filled up."""

WINDOW = 64
"""Latent frames of an engine that decodes windows, with their margins; what is shorter is filled up."""

FORM = 1
"""Grows when engines of an older version of this module must not be used."""

TARGETS = {"sm75": (7, 5), "sm80": (8, 0), "sm86": (8, 6), "sm89": (8, 9), "sm120": (12, 0), "sm121": (12, 1)}
"""The GPUs that `tensorrt_rtx` builds for: the 20, 30, 40 and 50 series among them. There is none for H100 and H200."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine is built for. capability: the GPU's, as sm89. gpu, driver: their names, empty for a GPU that is
    not here."""

    capability: str
    gpu: str = ""
    driver: str = ""


def library() -> Any:
    """Returns the module `tensorrt`, or else `tensorrt_rtx`. Raises DemonError where neither is installed."""
    name = next((each for each in LIBRARIES if importlib.util.find_spec(each) is not None), None)
    if name is None:
        raise DemonError("TensorRT is not installed", mend="pip install 'demon-patch[rtx]', or 'demon-patch[tensorrt]'")
    return importlib.import_module(name)


def this_machine() -> Machine:
    """Returns the GPU that is here. Raises DemonError if there is none, or PyTorch cannot reach it."""
    if not torch.cuda.is_available():
        raise DemonError(
            "there is no NVIDIA GPU that PyTorch can reach", mend="name one with --gpu to build for it, or use torch"
        )
    major, minor = torch.cuda.get_device_capability()
    return Machine(f"sm{major}{minor}", torch.cuda.get_device_name(), cuda_driver())


def check_target(trt: Any, machine: Machine) -> None:
    """Raises DemonError for a GPU that the library does not build for."""
    rtx = trt.__name__ == "tensorrt_rtx"
    if rtx and machine.capability not in TARGETS:
        raise DemonError(
            f"{trt.__name__} builds no engines for {machine.gpu or machine.capability} ({machine.capability})",
            mend="play it with --executor torch, or install tensorrt",
        )
    if not rtx and not machine.gpu:
        raise DemonError("tensorrt builds for the GPU that is here only", mend="pip install 'demon-patch[rtx]'")


@dataclass(frozen=True, slots=True)
class Profile:
    """The one length of each axis that a profile of an engine has."""

    lengths: Mapping[str, int]


def profiles_of(network: Network, frames: int) -> tuple[Profile, ...]:
    """Returns the profiles of a network's engine: every row bucket, without LoRAs and with them; one profile for a
    network without rows.

    frames: the latent frames of a stretch.
    """
    fixed = {FRAMES: frames} | ({LENGTH: PROMPT_LENGTH} if LENGTH in network.axes else {})
    if ROWS not in network.axes:
        return (Profile(fixed),)
    ranks = RANKS if network.loras else (0,)
    return tuple(Profile({**fixed, ROWS: rows, RANK: rank}) for rank in ranks for rows in ROW_BUCKETS)


def engine_path(build: Build, trt: Any, machine: Machine, profiles: Sequence[Profile]) -> Path:
    """Returns where the engine of a network lies once it is built."""
    about = _about(build, trt, machine, profiles)
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:24]
    place = build.onnx.parent
    return place.parent / f"{place.name}-engines" / f"{machine.capability}-{key}.engine"


def _about(build: Build, trt: Any, machine: Machine, profiles: Sequence[Profile]) -> dict[str, Any]:
    return {
        "form": FORM,
        "network": build.digest,
        "library": trt.__name__,
        "version": trt.__version__,
        "machine": asdict(machine),
        "profiles": [dict(sorted(each.lengths.items())) for each in profiles],
    }


def found(path: Path) -> bytes | None:
    """Returns the engine at a path, or None if there is none, or if it is not what was written there."""
    try:
        content = path.read_bytes()
        noted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if noted["sha256"] == hashlib.sha256(content).hexdigest():
            return content
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def lengths_found(network: Network, trt: Any, machine: Machine) -> tuple[int, ...]:
    """Returns the numbers of latent frames for which the present engine of a network is built, the smallest first."""
    lengths: set[int] = set()
    for noted in builds.folder().glob(f"{network.model}-{network.name}-*-engines/{machine.capability}-*.json"):
        try:
            frames = int(json.loads(noted.read_text(encoding="utf-8"))["profiles"][0][FRAMES])
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
        build = builds.found(network.at({FRAMES: frames}))
        wanted = None if build is None else engine_path(build, trt, machine, profiles_of(network, frames))
        if wanted is not None and wanted == noted.with_suffix(".engine") and wanted.is_file():
            lengths.add(frames)
    return tuple(sorted(lengths))


def build_engine(
    network: Network,
    build: Build,
    machine: Machine,
    profiles: Sequence[Profile],
    tell: Callable[[str], None] = lambda line: None,
    cancel: Event | None = None,
) -> Path:
    """Builds the engine of a network, unless it is there, and returns its path.

    tell: called with a line for the player: what is done, its share, and the time left as far as it can be known.
    cancel: when it is set, the build ends and leaves nothing; raises DemonError. Ctrl+C has the same effect.
    The library's own messages go into a file beside the engine, with the suffix `.log`. Raises DemonError, which names
    that file, if the library refuses the network.
    """
    trt = library()
    check_target(trt, machine)
    path = engine_path(build, trt, machine, profiles)
    if found(path) is not None:
        tell(f"{network.name} for {machine.capability}: there already, {path}")
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.with_suffix(".log")
    began = perf_counter()
    with log.open("w", encoding="utf-8") as stream:
        content, tensors = _serialised(
            trt, network, build, machine, profiles, _logger(trt, stream), _monitor(trt, tell, cancel)
        )
    if cancel is not None and cancel.is_set():
        raise DemonError("the build was cancelled", mend="start it again; what was finished is kept")
    if content is None:
        raise DemonError(f"{trt.__name__} cannot build the {network.name} of {network.model}", mend=f"{log} says why")
    noted = _about(build, trt, machine, profiles)
    noted |= {"sha256": hashlib.sha256(content).hexdigest(), "tensors": tensors}
    _write(path.with_suffix(".json"), json.dumps(noted, indent=1).encode())
    _write(path, content)
    size, took = len(content) / 1e6, perf_counter() - began
    tell(f"{network.name} for {machine.capability}: built in {took:.0f} s, {size:.0f} MB, {path}")
    return path


def _serialised(
    trt: Any, network: Network, build: Build, machine: Machine, profiles: Sequence[Profile], logger: Any, monitor: Any
) -> tuple[bytes | None, dict[str, Any]]:
    """Returns the engine's bytes, or None if the library refuses; and its tensors as the library has read them: type,
    shape with -1 where it is open, and the shape in each profile."""
    builder = trt.Builder(logger)
    strong = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    definition = builder.create_network(0 if strong is None else 1 << int(strong))
    parser = trt.OnnxParser(definition, logger)
    if not parser.parse_from_file(str(build.onnx)):
        return None, {}
    config = builder.create_builder_config()
    config.progress_monitor = monitor
    if trt.__name__ == "tensorrt_rtx" and machine.capability in TARGETS:
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(trt.ComputeCapability, machine.capability.upper()), 0)
    ends = [definition.get_input(at) for at in range(definition.num_inputs)]
    ends += [definition.get_output(at) for at in range(definition.num_outputs)]
    tensors = {end.name: {"type": end.dtype.name, "shape": list(end.shape), "profiles": []} for end in ends}
    for each in profiles:
        profile = builder.create_optimization_profile()
        for part in (*network.inputs, *side_parts(network, build.layers)):
            sizes = part.sizes(each.lengths)
            profile.set_shape(part.name, sizes, sizes, sizes)
            tensors[part.name]["profiles"].append([int(size) for size in profile.get_shape(part.name)[1]])
        config.add_optimization_profile(profile)
    made = builder.build_serialized_network(definition, config)
    return (None if made is None else bytes(made)), tensors


def _logger(trt: Any, stream: Any) -> Any:
    """Returns a logger that writes all but the smallest messages into a text file."""

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity != trt.ILogger.Severity.VERBOSE:
                stream.write(f"{str(severity).rpartition('.')[2]}: {message}\n")

    return Logger()


def _monitor(trt: Any, tell: Callable[[str], None], cancel: Event | None) -> Any:
    """Returns a monitor that tells of the main phase's progress, at most once in two seconds, and ends the build when
    `cancel` is set."""

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}
            self._began = self._told = perf_counter()

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            self._steps[phase] = steps
            if parent is None:
                self._began = perf_counter()

        def phase_finish(self, phase: str) -> None:
            self._steps.pop(phase, None)

        def step_complete(self, phase: str, step: int) -> bool:
            now, of = perf_counter(), self._steps.get(phase, 0)
            if now - self._told > 2 and of:
                self._told = now
                left = (now - self._began) * (of - step - 1) / (step + 1)
                tell(f"{phase}: {step + 1} of {of}" + (f", about {left:.0f} s left" if len(self._steps) == 1 else ""))
            return cancel is None or not cancel.is_set()

    return Monitor()


def _write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
