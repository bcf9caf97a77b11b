"""TensorRT engines: built without a GPU for three kinds of them, found again by all that they depend on, cancelled."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from demon_patch.bench.gaussian import GaussianDenoiser
from demon_patch.engine.contracts import Conditioning
from demon_patch.engine.executors import builds, engines, why_not
from demon_patch.engine.executors.engine_run import EngineRun
from demon_patch.engine.executors.engines import Machine, Profile, profiles_of
from demon_patch.engine.executors.export import side_parts
from demon_patch.engine.executors.gate import distances
from demon_patch.engine.executors.onnx_ import network_of
from demon_patch.engine.executors.tensorrt_ import TensorRtExecutor
from demon_patch.engine.families import load_family
from demon_patch.engine.lora.merge import LayerChange, Lora
from demon_patch.engine.networks import FRAMES, LENGTH, RANK, ROWS, Axis, Network, Part
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.errors import DemonError
from tests.support.capturing import Capturing
from tests.support.engine_shim import ShimEngine
from tests.support.exported import needs_onnx

pytestmark = needs_onnx
needs_rtx = pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None,
    reason="tensorrt_rtx is not installed: pip install 'demon-patch[rtx]' (95 MB)",
)
toy: Callable[[], Network] = cache(lambda: network_of(GaussianDenoiser()))
nano: Callable[[], Network] = cache(lambda: network_of(load_family("nano").denoiser))
SMALL = (Profile({FRAMES: 48, ROWS: 1, RANK: 0}), Profile({FRAMES: 48, ROWS: 4, RANK: 64}))


def shim(network: Network, frames: int = 48) -> ShimEngine:
    build = builds.build(network)
    parts = (*network.inputs, *side_parts(network, build.layers))
    return ShimEngine(build.onnx, parts, network.output, [each.lengths for each in profiles_of(network, frames)])


@needs_rtx
@pytest.mark.parametrize("capability", ["sm86", "sm89", "sm120"])
def test_nanos_engine_is_built_for_a_gpu_that_is_not_here(capability: str) -> None:
    told: list[str] = []
    network = nano()
    build = builds.build(network)
    path = engines.build_engine(network, build, Machine(capability), SMALL, told.append)
    assert told[-1].startswith(f"denoiser for {capability}: ")
    noted = json.loads(path.with_suffix(".json").read_text())
    assert noted["machine"]["capability"] == capability
    assert noted["profiles"] == [dict(sorted(each.lengths.items())) for each in SMALL]
    tensors = noted["tensors"]
    parts = (*network.inputs, *side_parts(network, build.layers), network.output)
    assert {name: each["type"] for name, each in tensors.items()} == dict.fromkeys((p.name for p in parts), "FLOAT")
    open_as = {name: each["shape"] for name, each in tensors.items()}
    for part in parts:
        assert open_as[part.name] == [size if isinstance(size, int) else -1 for size in part.shape], part.name
    assert tensors["x"]["profiles"] == [[1, 48, 64], [4, 48, 64]]
    assert tensors["lora_share"]["profiles"] == [[1, 0], [4, 64]]
    assert engines.found(path) is not None
    assert len(engines.found(path) or b"") > 10_000_000


@needs_rtx
def test_an_engine_is_found_again_and_a_damaged_one_is_built_again(tmp_path: Path) -> None:
    build = builds.build(toy())
    moved = replace(build, onnx=tmp_path / "toy" / "network.onnx")
    moved.onnx.parent.mkdir()
    moved.onnx.write_bytes(build.onnx.read_bytes())
    told: list[str] = []
    path = engines.build_engine(toy(), moved, Machine("sm89"), SMALL, told.append)
    assert engines.build_engine(toy(), moved, Machine("sm89"), SMALL, told.append) == path
    assert "there already" in told[-1]
    assert path.with_suffix(".log").read_text() != ""
    path.write_bytes(path.read_bytes()[:-1])
    assert engines.found(path) is None
    engines.build_engine(toy(), moved, Machine("sm89"), SMALL, told.append)
    assert "built in" in told[-1]
    assert engines.found(path) is not None


@needs_rtx
def test_a_build_that_is_cancelled_leaves_no_engine(tmp_path: Path) -> None:
    build = builds.build(toy())
    moved = replace(build, onnx=tmp_path / "toy" / "network.onnx")
    moved.onnx.parent.mkdir()
    moved.onnx.write_bytes(build.onnx.read_bytes())
    cancel = Event()
    cancel.set()
    with pytest.raises(DemonError, match="was cancelled"):
        engines.build_engine(toy(), moved, Machine("sm89"), SMALL, cancel=cancel)
    assert list(tmp_path.rglob("*.engine")) == []


@needs_rtx
def test_what_is_no_network_is_refused_and_the_log_says_why(tmp_path: Path) -> None:
    broken = builds.Build(tmp_path / "toy" / "network.onnx", (), "0")
    broken.onnx.parent.mkdir()
    broken.onnx.write_bytes(b"not a network")
    with pytest.raises(DemonError, match=r"cannot build the denoiser of gaussian \(.*\.log says why\)") as error:
        engines.build_engine(toy(), broken, Machine("sm89"), SMALL)
    assert "ERROR" in Path(error.value.mend.removesuffix(" says why")).read_text()


def fake(name: str, version: str = "1.0") -> Any:
    return SimpleNamespace(__name__=name, __version__=version)


def test_an_engine_depends_on_network_library_driver_gpu_and_profiles() -> None:
    build = builds.Build(Path("a/network.onnx"), (), "1")
    here = Machine("sm89", "NVIDIA GeForce RTX 4090", "580")
    paths = [
        engines.engine_path(each, trt, machine, profiles)
        for each, trt, machine, profiles in [
            (build, fake("tensorrt"), here, SMALL),
            (replace(build, digest="2"), fake("tensorrt"), here, SMALL),
            (build, fake("tensorrt_rtx"), here, SMALL),
            (build, fake("tensorrt", "1.1"), here, SMALL),
            (build, fake("tensorrt"), replace(here, driver="581"), SMALL),
            (build, fake("tensorrt"), replace(here, gpu="NVIDIA GeForce RTX 5090"), SMALL),
            (build, fake("tensorrt"), replace(here, capability="sm120"), SMALL),
            (build, fake("tensorrt"), here, SMALL[:1]),
        ]
    ]
    assert len(set(paths)) == len(paths)
    assert paths[0] == engines.engine_path(build, fake("tensorrt"), here, SMALL)


def test_the_lengths_of_present_engines_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builds.build(toy()).onnx.parent
    shutil.copytree(original, tmp_path / original.name)
    monkeypatch.setenv(builds.FOLDER, str(tmp_path))
    build, here = builds.found(toy()), Machine("sm89", "NVIDIA GeForce RTX 4090", "580")
    assert build is not None
    for frames, machine in ((96, here), (48, here), (24, replace(here, driver="579"))):
        profiles = profiles_of(toy(), frames)
        path = engines.engine_path(build, fake("tensorrt"), machine, profiles)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"an engine")
        path.with_suffix(".json").write_text(json.dumps({"profiles": [dict(each.lengths) for each in profiles]}))
    path.with_name("sm89-damaged.json").write_text("{")
    assert engines.lengths_found(toy(), fake("tensorrt"), here) == (48, 96)
    assert engines.lengths_found(toy(), fake("tensorrt", "1.1"), here) == ()


def test_a_gpu_that_the_library_does_not_build_for_is_named() -> None:
    hopper = Machine("sm90", "NVIDIA H200", "580")
    with pytest.raises(DemonError, match=r"tensorrt_rtx builds no engines for NVIDIA H200 \(sm90\).*torch"):
        engines.check_target(fake("tensorrt_rtx"), hopper)
    engines.check_target(fake("tensorrt"), hopper)
    with pytest.raises(DemonError, match="for the GPU that is here only"):
        engines.check_target(fake("tensorrt"), Machine("sm89"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_without_library_or_gpu_the_executor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "LIBRARIES", ("no_such_library",))
    reason = why_not("tensorrt", GaussianDenoiser())
    assert reason is not None
    assert reason.what == "TensorRT is not installed"
    monkeypatch.setattr(engines, "library", lambda: fake("tensorrt_rtx"))
    reason = why_not("tensorrt", GaussianDenoiser())
    assert reason is not None
    assert reason.what == "there is no NVIDIA GPU that PyTorch can reach"
    with pytest.raises(DemonError, match="no NVIDIA GPU"):
        TensorRtExecutor(GaussianDenoiser())


def test_profiles_are_every_bucket_with_and_without_loras() -> None:
    lengths = [(each.lengths[ROWS], each.lengths[RANK]) for each in profiles_of(toy(), 48)]
    assert lengths == [(rows, rank) for rank in (0, 16, 64, 256) for rows in (1, 2, 4, 8)]
    assert {each.lengths[FRAMES] for each in profiles_of(toy(), 48)} == {48}


def run_of(engine: ShimEngine, profile: int, lengths: Mapping[str, int], inputs: Any = None) -> EngineRun:
    parts = tuple(engine.inputs.values()) if inputs is None else inputs
    return EngineRun(engine, profile, lengths, parts, engine.output, torch.device("cpu"))


def test_a_run_has_its_buffers_for_good_and_reads_them_when_it_runs() -> None:
    engine = shim(toy())
    run = run_of(engine, 1, engine.profiles[1])
    (context,) = engine.contexts
    addresses = dict(context.addresses)
    draw = torch.Generator().manual_seed(1)
    x, context_in = (torch.randn(2, 48, 4, generator=draw) for _ in range(2))
    time, prompt = torch.rand(2, 1, generator=draw), torch.rand(2, 2, 4, generator=draw)
    given: dict[str, Tensor] = {"x": x, "time": time, "context": context_in, "prompt": prompt}
    expected = GaussianDenoiser().velocity(x, time, context_in, (prompt,))
    first = run.run(given)
    torch.testing.assert_close(first, expected, rtol=0, atol=1e-5)
    second = run.run({"x": 2 * x})
    assert second.data_ptr() == first.data_ptr()
    torch.testing.assert_close(
        second, GaussianDenoiser().velocity(2 * x, time, context_in, (prompt,)), rtol=0, atol=1e-5
    )
    assert context.executed == 2
    assert context.addresses == addresses


def test_a_replayed_run_is_the_enqueued_one() -> None:
    engine, cuda = shim(toy()), Capturing()
    parts, lengths = tuple(engine.inputs.values()), engine.profiles[1]
    replaying = EngineRun(engine, 1, lengths, parts, engine.output, torch.device("cpu"), cuda=cuda)
    cuda.watch(engine.contexts[0])
    plain = run_of(engine, 1, lengths)
    draw = torch.Generator().manual_seed(1)
    for at in range(6):
        given = {part.name: torch.rand(part.sizes(lengths), generator=draw) for part in parts}
        got = replaying.run(given)
        assert torch.equal(got, plain.run(given))
        assert cuda.replayed == max(at - 1, 0)
    assert [context.executed for context in engine.contexts] == [6, 6]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here: engines and CUDA graphs are unrun")
def test_on_a_gpu_a_replayed_engine_is_the_enqueued_one_and_pytorchs() -> None:
    trt, machine, network = engines.library(), engines.this_machine(), toy()
    profiles = (Profile({FRAMES: 48, ROWS: 1, RANK: 0}),)
    path = engines.build_engine(network, builds.build(network), machine, profiles)
    engine = trt.Runtime(trt.Logger(trt.Logger.WARNING)).deserialize_cuda_engine(engines.found(path))
    parts = (*network.inputs, *side_parts(network, builds.build(network).layers))
    device = torch.device("cuda", 0)
    runs = [
        EngineRun(engine, 0, profiles[0].lengths, parts, network.output, device, graph=graph) for graph in (True, False)
    ]
    draw = torch.Generator().manual_seed(1)
    for _ in range(4):
        given = {part.name: torch.rand(part.sizes(profiles[0].lengths), generator=draw) for part in network.inputs}
        replayed, enqueued = (run.run({name: each.cuda() for name, each in given.items()}).cpu() for run in runs)
        assert torch.equal(replayed, enqueued)
        expected = network.run(*given.values())
        torch.testing.assert_close(replayed, expected, rtol=0, atol=1e-2 * float(expected.abs().max()))


def test_a_profile_or_a_shape_that_the_engine_does_not_have_is_refused() -> None:
    engine = shim(toy())
    with pytest.raises(DemonError, match="no profile 16"):
        run_of(engine, 16, engine.profiles[0])
    with pytest.raises(DemonError, match=r"refuses the shape \[2, 48, 4\] of x"):
        run_of(engine, 0, engine.profiles[1])
    with pytest.raises(DemonError, match="the engine failed"):
        run_of(engine, 0, engine.profiles[0], (Part("x", (ROWS, FRAMES, 4)),)).run({})


def executor_of(denoiser: GaussianDenoiser, bucket: int = 1) -> tuple[TensorRtExecutor, list[int]]:
    opened: list[int] = []
    builds.build(network_of(denoiser))

    def open_engine(frames: int) -> ShimEngine:
        opened.append(frames)
        return shim(network_of(denoiser), frames)

    return TensorRtExecutor(denoiser, bucket, open_engine=open_engine), opened


def test_an_engine_is_opened_once_for_each_length() -> None:
    executor, opened = executor_of(GaussianDenoiser())
    executor.place(0, executor.prepare(Conditioning(torch.rand(2, 4))))
    for frames in (48, 24, 48):
        x = torch.randn(1, frames, 4)
        time = executor.prepare_schedule(torch.tensor([0.5]))
        v = executor.forward(x, time, torch.rand(1, frames, 4), torch.tensor([0]))
        assert v.shape == x.shape
    assert opened == [48, 24]


@pytest.mark.parametrize(("ranks", "width"), [((8,), 16), ((8, 9), 64), ((64, 64), 256), ((256,), 256)])
def test_loras_run_in_the_narrowest_profile_that_has_their_ranks(ranks: tuple[int, ...], width: int) -> None:
    denoiser = GaussianDenoiser()
    executor, _ = executor_of(denoiser)
    executor.set_loras(
        [(Lora(f"of {n}", {"colour": LayerChange(torch.rand(n, 4), torch.rand(4, n), 1.0)}), 1.0) for n in ranks]
    )
    executor.place(0, executor.prepare(Conditioning(torch.rand(2, 4))))
    sides = SideInputs(lora_strength=torch.full((1, len(ranks)), 0.5))
    x, time = torch.randn(1, 48, 4), executor.prepare_schedule(torch.tensor([0.5]))
    executor.forward(x, time, torch.rand(1, 48, 4), torch.tensor([0]), sides)
    assert [rank for _, rank, _ in executor._runs] == [width]


def test_more_ranks_than_an_engine_takes_and_other_weights_are_refused() -> None:
    denoiser = GaussianDenoiser()
    executor, _ = executor_of(denoiser)
    wide = Lora("wide", {"colour": LayerChange(torch.zeros(257, 4), torch.zeros(4, 257), 1.0)})
    with pytest.raises(DemonError, match="LoRAs of 257 ranks"):
        executor.set_loras([(wide, 1.0)])
    assert executor.loras == ()
    with torch.no_grad():
        denoiser.colour.weight[0, 0] = 0.5
    with pytest.raises(DemonError, match="not those of the engine"):
        executor.weights_changed()


class Attending(GaussianDenoiser):
    """A denoiser whose prompts have lengths: what it reads is the mean of the positions that have a weight."""

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        states, weights = condition
        mean = (states * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True)
        return super().velocity(x, time, context, (torch.stack((mean, mean), 1),))

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        return tokens, torch.ones(len(tokens))

    def networks(self) -> tuple[Network]:
        (network,) = super().networks()
        inputs = (*network.inputs[:3], Part("states", (ROWS, LENGTH, 4)), Part("weights", (ROWS, LENGTH)))
        axes = {**network.axes, LENGTH: Axis(1, 1, 1024)}
        return (replace(network, model="attending", run=self._run, inputs=inputs, axes=axes),)

    def _run(self, x: Tensor, time: Tensor, context: Tensor, states: Tensor, weights: Tensor) -> Tensor:
        return self.velocity(x, time, context, (states, weights))


def test_prompts_of_any_length_run_in_one_profile() -> None:
    denoiser = Attending()
    executor, _ = executor_of(denoiser)
    draw = torch.Generator().manual_seed(1)
    x, context = torch.randn(1, 48, 4, generator=draw), torch.rand(1, 48, 4, generator=draw)
    time = executor.prepare_schedule(torch.tensor([0.5, 0.0]))[:1]
    for length in (3, 40):
        executor.weights_changed()
        tokens = torch.rand(length, 4, generator=draw)
        executor.place(0, executor.prepare(Conditioning(tokens)))
        got = executor.forward(x, time, context, torch.tensor([0]))
        expected = denoiser.velocity(x, torch.full((1, 1), 0.5), context, (tokens[None], torch.ones(1, length)))
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)
    executor.weights_changed()
    executor.place(0, executor.prepare(Conditioning(torch.rand(600, 4))))
    with pytest.raises(DemonError, match="a prompt of 600 positions"):
        executor.forward(x, time, context, torch.tensor([0]))


@torch.inference_mode()
def test_windows_are_decoded_by_an_engine_and_longer_stretches_by_pytorch() -> None:
    builds.build(network_of(GaussianDenoiser()))
    codec: Any = load_family("nano").codec
    made: list[ShimEngine] = []

    def open_codec(network: Network, frames: int) -> ShimEngine:
        onnx = builds.build(network).onnx
        made.append(ShimEngine(onnx, network.inputs, network.output, [{FRAMES: frames}]))
        return made[-1]

    executor = TensorRtExecutor(GaussianDenoiser(), open_engine=lambda frames: None, open_codec=open_codec)
    decoding: Any = executor.codec(codec)
    latent = torch.randn(200, 64, generator=torch.Generator().manual_seed(1))
    for frames in (34, 64, 200):
        expected = codec.log_magnitude(latent[None, :frames])
        got = decoding._run("decode", latent[None, :frames])
        margin = 4 * 13
        torch.testing.assert_close(got[:, :-margin], expected[:, :-margin], rtol=0, atol=2e-3)
        assert got.shape == expected.shape
    assert len(made) == 1
    assert made[0].contexts[0].executed == 2
    sound, plain = (each.decode(latent[:34], torch.arange(34)) for each in (decoding, codec))
    middle = slice(13 * 1280, 21 * 1280)
    assert distances(sound[middle].numpy(), plain[middle].numpy(), 32_000)[0] < 0.2
