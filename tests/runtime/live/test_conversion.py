"""The sound of a model at another rate and on other channels than what plays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
import soundfile
import soxr

from demon_patch.engine.session import Session
from demon_patch.engine.sound.crossfade import half_fade
from demon_patch.errors import DemonError
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.sound_format import SoundFormat
from demon_patch.runtime.graph.route import Route
from demon_patch.runtime.live.conversion import Conversion
from demon_patch.runtime.live.song_speaker import SongSpeaker
from tests.support.hearing import until
from tests.support.opened_songs import LOUD, SILENT, SOFT, B, Played
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import BAR

MONO = replace(SPEC, sample_rate=32_000)
PER, SECONDS, WINDOW = MONO.samples_per_frame, 4, 8  # a window is 8 latent frames


@pytest.fixture
def link() -> Iterator[AudioLink]:
    with closing(AudioLink(48_000, 2, SECONDS * 48_000)) as made:
        yield made


def test_a_song_laid_window_by_window_is_that_of_the_whole_sound(link: AudioLink) -> None:
    time = np.arange(SECONDS * 32_000) / 32_000
    song = sum(0.2 * np.sin(2 * np.pi * hertz * time) for hertz in (110.0, 1_000.0, 9_000.0))
    song = np.asarray(song, np.float32)[:, None]
    speaker, half = SongSpeaker(link, link.song, MONO, heard=True), half_fade(32_000)
    for start in range(0, SECONDS * 25, WINDOW):
        place = np.arange(start * PER - half, (start + WINDOW) * PER + 3 * half)
        speaker.lay(start * PER, song[place % len(song)], half, 0, len(song))
    heard, whole = link.read(0, link.samples), soxr.resample(song[:, 0], 32_000, 48_000)
    assert np.array_equal(heard[:, 0], heard[:, 1])
    assert np.abs(heard[2_000:-2_000, 0] - whole[2_000:-2_000]).max() < 2e-4  # -70 dB below the peak


def test_places_are_those_of_the_model(link: AudioLink) -> None:
    speaker = SongSpeaker(link, link.song, MONO, heard=True)
    speaker.set_route(Route.of_song(SECONDS * 25, 25).scaled(PER))
    speaker.begin_at(9_600)
    assert link.route == Route.of_song(SECONDS * 48_000, 48_000, 9_600)
    assert speaker.sample_at(50) == 9_600 + 96_000
    assert speaker.frontier == -6_400  # nothing is read yet
    assert speaker.playhead() == pytest.approx(-6_400)
    assert speaker.frame == pytest.approx(-5.0)


@pytest.mark.parametrize(
    ("channels", "of", "heard"), [(2, 1, [0.5, 0.5]), (1, 2, [0.25]), (2, 2, [0.5, 0.0]), (1, 1, [0.5])]
)
def test_channels_are_doubled_or_mixed(channels: int, of: int, heard: list[float]) -> None:
    conversion = Conversion(replace(MONO, channels=of), SoundFormat(32_000, channels))
    sound = np.zeros((64, of), np.float32)
    sound[:, 0] = 0.5
    assert np.array_equal(conversion.sound(sound), np.tile(np.float32(heard), (64, 1)))


def test_the_same_format_stays_bit_for_bit() -> None:
    sound = np.random.default_rng(1).standard_normal((512, 1)).astype(np.float32)
    assert np.array_equal(Conversion(MONO, SoundFormat(32_000, 1)).sound(sound), sound)


def test_a_rate_whose_frames_are_no_whole_samples_is_refused() -> None:
    with pytest.raises(DemonError, match="Toy makes sound of 22050 Hz, which cannot be joined to what plays at 48000"):
        Conversion(replace(SPEC, sample_rate=22_050), SoundFormat(48_000, 2))


class TwoRates(Played):
    """The first song is at 24 kHz, those that are opened are at 16."""

    def load(self, name: str) -> Session:
        session = super().load(name)
        return Session(toy_family(960)) if len(self.models) == 1 else session


def test_a_song_of_another_rate_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    played = TwoRates(tmp_path, sound_format=SoundFormat(24_000, 2))
    with played.host as host:
        host.start()
        until(lambda: host.status.begun and host.status.seconds > 0.5, host.status)
        host.record(tmp_path / "take.wav")
        assert played.over(host.load(B)).stage == "playing"
        played.later(2.0)
        assert (host.performer.spec.sample_rate, host.link.format) == (16_000, SoundFormat(24_000, 2))
        assert host.heard(perf_counter()).frame == pytest.approx(host.tick_loop.now, abs=25)
        sound, at = host.link.history(120.0), host.playing.speaker.start
        host.stop_recording()
    assert at % (BAR * 960) == 0
    power = np.square(sound[: len(sound) // 960 * 960]).mean(1).reshape(-1, 960).mean(1)
    level = 10 * np.log10(power + 1e-18)
    before, after = level[at // 960 - 25 : at // 960], level[at // 960 + 1 : at // 960 + 26]
    assert before.mean() - after.mean() == pytest.approx(LOUD - SOFT, abs=4.0)
    assert level[10:].min() > SILENT  # no gap anywhere
    recorded, rate = soundfile.read(tmp_path / "take.wav")
    assert (rate, recorded.shape[1]) == (48_000, 2)
    assert len(recorded) > 2 * at
