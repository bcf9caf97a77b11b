from __future__ import annotations

from threading import Thread

import numpy as np
import pytest
import torch

from demon_patch.engine.controls import TABLE
from demon_patch.engine.shared import Shared, check_values
from demon_patch.errors import DemonError

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
        if row.propagation in ("step", "late step") and row.since is None:
            shared.write(row.name, value)
            assert list(shared.snapshot()) == [row.name]
        else:
            planned = row.since is not None and row.propagation in ("step", "late step")
            with pytest.raises(DemonError, match=f"comes with {row.since}" if planned else "not a control") as caught:
                shared.write(row.name, value)
            assert caught.value.port == row.name


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("velocity", 1.0, "write one of source_blend, velocity_scale, ode_noise, solver"),
        ("guidance", 1.0, "comes with 0.2"),
        ("velocity_scale", float("nan"), "nan is not a number from 0 to 2"),
        ("velocity_scale", float("inf"), "from 0 to 2"),
        ("velocity_scale", 2.5, "from 0 to 2"),
        ("velocity_scale", "loud", "from 0 to 2"),
        ("velocity_scale", None, "from 0 to 2"),
        ("velocity_scale", torch.tensor(3.0), "from 0 to 2"),
        ("ode_noise", [0.0] * (T - 1) + [1.5], r"frame 11"),
        ("ode_noise", [float("nan")] + [0.0] * (T - 1), r"frame 0"),
        ("source_blend", [0.0] * (T + 1), "13.*12 frames.*12 numbers"),
        ("source_blend", torch.zeros(1, T), "12 frames"),
        ("source_blend", [], "12 frames"),
        ("solver", "heun", "choose ode or sde"),
        ("solver", 1.0, "choose ode or sde"),
    ],
)
def test_bad_writes_name_the_control_and_the_mend(name: str, value: object, says: str) -> None:
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
