"""How often a control is taken, and remarks on what moves faster than that can follow."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families import spec_of
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.rates import Movement, Rates, too_fast, when_taken
from tests.support.virtual_stage import patch

NANO = spec_of("nano")
T = np.arange(400) / 25


def moved(
    shape: str, rate: float, port: str, depth: int = 4, node: str = "scheduler", steps: int = 8, **values: object
) -> list[str]:
    """What is remarked on a patch with an LFO, in cycles a beat at 120 bpm, over a control."""
    nodes = {"lfo": Node("lfo", values={"shape": shape, "sync": "beats", "rate": rate}),
             "state": Node("step_state"), "blend": Node("source_blend")}  # fmt: skip
    wire = Cable("lfo", "out", node, port, mode="add", depth=0.4)
    return [str(remark) for remark in too_fast(patch(nodes, [wire], depth=depth, steps=steps, **values), CATALOGUE)]


def test_rates_follow_from_the_nominal_tick() -> None:
    rates = Rates.nominal(NANO, 4, 8)
    assert rates.step == pytest.approx(25 / 6)
    assert rates.generation == pytest.approx(25 / 12)  # 8 steps of 6 frames, 4 at a time
    assert (rates.frame, rates.window) == (25.0, pytest.approx(3.125))
    assert Rates.nominal(NANO, 1, 8).generation == pytest.approx(25 / 16)
    assert Rates.nominal(NANO, 4, 4).generation == pytest.approx(25 / 6)
    assert Rates.nominal(NANO, 8, 4).generation == pytest.approx(25 / 12)  # a tick begins one generation at most
    assert Rates.nominal(NANO, 4, 8, "8 s").step >= 2 * rates.step


def test_every_control_is_taken_as_its_class_says() -> None:
    found = {name: when_taken(row) for name, row in CONTROLS.items()}
    assert found["noise_drift"] is None
    assert (found["strength"], found["guidance_rescale"], found["lora_strength"]) == ("generation", "step", "step")
    assert {found[n] for n in ("mask", "source_blend", "velocity_scale", "target_strength", "channel_gain")} == {
        "frame"
    }
    assert (found["gain"], found["depth"], found["prompt"], found["window"]) == ("window", None, None, None)


def test_one_cycle_a_beat_on_strength_is_more_than_a_generation_follows() -> None:
    """At 120 bpm 2 Hz, with four in flight a generation every 0.48 s: it follows up to 1.04 Hz."""
    (said,) = moved("sine", 1.0, "strength")
    for words in ("node scheduler", "port strength", "2 times a second", "2.08", "up to 1 ", "source blend"):
        assert words in said
    assert moved("sine", 0.5, "strength") == []
    assert moved("triangle", 1.0, "strength") != []
    assert moved("sine", 0.5, "strength", depth=1) != []  # 1.56 a second
    assert moved("sine", 1.0, "strength", steps=4) == []  # 4.17 a second


def test_steps_that_a_patch_leaves_out_are_the_familys() -> None:
    """nano's are 4: with four in flight it follows up to 2.08 Hz."""
    for rate, remarks in ((1.0, 0), (1.2, 1)):
        nodes = {"lfo": Node("lfo", values={"sync": "beats", "rate": rate})}
        cable = Cable("lfo", "out", "scheduler", "strength", mode="add", depth=0.4)
        assert len(list(too_fast(patch(nodes, [cable], depth=4), CATALOGUE))) == remarks


@pytest.mark.parametrize(
    ("node", "port", "rate", "follows"),
    [
        ("blend", "source_blend", 4.0, True), ("state", "velocity_scale", 4.0, True),
        ("state", "dcw_multiply", 1.0, True), ("state", "dcw_multiply", 1.5, False),
        ("decoder", "gain", 0.7, True), ("decoder", "gain", 1.0, False), ("decoder", "gain", 5.5, False),
    ],
)  # fmt: skip
def test_each_class_has_its_own_limit(node: str, port: str, rate: float, follows: bool) -> None:
    nodes = {"lfo": Node("lfo", values={"sync": "beats", "rate": rate}),
             "state": Node("step_state", values={"dcw": "low"}), "blend": Node("source_blend")}  # fmt: skip
    cable = Cable("lfo", "out", node, port, mode="add", depth=0.4)
    found = list(too_fast(patch(nodes, [cable], depth=4, steps=8), CATALOGUE))
    assert (found == []) is follows
    assert all((remark.node, remark.port) == (node, port) for remark in found)


def test_what_is_too_fast_for_control_frames_does_not_hide() -> None:
    assert moved("sine", 12.5, "strength") != []  # 25 Hz: equal in every frame, but for its phase
    assert moved("sine", 12.0, "source_blend", node="blend") != []


def test_jumps_are_remarked_on_only_where_generations_cannot_begin_on_them() -> None:
    assert moved("square", 0.5, "strength") == []  # every beat
    assert moved("saw", 1.0, "strength") == []
    (said,) = moved("square", 1.0, "strength")
    assert "jumps" in said
    assert "slow it down to 2.1" in said


@pytest.mark.parametrize(
    ("port", "depth", "rate", "remarks"),
    [
        ("seed", 2e-9, 1.0, 1), ("seed", 5e-10, 2.0, 1), ("seed", 0.4, 0.1, 1), ("steps", 0.1, 1.5, 1),
        ("seed", 2e-9, 0.02, 0), ("seed", 1e-11, 5.0, 0), ("steps", 0.1, 0.1, 0),
    ],
)  # fmt: skip
def test_whole_numbers_that_change_too_often_are_remarked_on_however_small_their_range(
    port: str, depth: float, rate: float, remarks: int
) -> None:
    """A seed that turns by 9 numbers moves a billionth of its range, and each of them is another noise."""
    nodes = {"lfo": Node("lfo", values={"rate": rate})}
    cable = Cable("lfo", "out", "scheduler", port, mode="add", depth=depth)
    found = [str(remark) for remark in too_fast(patch(nodes, [cable], depth=4, steps=8, seed=100), CATALOGUE)]
    assert len(found) == remarks
    assert all(f"port {port}: it jumps up to" in said for said in found)


def test_a_remark_on_jumps_tells_how_soon_they_follow_each_other() -> None:
    """Also where it rests between them: half of these steps are equal to the one before."""
    values = {"v1": 1.0, "v3": 0.7, "v5": 0.2, "v8": 1.0, "beats": 0.5}
    cable = Cable("seq", "out", "scheduler", "strength", mode="add", depth=0.6)
    (said,) = too_fast(patch({"seq": Node("step_sequencer", values=values)}, [cable], depth=4, steps=8), CATALOGUE)
    jumps = float(str(said).split("it jumps up to ")[1].split()[0])
    assert jumps == pytest.approx(4, rel=0.06)  # in whole frames
    assert "strength" not in str(said).split("follow:")[1]  # it is no advice for itself


def test_what_is_taken_by_the_step_is_told_that_generations_begin_on_jumps() -> None:
    cable = Cable("lfo", "out", "state", "dcw_multiply", mode="add", depth=0.4)
    nodes = {"lfo": Node("lfo", values={"shape": "square", "rate": 1.8}),
             "state": Node("step_state", values={"dcw": "low"})}  # fmt: skip
    (said,) = too_fast(patch(nodes, [cable], depth=4, steps=8), CATALOGUE)
    assert "taken once a step, 4.17 times a second, and a generation begins on a jump at most 2.1 times" in str(said)


def test_a_sequencer_with_a_glide_on_the_beat_and_what_is_held_are_right() -> None:
    steps = {f"v{i + 1}": (i * 5 % 8) / 8 for i in range(8)}
    nodes = {"seq": Node("step_sequencer", values={**steps, "glide": 0.1}), "wheel": Node("midi_cc")}
    for src, out in (("seq", "out"), ("wheel", "value")):
        cable = Cable(src, out, "scheduler", "strength", mode="add", depth=0.8)
        assert [str(remark) for remark in too_fast(patch(nodes, [cable]), CATALOGUE)] == []


@pytest.mark.parametrize("hertz", [0.25, 1.0, 2.5, 6.0])
def test_a_movement_is_counted_in_cycles_without_its_jumps(hertz: float) -> None:
    sine = Movement.measured(0.5 + 0.4 * np.sin(2 * np.pi * hertz * T + 0.3), 25.0)
    assert sine.cycles == pytest.approx(hertz, abs=0.1)
    saw = Movement.measured((hertz * T + 0.01) % 1, 25.0)
    assert saw.cycles == 0
    assert len(saw.jumps) == pytest.approx(16 * hertz, abs=1)
    both = Movement.measured(0.5 + 0.1 * np.sin(2 * np.pi * T) + np.where(T % 1 < 0.5, 0.3, 0.0), 25.0)
    assert both.cycles == pytest.approx(1.0, abs=0.15)
    assert Movement.measured(0.5 + 0.01 * np.sin(2 * np.pi * hertz * T), 25.0).cycles == 0
