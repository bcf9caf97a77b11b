"""The audio process on a real audio server: what is in the song is what the card hears, where and when it should be."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.timeline_memory import CLOCK
from demon_patch.runtime.graph.route import Route
from tests.support import jack_server
from tests.support.listening import Ear, bits, ear, noise, place, playback_latency, recorded, undisturbed
from tests.support.sounds import true_peak

RATE = jack_server.RATE


@pytest.fixture
def song() -> np.ndarray:
    return noise(6 * RATE)


@pytest.mark.usefixtures("card")
def test_five_seconds_are_heard_bit_for_bit_and_kept(tmp_path: Path, song: np.ndarray) -> None:
    heard = kept = np.zeros((0, 1))

    def trial(link: AudioLink) -> None:
        nonlocal heard, kept
        heard, kept = recorded(tmp_path / "heard.wav", 5.0), link.history(4.0)

    state = undisturbed(RATE, song, trial)
    whole = bits(song[:, 0])
    at = place(whole, heard[:4096, 0])
    assert at >= 0
    expected = whole[(at + np.arange(len(heard))) % len(whole)]
    assert len(heard) >= 4.9 * RATE
    np.testing.assert_array_equal(heard, np.stack([expected, expected], axis=1))
    assert (state.device, state.rate, state.channels, state.restarts, state.lost) == ("system", RATE, 2, 0, False)
    first = place(song[:, 0], kept[:4096, 0])
    assert len(kept) == 4 * RATE
    np.testing.assert_array_equal(kept[:, 0], song[(first + np.arange(len(kept))) % len(song), 0])


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("rate", [32_000, 44_100])
def test_another_rate_is_converted(tmp_path: Path, rate: int) -> None:
    tones, t = (440, 3000, 9000), np.arange(rate) / rate
    song = np.sum([0.2 * np.sin(2 * np.pi * f * t) for f in tones], axis=0).astype(np.float32)[:, None]
    heard = np.zeros(0)

    def trial(_: AudioLink) -> None:
        nonlocal heard
        heard = recorded(tmp_path / "heard.wav", 2.0)[:, 0] / 32_767

    undisturbed(rate, song, trial)
    t = np.arange(len(heard)) / RATE
    waves = np.stack([wave(2 * np.pi * f * t) for f in tones for wave in (np.sin, np.cos)], axis=1)
    weights = np.linalg.lstsq(waves, heard, rcond=None)[0]
    np.testing.assert_allclose(np.hypot(weights[::2], weights[1::2]), 0.2, rtol=2e-3)
    assert np.std(heard - waves @ weights) < 1e-4  # 68 dB under the tones, 16 bits and all


@pytest.mark.usefixtures("card")
def test_seek_and_loop_land_on_their_samples(tmp_path: Path, song: np.ndarray) -> None:
    at, route = 0, Route.of_song(len(song))

    def trial(link: AudioLink) -> None:
        nonlocal at, route
        with ear(tmp_path / "heard.npz", 3.0):
            at = link.frontier + RATE
            route = Route.of_song(len(song)).seek(at, 250_007).loop(at + RATE // 2, 260_001, 280_003)
            link.set_route(route)

    undisturbed(RATE, song, trial)
    heard, whole = Ear(tmp_path / "heard.npz").sound, song[:, 0]
    first = RATE // 2  # the listener is connected by then
    timeline = place(whole, heard[first : first + 4096]) + np.arange(len(heard) - first)  # it is in its first lap
    wrong = timeline[heard[first:] != whole[route.positions(int(timeline[0]), len(timeline))]]
    assert np.all((wrong >= at) & (wrong < at + RATE // 200))  # the fade of the seek, and nothing else
    assert timeline[0] < at < timeline[-1] - RATE  # the region was gone round


@pytest.mark.usefixtures("card")
def test_the_playhead_is_what_passes_the_loudspeaker(tmp_path: Path, song: np.ndarray) -> None:
    """Against a second JACK client with the same clock, which hears every frame before the way to the loudspeaker."""
    way, said = 0.0, np.zeros((0, 2))

    def trial(link: AudioLink) -> None:
        nonlocal way, said
        told: list[tuple[float, float]] = []
        with ear(tmp_path / "heard.npz", 3.0) as listening:
            way = playback_latency()
            while listening.poll() is None:
                told.append((CLOCK(), link.playhead()))
                time.sleep(0.005)
        said = np.array(told)

    undisturbed(RATE, song, trial)
    heard, first = Ear(tmp_path / "heard.npz"), RATE
    said = said[(said[:, 0] > heard.time_of(first) + way) & (said[:, 0] < heard.time_of(2.9 * RATE))]
    frames = (said[:, 0] - way - heard.time_of(first)) * RATE
    errors = (said[:, 1] - place(song[:, 0], heard.sound[first : first + 4096]) - frames) / RATE
    assert len(errors) > 100
    assert np.abs(errors).max() < 0.003
    assert np.ptp(errors) < 0.002
    assert np.all(np.diff(said[:, 1]) >= 0)


@pytest.mark.usefixtures("card")
def test_a_device_that_is_not_there_is_told_by_name() -> None:
    with (
        AudioLink(RATE, 1, RATE, device="no such card") as link,
        pytest.raises(DeviceError, match="no such card") as told,
    ):
        link.start()
    assert "system" in told.value.mend


@pytest.mark.usefixtures("card")
def test_the_process_is_small_and_ends_with_its_host() -> None:
    with AudioLink(32_000, 1, 24 * 32_000) as link:
        link.start()
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > 32_000)
        pid, path = link.pid, link._memory.path
        loaded = Path(f"/proc/{pid}/maps")
        if loaded.exists():
            assert "libtorch" not in loaded.read_text()
            status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            assert int(status["RssAnon"].split()[0]) < 60_000  # kB, beside what is mapped from files and shared
    assert not path.exists()
    assert "PortAudio" not in jack_server.ports()
    if loaded.parent.parent.exists():
        assert subprocess.run(["ps", "-p", str(pid)], capture_output=True, check=False).returncode != 0


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("rate", [32_000, RATE])
def test_what_is_too_loud_is_limited_at_the_rate_of_the_card(tmp_path: Path, rate: int) -> None:
    song, heard = np.random.default_rng(2).normal(0, 0.7, (4 * rate, 1)).astype(np.float32), np.zeros(0)

    def trial(_: AudioLink) -> None:
        nonlocal heard
        heard = recorded(tmp_path / "heard.wav", 3.0)[:, 0] / 32_768

    undisturbed(rate, song, trial)
    full = 10 ** (-0.3 / 20)
    assert true_peak(heard) <= -0.2
    assert full / 3 < np.abs(heard).max() <= full + 1e-4
