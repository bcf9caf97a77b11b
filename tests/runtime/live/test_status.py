"""The meters of a live performance show what is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demon_patch.engine.sound.output_stage import OutputStage
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.live.status import METER_SECONDS, sound_fields

RATE = 32_000


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AudioLink]:
    """A link whose process is not started: what it keeps is put there by the test."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made = AudioLink(RATE, 1, 8 * RATE, None)
    yield made
    made.close()


def tone(level: float, seconds: float = 1.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)[:, None]


def decibels(level: float) -> float:
    return 20 * float(np.log10(level))


@pytest.mark.parametrize(("level", "ceiling"), [(4.0, -6.0), (4.0, -1.0), (0.25, -6.0), (0.0, -1.0)])
def test_peak_and_rms_are_of_the_limited_sound(link: AudioLink, level: float, ceiling: float) -> None:
    link._memory.append_history(tone(level), ceilings=np.full(RATE, ceiling, np.float32))
    shown = sound_fields(link, RATE)
    stage = OutputStage(RATE, RATE, 1)
    heard = np.concatenate([stage.push(tone(level), ceiling), stage.finish()])[-round(METER_SECONDS * RATE) :]
    rms = max(float(np.sqrt(np.mean(heard**2))), 1e-6)
    assert shown["rms_db"] == pytest.approx(decibels(rms), abs=0.01)
    assert shown["peak_db"] == pytest.approx(decibels(max(float(np.abs(heard).max()), 1e-6)), abs=0.01)
    if level:
        assert shown["rms_db"] == pytest.approx(min(decibels(level), ceiling) - 3.01, abs=0.1)


def test_meters_follow_a_ceiling_that_moves_and_are_low_before_any_sound(link: AudioLink) -> None:
    assert sound_fields(link, RATE)["rms_db"] == sound_fields(link, RATE)["peak_db"] == -120.0
    for ceiling in (-6.0, -12.0):
        link._memory.append_history(tone(4.0), ceilings=np.full(RATE, ceiling, np.float32))
        assert sound_fields(link, RATE)["rms_db"] == pytest.approx(ceiling - 3.01, abs=0.1)
