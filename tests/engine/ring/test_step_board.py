from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch

from demon_patch.engine.controls import TABLE
from demon_patch.engine.ring.slots import Completion, Slot
from demon_patch.engine.ring.step_board import Shared, check_values
from demon_patch.errors import DemonError
from tests.support.toy_family import Bench

T = 12


def number(shared: Shared, name: str) -> float:
    value = shared.snapshot()[name]
    assert isinstance(value, torch.Tensor)
    assert value.shape == (1, 1, 1)
    return value.item()


def test_values_take_their_canonical_shape() -> None:
    shared = Shared(T)
    curve = np.linspace(0, 1, T)
    for name, value in [("velocity_scale", 0.5), ("ode_noise", curve), ("source_blend", torch.from_numpy(curve))]:
        shared.write(name, value)
    shared.write("solver", "sde")
    snapshot = shared.snapshot()
    assert snapshot["solver"] == "sde"
    assert {name: tuple(v.shape) for name, v in snapshot.items() if isinstance(v, torch.Tensor)} == {
        "velocity_scale": (1, 1, 1),
        "ode_noise": (1, T, 1),
        "source_blend": (1, T, 1),
    }
    assert all(v.dtype == torch.float32 for v in snapshot.values() if isinstance(v, torch.Tensor))
    np.testing.assert_array_equal(snapshot["ode_noise"].flatten().numpy(), curve.astype(np.float32))  # type: ignore[union-attr]


def test_a_written_tensor_may_change_afterwards() -> None:
    shared, curve = Shared(T), torch.zeros(T)
    shared.write("source_blend", curve)
    curve.fill_(1)
    assert float(shared.snapshot()["source_blend"].max()) == 0  # type: ignore[union-attr]


def test_a_slew_arrives_in_a_straight_line() -> None:
    shared = Shared(T)
    shared.write("velocity_scale", 2.0, slew=4)  # from the default of 1
    assert [number(shared, "velocity_scale") for _ in range(6)] == [1.25, 1.5, 1.75, 2, 2, 2]
    shared.write("velocity_scale", 0.0, slew=4)
    assert [number(shared, "velocity_scale") for _ in range(2)] == [1.5, 1.0]
    shared.write("velocity_scale", 0.5, slew=2)  # caught on its way
    assert [number(shared, "velocity_scale") for _ in range(3)] == [0.75, 0.5, 0.5]
    shared.write("velocity_scale", 1.5, slew=1)
    assert number(shared, "velocity_scale") == 1.5
    shared.write("velocity_scale", 0.25)
    assert number(shared, "velocity_scale") == 0.25


def test_a_slew_between_a_number_and_a_curve() -> None:
    shared, curve = Shared(T), torch.linspace(0, 1, T)
    shared.write("ode_noise", 1.0)
    shared.write("ode_noise", curve, slew=2)
    half, end = (shared.snapshot()["ode_noise"] for _ in range(2))
    torch.testing.assert_close(half, (0.5 + curve / 2).view(1, T, 1))
    assert torch.equal(end, curve.view(1, T, 1))  # type: ignore[arg-type]


def test_a_snapshot_does_not_move() -> None:
    shared = Shared(T)
    shared.write("velocity_scale", 2.0, slew=4)
    first = shared.snapshot()["velocity_scale"]
    shared.snapshot()
    assert first.item() == 1.25  # type: ignore[union-attr]


def test_clear_switches_off() -> None:
    shared = Shared(T)
    shared.write("ode_noise", 0.5, slew=8)
    shared.clear("ode_noise")
    assert shared.snapshot() == {}
    shared.clear("ode_noise")


def test_every_row_of_the_table_is_taken_or_refused() -> None:
    for row in TABLE:
        shared = Shared(T)
        value = row.options[0] if row.shape == "choice" else row.hi
        if row.propagation in ("step", "late step"):
            shared.write(row.name, value)
            assert list(shared.snapshot()) == [row.name]
        else:
            with pytest.raises(DemonError, match="not a control") as caught:
                shared.write(row.name, value)
            assert caught.value.port == row.name


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("velocity", 1.0, "write one of .*source_blend, velocity_scale, ode_noise, solver"),
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
    shared = Shared(T)
    with pytest.raises(DemonError, match=says) as caught:
        shared.write(name, value)  # type: ignore[arg-type]
    assert f"port {name}" in str(caught.value)
    assert shared.snapshot() == {}


@pytest.mark.parametrize(
    ("name", "value", "slew"), [("ode_noise", 1.0, -1.0), ("ode_noise", 1.0, float("nan")), ("solver", "sde", 2.0)]
)
def test_impossible_slews(name: str, value: float | str, slew: float) -> None:
    with pytest.raises(DemonError, match="slew"):
        Shared(T).write(name, value, slew=slew)


def test_writers_in_other_threads_lose_nothing() -> None:
    shared = Shared(T)

    def write(name: str) -> None:
        for k in range(200):
            shared.write(name, k / 200, slew=k % 3)
        shared.write(name, 0.5)

    writers = [Thread(target=write, args=(name,)) for name in ("velocity_scale", "ode_noise", "source_blend")]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        for value in shared.snapshot().values():
            assert 0 <= value.item() <= 1  # type: ignore[union-attr]
    for writer in writers:
        writer.join()
    assert [v.item() for v in shared.snapshot().values()] == [0.5] * 3  # type: ignore[union-attr]


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


def test_writes_for_a_part_of_the_generations() -> None:
    slots = in_flight()  # their next steps: 3, 2, 1 of 8
    shared = Shared(T, 4)
    shared.write("velocity_scale", 0.5, steps=(2, 4))
    assert shared.snapshot() == {}
    assert shared.snapshot(slots)["velocity_scale"].flatten().tolist() == [0.5, 0.5, 1.0]  # type: ignore[union-attr]
    shared.write("velocity_scale", 0.75, ages=(0.0, 0.3))
    assert shared.snapshot(slots)["velocity_scale"].flatten().tolist() == [0.5, 0.75, 0.75]  # type: ignore[union-attr]
    shared.write("ode_noise", 0.25)
    shared.write("ode_noise", torch.linspace(0, 1, T), steps=(0, 2))
    noise = shared.snapshot(slots)["ode_noise"]
    assert isinstance(noise, torch.Tensor)
    assert noise.shape == (3, T, 1)
    assert torch.equal(noise[:2], torch.full((2, T, 1), 0.25))
    assert torch.equal(noise[2, :, 0], torch.linspace(0, 1, T))
    shared.write("ode_noise", 1.0, slew=2, steps=(0, 2))
    shared.write("velocity_scale", 2.0)  # for all: the others are gone
    values = shared.snapshot(slots)
    assert values["velocity_scale"].item() == 2.0  # type: ignore[union-attr]
    torch.testing.assert_close(values["ode_noise"][2, :, 0], 0.5 + torch.linspace(0, 0.5, T))  # type: ignore[index]
    shared.clear("ode_noise")
    assert list(shared.snapshot(slots)) == ["velocity_scale"]


def test_the_ring_gives_a_part_its_own_values() -> None:
    bench = Bench(1)
    bench.ring.shared.write("velocity_scale", 0.5, steps=(4, 8))
    bench.ring.submit(bench.request())
    mine = bench.ring.drain()[0].latent
    bench.ring.submit(bench.request())
    done: list[Completion] = []
    for step in range(8):
        done += bench.ring.tick({"velocity_scale": torch.full((1, 1, 1), 0.5 if step >= 4 else 1.0)})
    assert torch.equal(mine, done[0].latent)


@pytest.mark.parametrize(
    ("name", "value", "choice", "says"),
    [
        ("solver", "sde", {"steps": (0, 2)}, "cannot differ between generations"),
        ("ode_noise", 1.0, {"steps": (2, 2)}, "rising"),
        ("ode_noise", 1.0, {"ages": (-0.5, 1.0)}, "0 or more"),
        ("ode_noise", 1.0, {"ages": (0.0, float("nan"))}, "two numbers"),
    ],
)
def test_impossible_parts(name: str, value: float | str, choice: dict[str, Any], says: str) -> None:
    shared = Shared(T)
    with pytest.raises(DemonError, match=says):
        shared.write(name, value, **choice)
    assert shared.snapshot(in_flight(1)) == {}


def test_a_surface_has_a_number_for_each_frame_and_channel() -> None:
    shared, gains = Shared(T, 4), torch.rand(T, 4)
    shared.write("channel_gain", gains)
    assert torch.equal(shared.snapshot()["channel_gain"], gains[None])  # type: ignore[arg-type]
    shared.write("channel_gain", 2.0)
    assert shared.snapshot()["channel_gain"].shape == (1, 1, 1)  # type: ignore[union-attr]
