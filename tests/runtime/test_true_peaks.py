"""True peaks of files, of recordings and of what a device gets stay below the ceiling of the window that is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Node
from demon_patch.runtime.assets.assets import load_patch
from demon_patch.runtime.audio.timeline_memory import HELD
from demon_patch.runtime.live.recording import Recordings
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import Played, Rendering, render, write
from tests.support.hearing import Heard
from tests.support.paths import PATCHES
from tests.support.shared_song import SharedSong
from tests.support.sounds import RATE, hot, true_peak
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_live import VirtualLive
from tests.support.virtual_stage import BAR, patch, square


def peaks(path: Path) -> tuple[float, float]:
    """The true peak of a file, dBFS, and its highest sample."""
    sound, _ = soundfile.read(path, always_2d=True)
    return true_peak(sound), float(np.abs(sound).max())


@pytest.mark.parametrize("ceiling", [-0.3, -9.0])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_of_a_render(tmp_path: Path, rate: int, ceiling: float) -> None:
    loud = {"decoder": Node("decoder", values={"gain": 12.0, "limiter": ceiling})}
    heard = write(perform(patch(loud, []), Session(toy_family())), 4.0, tmp_path / "loud.wav", rate=rate)
    true, highest = peaks(tmp_path / "loud.wav")
    full = 10 ** (ceiling / 20)
    assert true <= ceiling + 0.1
    assert full / 3 < highest <= full + 1e-6
    assert len(heard) == 4 * SPEC.sample_rate
    assert true_peak(heard) <= ceiling + 0.1
    np.testing.assert_array_equal(heard, render(perform(patch(loud, []), Session(toy_family())), 4.0))


def test_the_ceiling_moves_with_the_windows_of_a_render() -> None:
    nodes, cables = square(-0.6, "decoder", "limiter")
    loud = nodes | {"decoder": Node("decoder", values={"gain": 12.0, "limiter": -2.0})}
    sound = np.abs(render(perform(patch(loud, cables), Session(toy_family())), 8.0)[:, 0])
    level = 20 * np.log10(sound[: len(sound) // 8 * 8].reshape(8, -1).max(axis=1))
    assert level.max() > -4.5
    assert level.min() < -5.5


@pytest.mark.parametrize("name", ["take.wav", "take.flac"])
def test_of_a_recording(tmp_path: Path, name: str) -> None:
    told: list[str] = []
    with Heard(SPEC) as heard:
        tapes = Recordings(heard, tmp_path, told.append)
        tapes.record(tmp_path / f"live-{name}", "")
        heard.hear(4.0, gain=6.0, ceiling=-1.5)
        tapes.stop()
        tapes.save(tmp_path / f"saved-{name}", "")
    for kind in ("live", "saved"):
        true, highest = peaks(tmp_path / f"{kind}-{name}")
        assert true <= -1.4, told
        assert 10 ** (-1.5 / 20) / 3 < highest < 1.0


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000, 96_000])
def test_of_what_a_device_gets(rate: int) -> None:
    memory = SharedSong(RATE, 1, 2 * RATE)
    try:
        memory.song.song[:] = hot()
        memory.song.ceilings[: RATE // HELD], memory.song.ceilings[RATE // HELD :] = -0.3, -9.0
        memory.timeline.playing = True
        feeder, out = memory.feeder(rate, 2), np.zeros((2 * rate // 512 * 512, 2), np.float32)
        for at in range(0, len(out), 512):
            feeder.fill()
            feeder.take(out[at : at + 512])
        assert -1.3 <= true_peak(out, rate // 10, rate - rate // 50) <= -0.2
        assert -10.0 <= true_peak(out, rate + rate // 50) <= -8.9
        kept = memory.timeline.history_end
        np.testing.assert_array_equal(memory.timeline.history_ceilings(0, RATE), np.full(RATE, np.float32(-0.3)))
        np.testing.assert_array_equal(
            memory.timeline.history_ceilings(RATE, kept)[:1000], np.full(1000, np.float32(-9.0))
        )
        np.testing.assert_array_equal(memory.timeline.history_since(RATE)[0][:1000], hot()[RATE : RATE + 1000])
    finally:
        memory.remove()


def test_the_ceiling_is_laid_with_each_window() -> None:
    nodes, cables = square(-0.6, "decoder", "limiter")
    live = VirtualLive(patch(nodes | {"decoder": Node("decoder", values={"limiter": -2.0})}, cables), 0.004)
    live.until(200)
    laid = [ceiling for _, ceiling in live.speaker.ceilings]
    assert len(laid) > 20
    assert set(laid) == {live.performer.controls.control_value("limiter", bar * BAR) for bar in range(4, 12)}
    assert len(set(laid)) == 2


def test_no_number_offline_holds_the_last_good_sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tick = Rendering.tick

    def broken(self: Rendering) -> list[Played]:
        played = tick(self)
        for sound, _ in played:
            sound[len(sound) // 2 : len(sound) // 2 + 9] = np.nan
        return played

    monkeypatch.setattr(Rendering, "tick", broken)
    sound = write(perform(patch({}, []), Session(toy_family())), 4.0, tmp_path / "held.wav")
    assert np.isfinite(sound).all()
    assert np.isfinite(soundfile.read(tmp_path / "held.wav")[0]).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first-light", "worn-tape", "three-in-eight", "swell"])
def test_of_shipped_patches(tmp_path: Path, name: str) -> None:
    session = Session.load("nano2", threads=1)
    for rate in (44_100, 48_000):
        path = tmp_path / f"{name}-{rate}.wav"
        write(perform(load_patch(PATCHES / f"{name}.dpatch.json"), session, folder=PATCHES), 16.0, path, rate=rate)
        true, highest = peaks(path)
        assert true <= -0.2
        assert highest < 1.0
