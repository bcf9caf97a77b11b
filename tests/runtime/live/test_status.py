"""The meters of a live performance show what is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demon_patch.runtime.audio.feeder import Feeder
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.songs import Songs
from demon_patch.runtime.live.status import Meter, sound_fields

RATE = 32_000
QUIET = -120.0


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AudioLink]:
    """A link whose process is not started: its work is done by the test."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made = AudioLink(RATE, 2, 2 * RATE, None)
    yield made
    made.close()


def played(link: AudioLink, levels: tuple[float, float], ceiling: float) -> np.ndarray:
    """Has a real feeder play a tone of a level for each channel, under a ceiling in dBFS; returns what was heard."""
    wave = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)[:, None] * np.array(levels)
    block = wave[np.arange(-100, RATE + 300)].astype(np.float32)
    link.lay(0, block, 100, ceiling=ceiling)
    link.lay(RATE, block, 100, ceiling=ceiling)
    link.set_playing(True)
    memory = link._memory
    feeder = Feeder(memory, Songs(memory, SongMemory(Path(link._songs.playing.path))), RATE, 2, memory.frontier)
    out = np.zeros((RATE, 2), np.float32)
    for at in range(0, len(out), 320):
        feeder.fill(320)
        feeder.take(out[at : at + 320])
    return out[RATE // 2 :]  # without the fade at the beginning


def decibels(level: float) -> float:
    return max(20 * float(np.log10(max(level, 1e-6))), QUIET)


@pytest.mark.parametrize(("level", "ceiling"), [(4.0, -6.0), (4.0, -1.0), (0.25, -6.0), (0.0, -1.0)])
def test_peak_and_rms_are_of_the_limited_sound(link: AudioLink, level: float, ceiling: float) -> None:
    played(link, (level, level), ceiling)
    meter = Meter(link)
    meter.read()
    heard = played(link, (level, level), ceiling)
    shown = sound_fields(link, meter)
    assert shown["peak_db"] == pytest.approx(decibels(float(np.abs(heard).max())), abs=0.2)
    assert shown["rms_db"] == pytest.approx(decibels(float(np.sqrt(np.mean(heard**2)))), abs=0.2)
    if level:
        assert shown["rms_db"] == pytest.approx(min(decibels(level), ceiling) - 3.01, abs=0.2)


def test_peak_is_the_loudest_channel_and_rms_is_of_all(link: AudioLink) -> None:
    played(link, (0.5, 0.125), -1.0)
    meter = Meter(link)
    meter.read()
    played(link, (0.5, 0.125), -1.0)
    shown = sound_fields(link, meter)
    assert [peak for peak, _ in shown["levels"]] == pytest.approx([decibels(0.5), decibels(0.125)], abs=0.2)  # type: ignore[attr-defined]
    assert shown["peak_db"] == pytest.approx(decibels(0.5), abs=0.2)
    assert shown["rms_db"] == pytest.approx(decibels(np.sqrt((0.25 + 1 / 64) / 4)), abs=0.2)


def test_meters_follow_a_ceiling_that_moves_and_are_low_before_any_sound(link: AudioLink) -> None:
    meter = Meter(link)
    shown = sound_fields(link, meter)
    assert shown["rms_db"] == shown["peak_db"] == QUIET
    for ceiling in (-6.0, -12.0):
        played(link, (4.0, 4.0), ceiling)
        meter.read()
        played(link, (4.0, 4.0), ceiling)
        assert sound_fields(link, meter)["rms_db"] == pytest.approx(ceiling - 3.01, abs=0.2)
