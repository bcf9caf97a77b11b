"""MIDI nodes, fed by hand."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Node
from tests.support.fed_nodes import gates, levels, noise, play_fed, pole, rises


def test_notes_pass_and_glide() -> None:
    note, force, held = noise(20, 100), noise(0, 1, 2), gates()
    fed = {"note": note, "force": force, "held": held, "touch": force}
    pitch, velocity, gate, level, pressure = play_fed(
        Node("midi_notes", values={"glide": 0.2}), fed, "pitch", "velocity", "gate*", "gate**", "pressure"
    )
    np.testing.assert_allclose(pitch, pole(note, 0.2, 60.0), atol=1e-9)
    np.testing.assert_allclose(velocity, force)
    np.testing.assert_array_equal(gate, rises(held))
    np.testing.assert_array_equal(level, levels(held))
    np.testing.assert_allclose(pressure, force)
    (stepped,) = play_fed(Node("midi_notes"), fed, "pitch")
    np.testing.assert_allclose(stepped, note, atol=1e-9)


def test_each_voice_has_its_own_controls() -> None:
    for n in (1, 5, 8):
        note, force, held = noise(20, 100, n), noise(0, 1, n + 10), gates(n)
        fed = {f"note{n}": note, f"force{n}": force, f"held{n}": held}
        outs = (f"pitch_{n}", f"velocity_{n}", f"gate_{n}*", f"gate_{n}**", f"gate_{n % 8 + 1}*")
        pitch, velocity, gate, level, other = play_fed(Node("midi_voices"), fed, *outs)
        np.testing.assert_allclose(pitch, note)
        np.testing.assert_allclose(velocity, force)
        np.testing.assert_array_equal(gate, rises(held))
        np.testing.assert_array_equal(level, levels(held))
        assert not other.any()


def test_a_controller_is_smoothed_and_its_gate_is_not() -> None:
    position = noise(0, 1)
    value, gate, level = play_fed(
        Node("midi_cc", values={"smooth": 0.3}), {"position": position}, "value", "gate*", "gate**"
    )
    np.testing.assert_allclose(value, pole(position, 0.3), atol=1e-9)
    high = (np.array(position) >= 0.5).astype(float)
    np.testing.assert_array_equal(level, high)
    np.testing.assert_array_equal(gate, np.diff(high, prepend=0.0) > 0)


def test_a_bend_is_an_interval() -> None:
    wheel = noise(-1, 1)
    bend, interval = play_fed(Node("midi_bend", values={"range": 12}), {"wheel": wheel}, "bend", "semitones")
    np.testing.assert_allclose(bend, wheel)
    np.testing.assert_allclose(interval, 12 * np.array(wheel))


def test_pressure_is_smoothed() -> None:
    touch = noise(0, 1)
    (pressure,) = play_fed(Node("midi_pressure", values={"smooth": 0.5}), {"touch": touch}, "pressure")
    np.testing.assert_allclose(pressure, pole(touch, 0.5), atol=1e-9)


def test_a_clock_tells_tempo_beats_and_whether_it_runs() -> None:
    pace, run, pulse = noise(60, 180), gates(3), gates(4)
    tempo, running, beat = play_fed(
        Node("midi_clock"), {"pace": pace, "run": run, "pulse": pulse}, "tempo", "running**", "beat*"
    )
    np.testing.assert_allclose(tempo, pace)
    np.testing.assert_array_equal(running, levels(run))
    np.testing.assert_array_equal(beat, rises(pulse))
