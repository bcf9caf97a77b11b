"""The whole control surface: the ring against the plain float64 sampler, and what makes no sense."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from demon_patch.engine.step.reference import Values
from demon_patch.errors import DemonError
from tests.support.toy_family import CHANNELS, FAMILY, FRAMES, READ_BY_STEPS, Bench, plainly

CURVE = torch.linspace(0, 1, FRAMES).view(1, FRAMES, 1)
GAIN = 0.5 + CURVE * torch.linspace(0.5, 1.5, CHANNELS)
OTHER = FAMILY.conditioner.compose("other", FRAMES / 25, 9).latent


def flat(value: float) -> Tensor:
    return torch.full((1, 1, 1), value)


GUIDED: Values = {"guidance": 1 + 3 * CURVE, "guidance_clip": flat(0.8), "guidance_rescale": flat(0.4)}
VALUES: list[Values] = [
    {"channel_gain": GAIN},
    {"channel_gain": flat(1.4), "solver": "sde"},
    {"target_strength": flat(0.7)},
    {"target_strength": CURVE, "source_blend": 1 - CURVE / 2},
    {"target_curve": CURVE, "target_strength": flat(0.9)},
    {"target_curve": flat(0.6), "velocity_scale": 0.5 + CURVE, "ode_noise": CURVE},
    {"condition_weight": CURVE},
    {"condition_weight": flat(0.7), "condition_from": flat(0.25), "condition_to": flat(0.75)},
    {"condition_weight": CURVE, "condition_from": flat(0.3), "channel_gain": GAIN},
    {"guidance": flat(4.0)},
    GUIDED,
    {**GUIDED, "guidance_axis": "frame", "guidance_momentum": flat(0.3)},
    {**GUIDED, "condition_weight": CURVE, "condition_to": flat(0.6), "solver": "sde"},
    *({"dcw": mode, "dcw_wavelet": w} for mode in ("low", "high", "double", "pix") for w in ("haar", "db4")),
    {"dcw": "double", "dcw_wavelet": "db4", "dcw_low": CURVE / 2, "dcw_high": 0.5 - CURVE / 2},
    {"dcw": "double", "dcw_multiply": flat(0.6), "dcw_soft": flat(0.05), "dcw_low": flat(0.4)},
    {"dcw": "low", "velocity_scale": 0.5 + CURVE, **GUIDED},
    {"solver": "ab2", "channel_gain": GAIN},
    {"solver": "ab2", "target_strength": CURVE, "velocity_scale": 0.5 + CURVE, "dcw": "double"},
    {"solver": "ab2", "condition_weight": CURVE, "condition_to": flat(0.6), "steer_depth": flat(0.5), **GUIDED},
    {"lora_strength": flat(0.7)},
    {"steer_depth": torch.tensor([[[1.2, -0.7]]]), "lora_strength": flat(0.4)},
    {"lora_strength": torch.tensor([[[1.5, 0.0]]]), "condition_weight": CURVE, **GUIDED},
    {
        "channel_gain": GAIN,
        "target_curve": CURVE,
        "condition_weight": CURVE,
        "ode_noise": CURVE,
        "dcw": "high",
        **GUIDED,
    },
]
REQUESTS: list[dict[str, Any]] = [
    {},
    {"mask": 1 - CURVE.flatten(), "mask_growth": 0.0},
    {"mask": (CURVE.flatten() > 0.4).float(), "mask_growth": 0.7, "guidance_mode": "full"},
    {"target": OTHER, "target_gate": 0.4, "second": "cold"},
    {"target": OTHER, "covers": False, "guidance_mode": "self", "steps": 5},
    {"second": "bright", "guidance_mode": "initialize", "strength": 0.5},
    {"second": "cold", "guidance_mode": "full", "mask": CURVE.flatten(), "target": OTHER, "steps": 1},
    {"guidance_mode": "initialize", "shift": 4.0, "steps": 3, "target": -OTHER},
]


@pytest.mark.parametrize("bucket", [1, 3])
@pytest.mark.parametrize("values", VALUES, ids=" ".join)
def test_latents_are_those_of_the_plain_sampler(values: Values, bucket: int) -> None:
    bench = Bench(8, bucket, mode="queue")
    for fields in REQUESTS:
        bench.ring.submit(bench.asked(**fields))
    for finished in bench.ring.drain(values):
        expected = plainly(finished.request, values)
        assert (finished.latent - expected).abs().max() < 3e-5 * expected.abs().max()


# the phase correction jumps where two phases are half a turn apart, so float64 may fall on the other side there
PHASE: Values = {"dcw": "double", "dcw_wavelet": "db4", "dcw_phase": flat(0.7), "dcw_multiply": flat(0.3)}


class Noted(dict[str, Any]):
    """Values that note which controls are asked for."""

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


@cache
def asked() -> set[str]:
    """The step controls that the plain sampler reads."""
    found: set[str] = set()
    for values in (*VALUES, PHASE):
        noted = Noted(values)
        for fields in REQUESTS:
            plainly(Bench(1).asked(**fields), noted)
        found |= noted.asked
    return found


@pytest.mark.parametrize("name", READ_BY_STEPS)
def test_every_step_control_of_the_table_is_compared_with_the_plain_sampler(name: str) -> None:
    assert any(name in values for values in (*VALUES, PHASE)), f"add a case to VALUES: {{{name!r}: ...}}"
    assert name in asked(), f"give the sampler of engine/step/reference.py the line that reads {name}"


@pytest.mark.parametrize("bucket", [1, 4])
@pytest.mark.parametrize("values", [*VALUES, PHASE], ids=" ".join)
def test_neighbours_leave_every_bit(values: Values, bucket: int) -> None:
    bench = Bench(8, bucket, mode="queue")
    for fields in REQUESTS[::-1]:
        bench.ring.submit(bench.asked(**fields))
    beside = {id(finished.request): finished for finished in bench.ring.drain(values)}
    for finished in beside.values():
        alone = Bench(1, bucket, executor=bench.executor)  # which prepared the request's prompts
        alone.ring.submit(finished.request)
        assert torch.equal(alone.ring.drain(values)[0].latent, finished.latent)


def test_each_row_has_its_own_values() -> None:
    """Per-slot gains, weights and guidance reach their own slot only."""
    for bucket in (1, 3):
        bench = Bench(3, bucket, mode="queue")
        request = bench.asked(second="cold", guidance_mode="full", steps=3)
        bench.ring.submit(request)
        done = []
        for k in range(12):
            if 0 < k < 3:
                bench.ring.submit(request)
            bench.ring.admit()
            scale = torch.tensor([1.0 + slot.admitted for slot in bench.ring.slots] or [1.0]).view(-1, 1, 1)
            done += bench.ring.advance(
                {"guidance": scale, "condition_weight": 0.2 * scale * CURVE, "channel_gain": GAIN / scale,
                 "guidance_momentum": scale / 8, "condition_from": scale / 12, "dcw": "double", "dcw_low": scale / 9}
            )  # fmt: skip
        assert len(done) == 3
        for finished in done:
            scale = flat(1.0 + finished.slot.admitted)
            own: Values = {
                "guidance": scale, "condition_weight": 0.2 * scale * CURVE, "channel_gain": GAIN / scale,
                "guidance_momentum": scale / 8, "condition_from": scale / 12, "dcw": "double", "dcw_low": scale / 9,
            }  # fmt: skip
            expected = plainly(request, own)
            assert (finished.latent - expected).abs().max() < 3e-5 * expected.abs().max()


def test_a_mask_keeps_its_source_to_the_bit() -> None:
    mask = torch.zeros(FRAMES)
    mask[5:9] = 1
    for values in (
        {}, {"dcw": "double", "ode_noise": flat(0.4)}, {"solver": "sde"}, {"velocity_scale": flat(0.4)},
        {"solver": "ab2", "dcw": "double"},
    ):  # fmt: skip
        bench = Bench(1)
        bench.ring.submit(bench.request(mask=mask, strength=1.0))
        latent = bench.ring.drain(values)[0].latent
        kept = mask == 0
        assert torch.equal(latent[kept], bench.source.latent[kept])
        assert (latent[~kept] - bench.source.latent[~kept]).abs().max() > 0.1


def once(values: Values, **fields: Any) -> Tensor:
    bench = Bench(1)
    bench.ring.submit(bench.asked(**fields))
    return bench.ring.drain(values)[0].latent


def test_features_without_their_part_are_off() -> None:
    plain = once({})
    assert torch.equal(plain, once({"guidance": flat(5.0)}))
    assert torch.equal(plain, once({}, guidance_mode="full"))
    assert torch.equal(plain, once({"target_strength": flat(1.0), "target_curve": flat(1.0)}))
    assert torch.equal(plain, once({"condition_weight": flat(1.0)}))
    assert torch.equal(plain, once({}, target=OTHER, second="cold"))
    assert torch.equal(plain, once({"dcw": "off", "dcw_low": flat(0.5)}))
    assert torch.equal(plain, once({"channel_gain": flat(1.0)}))
    assert torch.equal(plain, once({}, mask=torch.ones(FRAMES)))


def test_weight_1_is_the_second_prompt_alone() -> None:
    torch.testing.assert_close(once({"condition_weight": flat(1.0)}, second="cold"), once({}, prompt="cold"))


def test_target_strength_1_plays_the_target() -> None:
    for solver in ("ode", "ab2"):
        assert torch.equal(once({"target_strength": flat(1.0), "solver": solver}, target=OTHER), OTHER)


def test_a_silent_second_prompt_costs_no_forward() -> None:
    bench = Bench(1)
    forward, calls = bench.executor.forward, [0]

    def counted(*inputs: Tensor) -> Tensor:
        calls[0] += 1
        return forward(*inputs)

    bench.executor.forward = counted  # type: ignore[method-assign, assignment]
    cases: tuple[tuple[Values, dict[str, Any], int], ...] = (
        ({"condition_weight": flat(0.0)}, {"second": "cold"}, 8),
        ({"condition_weight": CURVE, "condition_from": flat(0.5)}, {"second": "cold"}, 12),
        ({"guidance": flat(2.0)}, {"guidance_mode": "full"}, 16),
        ({"guidance": flat(2.0)}, {"guidance_mode": "initialize"}, 9),
        ({"guidance": flat(2.0)}, {"guidance_mode": "self"}, 8),
    )
    for values, fields, expected in cases:
        calls[0] = 0
        bench.ring.submit(bench.asked(**fields))
        bench.ring.drain(values)
        assert calls[0] == expected


@pytest.mark.parametrize(("depth", "bucket", "forwards"), [(1, 4, 1), (3, 4, 3), (4, 3, 4), (8, 8, 3)])
def test_rows_are_packed_into_forwards(depth: int, bucket: int, forwards: int) -> None:
    bench = Bench(8, bucket, mode="queue")
    calls: list[int] = []
    forward = bench.executor.forward

    def counted(x: Tensor, *others: Tensor) -> Tensor:
        calls.append(len(x))
        return forward(x, *others)

    bench.executor.forward = counted  # type: ignore[method-assign, assignment]
    for _ in range(depth):
        bench.ring.submit(bench.asked(second="cold", guidance_mode="full"))
    for _ in range(depth):  # one admission a tick; the last one fills the ring
        calls.clear()
        bench.ring.tick({"condition_weight": flat(0.5), "guidance": flat(2.0)})
    assert calls == [bucket] * forwards


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mask": torch.ones(FRAMES + 1)}, rf"port mask.*\[{FRAMES}\]"),
        ({"mask": torch.full((FRAMES,), torch.nan)}, r"port mask.*0 to 1"),
        ({"mask": torch.full((FRAMES,), -0.5)}, r"port mask.*0 to 1"),
        ({"mask": torch.ones(FRAMES), "covers": False}, r"port mask.*no source"),
        ({"mask_growth": 0.5}, r"port mask_growth.*no mask"),
        ({"mask_growth": float("nan")}, r"port mask_growth"),
        ({"target": OTHER[:-1]}, r"port target"),
        ({"target": OTHER * torch.nan}, r"port target.*not finite"),
        ({"target_gate": 0.5}, r"port target_gate.*no target"),
        ({"target": OTHER, "target_gate": 1.5}, r"port target_gate.*0 to 1"),
        ({"guidance_mode": "loud"}, r"port guidance_mode.*off, self, initialize"),
        ({"guidance_mode": "full"}, r"port guidance_mode.*negative prompt"),
    ],
)
def test_impossible_requests(fields: dict[str, Any], says: str) -> None:
    bench = Bench(2)
    with pytest.raises(DemonError, match=says) as caught:
        bench.ring.submit(bench.request(**fields))
    assert caught.value.mend
    assert bench.ring.waiting == ()


def test_more_conditions_than_rows_are_refused() -> None:
    bench = Bench(2, rows=range(16))
    bench.ring.submit(bench.asked(second="cold"))
    with pytest.raises(DemonError, match="3 conditions where each generation has 2 prompt places"):
        bench.ring.submit(bench.asked(second="cold", guidance_mode="full"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channel_gain", torch.ones(1, 1, CHANNELS + 1)),
        ("guidance_clip", CURVE),
        ("guidance", torch.ones(1, FRAMES, CHANNELS)),
        ("condition_weight", torch.ones(2, 1, 1)),
        ("dcw", "loud"),
        ("guidance_axis", flat(1.0)),
    ],
)
def test_values_that_do_not_fit(name: str, value: Tensor | str) -> None:
    bench = Bench(2)
    bench.ring.submit(bench.request())
    with pytest.raises(DemonError, match=f"port {name}"):
        bench.ring.tick({name: value})
