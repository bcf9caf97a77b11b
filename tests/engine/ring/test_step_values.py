from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from demon_patch.engine.controls import TABLE
from demon_patch.engine.ring.slot import Completion, Slot
from demon_patch.engine.ring.step_values import STEP_CONTROLS, check_values, slewed, step_values
from demon_patch.engine.step.step_window import narrowed, step_window
from demon_patch.errors import DemonError
from tests.support.toy_family import Bench

T = 12


def test_values_take_their_canonical_shape() -> None:
    curve = np.linspace(0, 1, T)
    given = {"velocity_scale": 0.5, "ode_noise": curve, "source_blend": torch.from_numpy(curve), "solver": "sde"}
    snapshot = step_values(given, T)
    assert snapshot["solver"] == "sde"
    assert {name: tuple(v.shape) for name, v in snapshot.items() if isinstance(v, torch.Tensor)} == {
        "velocity_scale": (1, 1, 1),
        "ode_noise": (1, T, 1),
        "source_blend": (1, T, 1),
    }
    assert all(v.dtype == torch.float32 for v in snapshot.values() if isinstance(v, torch.Tensor))
    np.testing.assert_array_equal(snapshot["ode_noise"].flatten().numpy(), curve.astype(np.float32))  # type: ignore[union-attr]


def test_a_written_tensor_may_change_afterwards() -> None:
    curve = torch.zeros(T)
    values = step_values({"source_blend": curve}, T)
    curve.fill_(1)
    assert float(values["source_blend"].max()) == 0  # type: ignore[union-attr]


def test_every_row_of_the_table_is_taken_or_refused() -> None:
    for row in TABLE:
        value = row.options[0] if row.shape == "choice" else row.hi
        if row.propagation in ("step", "late step"):
            assert list(step_values({row.name: value}, T)) == [row.name]
        else:
            with pytest.raises(DemonError, match="not a control") as caught:
                step_values({row.name: value}, T)
            assert caught.value.port == row.name


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("velocity", 1.0, f"write one of {', '.join(row.name for row in TABLE if row.every_step)}\\)$"),
        ("guidance", 15.5, "15.5 is not a number from 0 to 15"),
        ("guidance_momentum", [0.0] * T, "give one number"),
        ("channel_gain", torch.ones(T, 5), f"{T} frames"),
        ("channel_gain", torch.full((T, 1), torch.nan), "frame 0"),
        ("condition_weight", [0.0, 2.0] * (T // 2), "frame 1"),
        ("target_curve", [0.0] * (T - 1) + [float("inf")], "frame 11"),
        ("dcw", "bands", "choose off, low, high, double or pix"),
        ("dcw_wavelet", "db8", "choose haar or db4"),
        ("velocity_scale", float("nan"), "nan is not a number from 0 to 2"),
        ("velocity_scale", None, "from 0 to 2"),
        ("velocity_scale", torch.tensor(3.0), "from 0 to 2"),
        ("source_blend", [0.0] * (T + 1), "13.*12 frames.*12 numbers"),
        ("source_blend", torch.zeros(1, T), "12 frames"),
        ("source_blend", [], "12 frames"),
    ],
)
def test_what_bad_writes_are_told(name: str, value: object, says: str) -> None:
    with pytest.raises(DemonError, match=says) as caught:
        step_values({name: value}, T)
    assert f"port {name}" in str(caught.value)


def test_values_of_a_tick_are_checked() -> None:
    check_values({"source_blend": torch.ones(3, T, 1), "solver": "sde", "ode_noise": torch.ones(1, 1, 1)}, 3)
    for name, value, says in [
        ("source_blend", torch.ones(2, T, 1), "1 or 3"),
        ("source_blend", torch.ones(1, 0, 1), "1 or 3"),
        ("source_blend", torch.ones(1, T, 1).double(), "float64.*give a float32"),
        ("source_blend", torch.ones(T), "1 or 3"),
        ("source_blend", torch.ones(1, T, 4), "1 or 3"),
        ("ode_noise", "sde", "1 or 3"),
        ("solver", torch.ones(1, 1, 1), "choose"),
        ("strength", torch.ones(1, 1, 1), "not a control that every step reads"),
    ]:
        with pytest.raises(DemonError, match=says):
            check_values({name: value}, 3)


def in_flight(steps: int = 3) -> list[Slot]:
    """Slots whose next steps are `steps` down to 1, of 8."""
    bench = Bench(8, mode="queue")
    for _ in range(steps):
        bench.ring.submit(bench.request())
        bench.ring.tick({})
    return list(bench.ring.slots)


def test_a_step_window_acts_in_its_steps_only() -> None:
    slots = in_flight()  # their next steps: 3, 2, 1 of 8
    values = step_values({"velocity_scale": 0.5, "ode_noise": torch.linspace(0, 1, T), "solver": "sde"}, T, 4)
    inside = [step_window(2, 4, slot.step) for slot in slots]
    found = narrowed(values, ["velocity_scale", "solver", "dcw_low"], inside)
    assert found["velocity_scale"].flatten().tolist() == [0.5, 0.5, 1.0]  # type: ignore[union-attr]
    assert found["ode_noise"] is values["ode_noise"]
    assert found["solver"] == "sde"
    ages = [step_window(0.0, 0.3, slot.stage) for slot in slots]
    assert ages == [False, True, True]
    noise = narrowed(values, ["ode_noise"], ages)["ode_noise"]
    assert isinstance(noise, torch.Tensor)
    assert noise.shape == (3, T, 1)
    assert torch.equal(noise[0], torch.zeros(T, 1))
    assert torch.equal(noise[1:], torch.linspace(0, 1, T).view(1, T, 1).expand(2, T, 1))


def test_a_step_window_ends_before_its_end_and_may_be_empty() -> None:
    assert [step_window(2, 4, step) for step in range(6)] == [False, False, True, True, False, False]
    assert not any(step_window(0.5, 0.5, k / 8) or step_window(0.75, 0.25, k / 8) for k in range(9))


def test_the_ring_gives_a_part_its_own_values() -> None:
    bench, values = Bench(1), step_values({"velocity_scale": 0.5}, T)
    bench.ring.submit(bench.request())
    bench.ring.admit()
    mine: list[Completion] = []
    for _ in range(8):
        inside = [step_window(4, 8, slot.step) for slot in bench.ring.slots]
        mine += bench.ring.advance(narrowed(values, values, inside))
    bench.ring.submit(bench.request())
    done: list[Completion] = []
    for step in range(8):
        done += bench.ring.tick({"velocity_scale": torch.full((1, 1, 1), 0.5 if step >= 4 else 1.0)})
    assert torch.equal(mine[0].latent, done[0].latent)


def slew(monkeypatch: pytest.MonkeyPatch, name: str, ticks: float) -> None:
    monkeypatch.setitem(STEP_CONTROLS, name, replace(STEP_CONTROLS[name], slew=ticks))


def test_no_control_of_the_table_slews() -> None:
    values = step_values({"velocity_scale": 0.5}, T)
    assert [row.name for row in TABLE if row.slew] == []
    assert slewed(values, in_flight()) is values


def test_a_slew_arrives_in_a_straight_line(monkeypatch: pytest.MonkeyPatch) -> None:
    slew(monkeypatch, "velocity_scale", 8)  # a quarter a tick, over 0 to 2
    slots = in_flight(2)

    def told(*goals: float) -> list[float]:
        value = slewed({"velocity_scale": torch.tensor(goals).view(-1, 1, 1), "solver": "sde"}, slots)["velocity_scale"]
        assert isinstance(value, torch.Tensor)
        assert value.shape == (2, 1, 1)
        return value.flatten().tolist()

    assert told(1.0) == [1.0, 1.0]  # a generation begins with what is given
    assert [told(2.0, 0.5) for _ in range(5)] == [[1.25, 0.75], [1.5, 0.5], [1.75, 0.5], [2.0, 0.5], [2.0, 0.5]]
    slots = [slots[1], in_flight(1)[0]]  # another one takes its place
    assert told(0.0) == [0.25, 0.0]


def test_a_slew_between_a_number_and_a_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    slew(monkeypatch, "ode_noise", 2)
    slots, curve = in_flight(1), torch.linspace(0, 1, T).view(1, T, 1)
    slewed({"ode_noise": torch.ones(1, 1, 1)}, slots)
    half, end = (slewed({"ode_noise": curve}, slots)["ode_noise"] for _ in range(2))
    torch.testing.assert_close(half, curve.clamp(min=0.5))
    assert torch.equal(end, curve)  # type: ignore[arg-type]
    other = torch.zeros(1, T + 2, 1)  # of another song
    assert torch.equal(slewed({"ode_noise": other}, slots)["ode_noise"], other)  # type: ignore[arg-type]


def test_the_ring_slews(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(values: list[float]) -> torch.Tensor:
        bench = Bench(1)
        bench.ring.submit(bench.request())
        return next(done for v in values for done in bench.ring.tick(step_values({"velocity_scale": v}, T))).latent

    by_hand = made([1.0, 0.75, 0.5, *[0.5] * 5])
    assert not torch.equal(made([1.0, *[0.5] * 7]), by_hand)
    slew(monkeypatch, "velocity_scale", 8)
    assert torch.equal(made([1.0, *[0.5] * 7]), by_hand)


def test_a_surface_has_a_number_for_each_frame_and_channel() -> None:
    gains = torch.rand(T, 4)
    assert torch.equal(step_values({"channel_gain": gains}, T, 4)["channel_gain"], gains[None])  # type: ignore[arg-type]
    assert step_values({"channel_gain": 2.0}, T, 4)["channel_gain"].shape == (1, 1, 1)  # type: ignore[union-attr]
