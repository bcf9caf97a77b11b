"""LoRA: side paths are exact and leave no trace, files are not trusted, and other LoRAs reach what is in flight."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from demon_patch.engine import tensor_file
from demon_patch.engine.controls import MOST_LORAS
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.lora.merge import LayerChange, Lora, layers_of, merge, read_lora
from demon_patch.engine.lora.side_paths import SidePaths, bucket_of
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError, WeightsError
from tests.support.executor_contract import close
from tests.support.toy_family import SPEC, Bench, toy_family


class Net(nn.Module):
    """One layer of each kind that a LoRA can change, and one that it cannot."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 5)
        self.inner = nn.ModuleDict({"wave": nn.Conv1d(5, 4, 3, padding=1)})
        self.scale = nn.LayerNorm(4)

    def embed_time(self, t: Tensor) -> Tensor:
        return t[:, None]

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        return (tokens,)

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        return self(x)

    def forward(self, x: Tensor) -> Tensor:
        """x [R, T, 6] -> [R, T, 4]."""
        return self.inner["wave"](self.first(x).transpose(1, 2)).transpose(1, 2)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


FIRST = {"first.lora_A.weight": drawn(2, 6, seed=1), "first.lora_B.weight": drawn(5, 2, seed=2)}
WAVE = {"inner.wave.lora_A.weight": drawn(3, 5, 3, seed=3), "inner.wave.lora_B.weight": drawn(4, 3, 1, seed=4)}


def written(tmp_path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> Path:
    path = tmp_path / "made.safetensors"
    save_file(tensors, path, metadata)
    return path


def copies(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def test_a_merged_layer_is_the_layer_with_its_side_path(tmp_path: Path) -> None:
    net, strength, alpha = Net(), 0.7, 3.0
    found = read_lora(written(tmp_path, {**FIRST, **WAVE}, {"lora_alpha": str(alpha)}), net)
    x = drawn(2, 9, 6, seed=5)
    with torch.no_grad():
        hidden = (
            net.first(x) + strength * alpha / 2 * (x @ FIRST["first.lora_A.weight"].T) @ FIRST["first.lora_B.weight"].T
        )
        wave, side = hidden.transpose(1, 2), WAVE["inner.wave.lora_A.weight"]
        beside = nn.functional.conv1d(nn.functional.conv1d(wave, side, padding=1), WAVE["inner.wave.lora_B.weight"])
        expected = (net.inner["wave"](wave) + strength * alpha / 3 * beside).transpose(1, 2)
        merge(net, [(found, strength)])
        torch.testing.assert_close(net(x), expected, rtol=0, atol=1e-5)


def test_side_paths_are_the_merged_layers_for_each_row_and_leave_with_their_owner(tmp_path: Path) -> None:
    net = Net()
    both = read_lora(written(tmp_path, {**FIRST, **WAVE}, {"lora_alpha": "3"}), net)
    wide = Lora("wide", {"first": LayerChange(drawn(15, 6, seed=8), drawn(5, 15, seed=9), 0.5)})
    x, rows = drawn(3, 9, 6, seed=5), [(0.0, 0.0), (1.0, 0.0), (0.4, 2.0)]
    with torch.inference_mode():
        plain = net(x)
        sides = SidePaths(net, [both, wide])
        assert torch.equal(net(x), plain)
        with sides.at(torch.tensor(rows)):
            got = net(x)
        assert torch.equal(got[0], plain[0])
        for at, strengths in enumerate(rows):
            merged = deepcopy(net)
            merge(merged, list(zip((both, wide), strengths, strict=True)))
            close(got[at], merged(x)[at])
        del sides
        gc.collect()
        assert not any(module._forward_hooks for module in net.modules())


def test_ranks_share_a_bucket_of_fixed_width() -> None:
    assert [bucket_of(ranks) for ranks in (0, 1, 16, 17, 64, 65, 256, 257, 2048)] == [
        16, 16, 16, 64, 64, 256, 256, 512, 2048,
    ]  # fmt: skip


def test_a_layer_that_reads_other_rows_is_refused_by_name() -> None:
    net = Net()
    sides = SidePaths(net, [Lora("own", {"first": LayerChange(drawn(1, 6), drawn(5, 1), 1.0)})])
    with sides.at(torch.ones(2, 1)), pytest.raises(DemonError, match="layer first reads 3 rows in a forward of 2"):
        net(drawn(3, 9, 6))


def test_merging_for_good_refuses_and_then_changes_nothing() -> None:
    net = Net()
    before = copies(net)
    own = Lora("own", {"first": LayerChange(drawn(1, 6), drawn(5, 1), 1.0)})
    foreign = Lora("foreign", {"nowhere": LayerChange(drawn(1, 4), drawn(4, 1), 1.0)})
    for loras in ([(own, 1.0), (foreign, 1.0)], [(own, 2.1)], [(own, 1.0)] * (MOST_LORAS + 1)):
        with pytest.raises(DemonError):
            merge(net, loras)
        assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    merge(net, [(own, 0.0)])
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


NAMES: dict[str, Callable[[str], str]] = {
    "prefix": lambda key: f"base_model.model.{key}",
    "another prefix": lambda key: f"diffusion_model.{key}",
    "adapter name": lambda key: key.replace(".weight", ".default.weight"),
    "down and up": lambda key: key.replace("lora_A", "lora_down").replace("lora_B", "lora_up"),
}


@pytest.mark.parametrize("naming", NAMES)
def test_other_namings_mean_the_same(naming: str, tmp_path: Path) -> None:
    net = Net()
    renamed = {NAMES[naming](key): value for key, value in {**FIRST, **WAVE}.items()}
    found = read_lora(written(tmp_path, renamed), net)
    assert found.changes.keys() == {"first", "inner.wave"}
    assert torch.equal(found.changes["first"].down, FIRST["first.lora_A.weight"])
    assert max(change.down.shape[0] for change in found.changes.values()) == 3
    assert found.title == "made"


def test_where_alpha_comes_from(tmp_path: Path) -> None:
    net = Net()
    own = {"first.alpha": torch.tensor(8.0)}
    adapter = {"lora_adapter_metadata": json.dumps({"transformer.lora_alpha": 6, "transformer.r": 2})}
    scales = [
        read_lora(written(tmp_path, tensors, metadata), net).changes["first"].scale
        for tensors, metadata in [(FIRST, None), (FIRST, {"alpha": "1"}), (FIRST, adapter), ({**FIRST, **own}, None)]
    ]
    assert scales == [1.0, 0.5, 3.0, 4.0]


BAD: dict[str, tuple[dict[str, Tensor], str]] = {
    "an unknown layer": ({"last.lora_A.weight": drawn(2, 6), "last.lora_B.weight": drawn(5, 2)}, "no layer 'last'"),
    "an unknown prefix": ({f"text.{key}": value for key, value in FIRST.items()}, "no layer 'text.first'"),
    "a layer of another kind": (
        {"scale.lora_A.weight": drawn(1, 4), "scale.lora_B.weight": drawn(4, 1)},
        "no layer 'scale'",
    ),
    "one half": ({"first.lora_A.weight": drawn(2, 6)}, "only one half"),
    "the same half twice": ({**FIRST, "model.first.lora_A.weight": drawn(2, 6)}, "the same half"),
    "another width": ({**FIRST, "first.lora_A.weight": drawn(2, 7)}, r"wanted \[2, 6\] and \[5, 2\]"),
    "two ranks": ({**FIRST, "first.lora_B.weight": drawn(5, 3)}, r"wanted \[2, 6\] and \[5, 2\]"),
    "a kernel of another length": ({**WAVE, "inner.wave.lora_A.weight": drawn(3, 5, 4)}, r"\[3, 5, 3\]"),
    "no rank": ({"first.lora_A.weight": drawn(0, 6), "first.lora_B.weight": drawn(5, 0)}, "rank 0"),
    "too high a rank": ({"first.lora_A.weight": drawn(300, 6), "first.lora_B.weight": drawn(5, 300)}, "rank 300"),
    "not finite": ({**FIRST, "first.lora_B.weight": torch.full((5, 2), float("nan"))}, "not finite"),
    "far too large": ({**FIRST, "first.lora_B.weight": torch.full((5, 2), 1e6)}, "a norm of"),
    "whole numbers": ({**FIRST, "first.lora_B.weight": torch.ones(5, 2, dtype=torch.int32)}, "are not read"),
    "a number": ({**FIRST, "first.lora_B.weight": torch.tensor(1.0)}, r"shape \[\]"),
    "something else": ({**FIRST, "first.weight": drawn(5, 6)}, "'first.weight' is no LoRA weight"),
    "nothing": ({"first.alpha": torch.tensor(1.0)}, "no LoRA weights"),
    "an alpha of many": ({**FIRST, "first.alpha": torch.ones(3)}, "no single number"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_by_name(case: str, tmp_path: Path) -> None:
    tensors, message = BAD[case]
    path = written(tmp_path, tensors)
    with pytest.raises(WeightsError, match=message) as caught:
        read_lora(path, Net())
    assert caught.value.file == path
    assert caught.value.mend


@pytest.mark.parametrize(
    ("metadata", "message"),
    [({"lora_alpha": "loud"}, "alpha is 'loud'"), ({"lora_adapter_metadata": "{"}, "no JSON")],
)
def test_bad_metadata_is_refused(metadata: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=message):
        read_lora(written(tmp_path, FIRST, metadata), Net())


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written(tmp_path, FIRST)
    half, noise = tmp_path / "half.safetensors", tmp_path / "noise.safetensors"
    half.write_bytes(whole.read_bytes()[:-7])
    noise.write_bytes(b"\xff" * 64)
    for path, message in [
        (tmp_path / "none.safetensors", "no such file"),
        (half, "can be read"),
        (noise, "can be read"),
    ]:
        with pytest.raises(WeightsError, match=message) as caught:
            read_lora(path, Net())
        assert caught.value.file == path
    monkeypatch.setattr(tensor_file, "MAX_BYTES", 100)
    with pytest.raises(WeightsError, match="MiB"):
        read_lora(whole, Net())
    monkeypatch.undo()
    monkeypatch.setattr(tensor_file, "MAX_TENSORS", 1)
    with pytest.raises(WeightsError, match="2 tensors"):
        read_lora(whole, Net())


# -- in the engine ----------------------------------------------------------------------------------------------
def tint(scale: float = 1.0, seed: int = 1) -> Lora:
    """Changes the toy's one layer."""
    return Lora("tint", {"colour": LayerChange(0.3 * drawn(1, 4, seed=seed), 0.3 * drawn(4, 1, seed=seed + 1), scale)})


def test_other_loras_raise_the_epoch_and_other_strengths_do_not() -> None:
    executor = TorchExecutor(toy_family().denoiser)
    own, other = tint(), tint(seed=5)
    epochs = [executor.weights_epoch]
    for loras in ([(own, 0.0)], [(own, 0.5)], [(own, 1.0), (other, 1.0)], [(other, 1.0), (own, 1.0)], [], []):
        executor.set_loras(loras)
        epochs.append(executor.weights_epoch)
        assert executor.loras == tuple(loras)
    assert epochs == [0, 1, 1, 2, 3, 4, 4]


def test_what_cannot_be_played_is_refused_and_changes_nothing() -> None:
    executor = TorchExecutor(toy_family().denoiser)
    own = tint()
    foreign = Lora("foreign", {"nowhere": LayerChange(drawn(1, 4), drawn(4, 1), 1.0)})
    executor.set_loras([(own, 0.5)])
    cases: list[tuple[list[tuple[Lora, Any]], str]] = [
        ([(own, 0.1)] * 9, "at most 8"),
        ([(own, 2.1)], "from 0 to 2"),
        ([(own, float("nan"))], "from 0 to 2"),
        ([(own, 1.0), (foreign, 1.0)], "no layer nowhere"),
    ]
    for loras, message in cases:
        with pytest.raises(DemonError, match=message):
            executor.set_loras(loras)
        assert (executor.weights_epoch, executor.loras) == (1, ((own, 0.5),))


def bench(depth: int, bucket: int) -> Bench:
    """A bench whose weights are nobody else's."""
    made = Bench(depth, bucket)
    made.executor = TorchExecutor(toy_family().denoiser, bucket)
    made.ring = type(made.ring)(made.executor, SPEC, made.noise, depth)
    return made


@pytest.mark.parametrize("bucket", [1, 4])
def test_generations_in_flight_use_new_weights_on_the_next_tick(bucket: int) -> None:
    """Every latent equals that of a ring alone, told the same weights at the same of its own steps."""
    own, depth, change_at = tint(), 4, 9

    def strength(tick: int) -> float:
        return 0.0 if tick < change_at else 0.4 + 0.1 * (tick % 3)

    values = {"condition_weight": torch.full((1, 1, 1), 0.3)}
    desk = bench(depth, bucket)
    found: list[tuple[int, Tensor]] = []
    for tick in range(22):
        desk.executor.set_loras([(own, strength(tick))])
        if desk.ring.admits():
            desk.ring.submit(renewed(desk, tick))
        found += [(done.slot.admitted, done.latent) for done in desk.ring.tick(values)]
    assert len(found) >= 6
    for admitted, latent in found:
        alone = bench(1, 1)
        alone.ring.submit(renewed(alone, admitted))
        for tick in range(admitted, admitted + 8):
            alone.executor.set_loras([(own, strength(tick))])
            done = alone.ring.tick(values)
        torch.testing.assert_close(done[0].latent, latent, rtol=0, atol=1e-5)


def renewed(desk: Bench, seed: int) -> Any:
    """A request with a blended, a second and a negative prompt, all under the present weights."""
    for handle in desk.handles.values():
        desk.executor.renew(handle)
    return desk.asked(blend=0.5, second="cool", guidance_mode="full", seed=seed)


def test_prompts_in_flight_are_made_again_for_other_loras() -> None:
    session = Session.load("nano", threads=1)
    executor = session.executor
    assert isinstance(executor, TorchExecutor)
    changes = {
        name: LayerChange(drawn(2, layer.weight.shape[1], seed=1), drawn(len(layer.weight), 2, seed=2), 0.05)
        for name, layer in layers_of(session.family.denoiser).items()
        if name in ("time_out", "blocks.0.cross.key_value", "tag_pool")
    }
    source = session.compose("house", seconds=8.0, seed=1)
    words, others = session.prompt("acid"), session.prompt("dub")
    ring = session.ring(source, 2)
    for tick in range(5):
        if ring.admits():
            ring.submit(session.request(words, source, prompt_b=others, prompt_blend=0.25, seed=tick, steps=8))
        ring.tick({})
    assert session.set_loras([(Lora("drawn", changes), 1.0)])
    ring.tick({})
    fresh = executor.blend(executor.prepare(words), executor.prepare(others), 0.25)
    for slot in ring.slots:
        for at, blended in ((0, fresh), (1, executor.prepare(others))):
            row = torch.tensor(slot.rows[at])
            assert all(
                torch.equal(whole[row], part) for whole, part in zip(executor._buffers, blended.tensors, strict=True)
            )


def test_a_familys_own_lora_by_name_and_a_wrong_name() -> None:
    session = Session.load("nano", threads=1)
    own = session.lora("tape")
    assert own.title == "tape"
    assert own.changes.keys() <= layers_of(session.family.denoiser).keys()
    with pytest.raises(WeightsError, match="choose tape, or name a"):
        session.lora("tap")
