"""What comes out: the ring against plain float64 samplers, and its behaviour at the ends."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.step_values import step_values
from demon_patch.engine.step.reference import Values
from demon_patch.errors import DemonError
from tests.support.toy_family import FAMILY, FRAMES, Bench, plainly

CURVE = torch.linspace(0, 1, FRAMES).view(1, FRAMES, 1)
FLAT = torch.full((1, 1, 1), 0.6)


VALUES: list[Values] = [
    {},
    {"velocity_scale": FLAT},
    {"velocity_scale": 0.5 + CURVE},
    {"ode_noise": FLAT},
    {"ode_noise": CURVE, "velocity_scale": 0.5 + CURVE},
    {"source_blend": CURVE},
    {"source_blend": FLAT, "velocity_scale": 0.5 + CURVE, "ode_noise": CURVE},
    {"solver": "sde"},
    {"solver": "ode", "velocity_scale": FLAT},
    {"solver": "sde", "source_blend": CURVE},
    {"solver": "sde", "velocity_scale": 0.5 + CURVE, "ode_noise": FLAT},
    {"solver": "ab2"},
    {"solver": "ab2", "velocity_scale": 0.5 + CURVE, "ode_noise": 0 * FLAT},
    {"solver": "ab2", "ode_noise": CURVE},
    {"solver": "ab2", "source_blend": CURVE},
]
REQUESTS = [
    {},
    {"strength": 1.0, "seed": 4294967295},
    {"strength": 0.35, "shift": 4.0, "steps": 5},
    {"covers": False, "strength": 0.4},
    {"initial_noise": CURVE.flatten().flip(0)},
    {"steps": 1},
]


@pytest.mark.parametrize("bucket", [1, 3])
@pytest.mark.parametrize("values", VALUES, ids=lambda values: " ".join(values) or "plain")
def test_latents_are_those_of_the_plain_sampler(values: Values, bucket: int) -> None:
    bench = Bench(8, bucket, mode="queue")
    requests = [bench.request(**fields) for fields in REQUESTS]
    for request in requests:
        bench.ring.submit(request)
    for finished in bench.ring.drain(values):
        expected = plainly(finished.request, values)
        assert (finished.latent - expected).abs().max() < 2e-5 * expected.abs().max()


def test_per_row_values_reach_their_own_slot() -> None:
    results = []
    for bucket in (1, 4):
        bench = Bench(8, bucket)
        done = []
        for _ in range(16):
            if bench.ring.admits() and bench.ring.tick_index < 8:
                bench.ring.submit(bench.request())
            bench.ring.admit()
            scales = [0.5 + slot.admitted / 8 for slot in bench.ring.slots]
            blends = torch.stack([CURVE[0] * scale / 2 for scale in scales]) if scales else CURVE
            done += bench.ring.advance(
                {"velocity_scale": torch.tensor(scales or [1.0]).view(-1, 1, 1), "source_blend": blends}
            )
        for finished in done:
            scale = 0.5 + finished.slot.admitted / 8
            own = {"velocity_scale": torch.full((1, 1, 1), scale), "source_blend": CURVE * scale / 2}
            expected = plainly(finished.request, own)
            assert (finished.latent - expected).abs().max() < 2e-5 * expected.abs().max()
        results.append(len(done))
    assert results == [8, 8]


@pytest.mark.parametrize("strength", [0.0, 1e-7, 1e-6])
def test_strength_0_delivers_the_source_without_a_forward(strength: float) -> None:
    bench = Bench(2)
    bench.executor.forward = None  # type: ignore[method-assign, assignment]
    bench.ring.submit(bench.request(strength=strength))
    (finished,) = bench.ring.drain({"ode_noise": FLAT, "solver": "sde"})
    assert finished.tick == 7
    assert torch.equal(finished.latent, bench.source.latent)
    finished.latent.zero_()
    assert bench.source.latent.abs().max() > 0


def test_strength_0_stands_beside_others() -> None:
    values: Values = {"source_blend": CURVE, "velocity_scale": torch.tensor([0.5, 1.0, 1.5]).view(3, 1, 1)}
    bench = Bench(8, mode="queue")
    for strength in (0.9, 0.0, 0.7):
        bench.ring.submit(bench.request(strength=strength, steps=2))
    bench.ring.admit()
    done = bench.ring.advance(values) + bench.ring.advance(values)
    for finished, scale in zip(done, (0.5, 1.0, 1.5), strict=True):
        own = {"source_blend": CURVE, "velocity_scale": torch.full((1, 1, 1), scale)}
        request = finished.request
        expected = request.source.double() if request.controls.number("strength") == 0 else plainly(request, own)  # type: ignore[union-attr]
        assert (finished.latent - expected).abs().max() < 1e-5


def test_strength_is_continuous() -> None:
    latents = []
    for strength in (0.0, 2e-6, 1e-3, 0.7, 0.7001):
        bench = Bench(1)
        bench.ring.submit(bench.request(strength=strength))
        latents.append(bench.ring.drain()[0].latent)
    steps = [(b - a).abs().max().item() for a, b in pairwise(latents)]
    assert max(steps[0], steps[1] / 100, steps[3]) < 1e-3
    assert steps[2] > 0.1


def test_without_a_source_strength_acts_as_1() -> None:
    latents = []
    for strength in (0.0, 0.5, 1.0):
        bench = Bench(1)
        bench.ring.submit(bench.request(strength=strength, covers=False))
        latents.append(bench.ring.drain()[0].latent)
    assert torch.equal(latents[0], latents[2])
    assert torch.equal(latents[1], latents[2])


def test_blend_ends_are_exact() -> None:
    bench = Bench(1)
    hold = torch.zeros(1, FRAMES, 1)
    hold[:, : FRAMES // 2] = 1
    bench.ring.submit(bench.request())
    blended = bench.ring.drain({"source_blend": hold})[0].latent
    assert torch.equal(blended[FRAMES // 2 :], bench.source.latent[FRAMES // 2 :])
    bench.ring.submit(bench.request())
    generated = bench.ring.drain({"solver": "sde"})[0].latent
    assert torch.equal(blended[: FRAMES // 2], generated[: FRAMES // 2])


def test_a_tick_is_an_admission_and_an_advance() -> None:
    bench = Bench(1)
    bench.ring.submit(bench.request())
    ticked = bench.ring.drain(step_values({"velocity_scale": 0.6}, FRAMES))[0].latent
    bench.ring.submit(bench.request())
    bench.ring.admit()
    done = [finished for _ in range(8) for finished in bench.ring.advance({"velocity_scale": FLAT})]
    assert torch.equal(ticked, done[0].latent)


def test_songs_of_different_lengths_all_finish() -> None:
    def alone(frames: int) -> Tensor:
        bench = Bench(1, bucket, frames)
        bench.ring.submit(bench.request())
        return bench.ring.drain({"source_blend": torch.linspace(0, 1, frames).view(1, -1, 1)})[0].latent

    for bucket in (1, 4):
        bench = Bench(4, bucket, 24)
        other = FAMILY.conditioner.compose("bench", 40 / 25, 5)
        done = []
        for k in range(20):
            curve = torch.linspace(0, 1, 24 if k < 6 else 40).view(1, -1, 1)
            if bench.ring.admits():
                if k >= 6:
                    bench.source = other
                bench.ring.submit(bench.request())
            done += bench.ring.tick({"source_blend": curve})
        lengths = [finished.latent.shape[0] for finished in done]
        assert lengths[:3] == [24, 24, 24]
        assert set(lengths[3:]) == {40}
        assert torch.equal(done[-1].latent, alone(40))


def test_delivered_latents_are_kept_for_ever() -> None:
    bench = Bench(8)
    kept, copies = [], []
    for k in range(40):
        bench.ring.submit(bench.request(seed=k))
        for finished in bench.ring.tick():
            kept.append(finished.latent[3:9])  # a view, while the latent itself is let go
            copies.append(finished.latent[3:9].clone())
    assert len(kept) == 33
    assert all(torch.equal(view, copy) for view, copy in zip(kept, copies, strict=True))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"strength": float("nan")}, r"port strength.*0 to 1"),
        ({"strength": 1.5}, r"port strength.*0 to 1"),
        ({"steps": 0}, r"port steps.*1 to 100"),
        ({"steps": 8.5}, r"port steps.*1 to 100"),
        ({"shift": 0.0}, r"port shift.*1 to 6"),
        ({"seed": -1}, r"port seed"),
        ({"seed": 2**32}, r"port seed"),
        ({"initial_noise": torch.ones(FRAMES + 1)}, rf"port initial_noise.*\[{FRAMES}\]"),
        ({"initial_noise": torch.full((FRAMES,), 1.5)}, r"port initial_noise.*0 to 1"),
        ({"initial_noise": torch.full((FRAMES,), torch.nan)}, r"port initial_noise.*0 to 1"),
    ],
)
def test_impossible_requests(fields: dict[str, object], says: str) -> None:
    bench = Bench(2)
    with pytest.raises(DemonError, match=says) as caught:
        bench.ring.submit(bench.request(**fields))
    assert caught.value.mend
    assert bench.ring.waiting == ()


def test_tensors_that_do_not_fit() -> None:
    bench = Bench(2)
    good = bench.request()
    source = bench.source.latent
    for context, latent, port in [
        (good.context[:-1], source, "source"),
        (good.context, source[:, :-1], "source"),
        (good.context, source.double(), "source"),
        (good.context[:, :-1], source, "context"),
        (good.context[:0], None, "context"),
        (good.context[0, 0], None, "context"),
    ]:
        with pytest.raises(DemonError, match=f"port {port}"):
            bench.ring.submit(Request(good.conditioning, context, latent, good.controls))


def test_conditioning_of_older_weights_is_refused() -> None:
    bench = Bench(2)
    old = bench.request()
    bench.ring.submit(old)
    bench.executor.weights_changed()
    with pytest.raises(DemonError, match="prepare the prompt again"):
        bench.ring.submit(old)
    bench.ring.tick({})  # what waited was prepared again
    assert [slot.request for slot in bench.ring.slots] == [old]
    bench.ring.submit(old)
    assert len(bench.ring.drain({})) == 2


@pytest.mark.parametrize("bucket", [1, 2])
@pytest.mark.parametrize("tick", range(8))
def test_a_failing_forward_loses_no_work(tick: int, bucket: int) -> None:
    bench = Bench(8, bucket, mode="queue")
    for seed, strength in enumerate([0.9, 0.0, 0.8, 0.7, 1.0]):
        bench.ring.submit(bench.request(seed=seed, strength=strength, steps=4))
    done = [finished for _ in range(tick) for finished in bench.ring.tick({})]
    forward, calls = bench.executor.forward, [0]

    def fails(*inputs: Tensor) -> Tensor:
        calls[0] += 1
        if calls[0] == 2:
            raise MemoryError
        return forward(*inputs)

    bench.executor.forward = fails  # type: ignore[method-assign, assignment]
    for _ in range(3):
        try:
            done += bench.ring.tick({})
        except MemoryError:
            continue
    done += bench.ring.drain({})
    assert sorted(finished.request.controls.whole("seed") for finished in done) == list(range(5))
    for finished in done:
        request = finished.request
        expected = plainly(request, {}) if request.controls.number("strength") else request.source
        assert expected is not None
        assert (finished.latent - expected).abs().max() < 1e-5


def test_bad_values_are_refused_before_any_step() -> None:
    bench = Bench(2)
    bench.ring.submit(bench.request())
    bench.ring.tick({})
    (slot,) = bench.ring.slots
    with pytest.raises(DemonError, match="not a control"):
        bench.ring.tick({"strength": FLAT})
    with pytest.raises(DemonError, match="port velocity_scale"):
        bench.ring.tick({"velocity_scale": torch.ones(2, 1, 1)})
    assert slot.step == 1
