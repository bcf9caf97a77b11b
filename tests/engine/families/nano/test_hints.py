"""Structure hints: what they measure, and that a clip is a loop."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.contracts import Source
from demon_patch.engine.families.nano.hints import structure_hints

RATE, FRAME = 32000, 1280


def test_a_turned_loop_has_turned_hints(song: Source) -> None:
    audio = song.audio[:, 0]
    hints = structure_hints(audio)
    assert hints.shape == (200, 37)
    assert hints.dtype == np.float32
    assert np.abs(structure_hints(np.roll(audio, 31 * FRAME)) - np.roll(hints, 31, axis=0)).max() < 1e-4


@pytest.mark.parametrize(("frequency", "first", "pitch_class"), [(440.0, 0, 9), (261.63, 0, 0), (82.41, 12, 4)])
def test_chroma_names_the_note(frequency: float, first: int, pitch_class: int) -> None:
    tone = 0.3 * np.sin(2 * np.pi * frequency * np.arange(50 * FRAME) / RATE)
    chroma = structure_hints(tone)[:, first : first + 12]
    assert (chroma[2:-2].argmax(1) == pitch_class).all()


def test_onsets_stand_where_the_clicks_are() -> None:
    audio = np.random.default_rng(0).standard_normal(100 * FRAME) * 1e-4
    for frame in (10, 60):
        audio[frame * FRAME : frame * FRAME + 2000] += np.random.default_rng(1).standard_normal(2000) * 0.3
    onsets = structure_hints(audio)[:, 24:36].reshape(100, 3, 4).sum(2)
    for band in range(3):
        assert {int(frame) for frame in np.argsort(onsets[:, band])[-2:]} <= {9, 10, 59, 60}


def test_silence_is_finite_and_quiet() -> None:
    hints = structure_hints(np.zeros(20 * FRAME))
    assert np.isfinite(hints).all()
    assert np.abs(hints[:, :36]).max() == 0
    loud = structure_hints(np.full(20 * FRAME, 0.5))
    assert (loud[:, 36] > hints[:, 36]).all()


def test_hints_do_not_depend_on_the_sample_rate() -> None:
    def sound(rate: int) -> np.ndarray:
        at = np.arange(4 * rate) / rate
        beat = np.exp(-(at % 0.5) / 0.1)
        return beat * sum(0.1 * np.sin(2 * np.pi * hertz * at) for hertz in (110.0, 261.63, 329.63, 7000.0))

    slow, fast = structure_hints(sound(32_000)), structure_hints(sound(48_000), 48_000)
    assert slow.shape == fast.shape == (100, 37)
    assert np.corrcoef(slow.ravel(), fast.ravel())[0, 1] > 0.995
