"""The recording where the latent is its own, and decoded sound at the clip's loudness elsewhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from demon_patch.engine.contracts import Source
from demon_patch.engine.session import Session
from demon_patch.engine.sound.dry_path import Cover, Covered
from demon_patch.engine.sound.loudness import frame_power, k_weight

FRAMES = 200
MARGIN = 2e-6  # of the peak: windows at the exact margin


@pytest.fixture(scope="module")
def session() -> Session:
    return Session.load("nano", threads=1)


@pytest.fixture(scope="module")
def clips(session: Session) -> tuple[Source, Source]:
    return session.compose("house, a minor", seconds=8, seed=1), session.compose("dub, d minor", seconds=8, seed=2)


def power(session: Session, sound: np.ndarray) -> float:
    spec = session.spec
    return float(frame_power(sound, spec.sample_rate, spec.samples_per_frame).mean())


def decibels(ratio: float) -> float:
    return 10.0 * float(np.log10(ratio))


@pytest.mark.parametrize("hertz", [60.0, 400.0, 997.0, 5000.0])
def test_the_power_of_a_sine_is_what_the_weighting_leaves_of_it(hertz: float) -> None:
    t = np.arange(64_000) / 32_000
    sine = np.repeat(np.sin(2 * np.pi * hertz * t)[:, None], 2, axis=1).astype(np.float32)
    expected = k_weight(np.array([hertz]))[0]  # half a channel, two channels
    np.testing.assert_allclose(frame_power(sine, 32_000, 1280), expected, rtol=0.03)


def test_the_weighting_is_that_of_the_recommendation() -> None:
    # Of ITU-R BS.1770-5, by its 48 kHz coefficients: 0.691 dB less at 997 Hz than here, where it is 0 dB.
    decibels_at = 10 * np.log10(k_weight(np.array([20.0, 100.0, 997.0, 2000.0, 10_000.0])))
    np.testing.assert_allclose(decibels_at, [-14.1, -1.8, 0.0, 2.0, 3.4], atol=0.4)


def test_a_latent_of_the_clip_sounds_as_the_recording(session: Session, clips: tuple[Source, Source]) -> None:
    clip = clips[0]
    heard = session.covered(clip.latent, clip)
    np.testing.assert_array_equal(heard.sound(0, FRAMES), clip.audio)
    at = np.arange(190 * 1280, 210 * 1280) % len(clip.audio)  # round the seam
    np.testing.assert_array_equal(heard.sound(190, 20), clip.audio[at])


def test_frames_that_are_the_clips_own_sound_as_the_recording_beside_others(
    session: Session, clips: tuple[Source, Source]
) -> None:
    clip, other = clips
    latent = clip.latent.clone()
    latent[60:120] = other.latent[60:120]
    sound = session.covered(latent, clip).sound(0, FRAMES)
    own = np.r_[0 : 59 * 1280, 121 * 1280 : FRAMES * 1280]
    np.testing.assert_array_equal(sound[own], clip.audio[own])
    assert np.abs(sound - clip.audio)[70 * 1280 : 110 * 1280].max() > 0.05


def test_the_recording_leaves_as_the_latent_does(session: Session, clips: tuple[Source, Source]) -> None:
    clip, other = clips
    alike = []
    for share in (0.0, 0.1, 0.2, 0.3, 0.5, 1.0):
        sound = session.covered(torch.lerp(clip.latent, other.latent, share), clip).sound(0, FRAMES)
        alike.append(float(np.corrcoef(sound[:, 0], clip.audio[:, 0])[0, 1]))
    assert alike[0] > 1 - 1e-9
    assert all(b < a + 0.02 for a, b in pairwise(alike))
    assert alike[-1] < 0.3


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 1.0])
def test_it_is_as_loud_as_the_clip(session: Session, clips: tuple[Source, Source], share: float) -> None:
    clip, other = clips
    quiet = Source(other.latent, other.hints, other.audio)
    heard = session.covered(torch.lerp(clip.latent, quiet.latent, share), clip).sound(0, FRAMES)
    assert abs(decibels(power(session, heard) / power(session, clip.audio))) < 1.0


def test_without_match_and_dry_the_latent_is_only_decoded(session: Session, clips: tuple[Source, Source]) -> None:
    clip, other = clips
    latent = torch.lerp(clip.latent, other.latent, 0.2)
    plain = session.decode(latent, start=40, frames=8)
    np.testing.assert_array_equal(session.covered(latent, clip).sound(40, 8, dry=0.0, match=False), plain)
    np.testing.assert_array_equal(session.covered(latent, None).sound(40, 8), plain)


@pytest.mark.parametrize("match", [True, False])
@pytest.mark.parametrize("dry", [0.0, 0.4, 1.0])
def test_windows_are_the_whole(session: Session, clips: tuple[Source, Source], dry: float, match: bool) -> None:
    clip, other = clips
    ramp = torch.linspace(0, 0.5, FRAMES)[:, None]
    heard = session.covered(torch.lerp(clip.latent, other.latent, ramp), clip)
    exact = session.spec.exact_margin
    whole = heard.sound(0, FRAMES, dry=dry, match=match, margin=exact)
    for start, frames in ((0, 8), (37, 8), (195, 10), (120, 3)):
        at = np.arange(start * 1280, (start + frames) * 1280) % len(whole)
        window = heard.sound(start, frames, dry=dry, match=match, margin=exact)
        assert np.abs(window - whole[at]).max() <= MARGIN * np.abs(whole).max()
        played = heard.sound(start, frames, dry=dry, match=match)
        assert np.abs(played - whole[at]).max() <= 1e-4 * np.abs(whole).max()


def test_a_mix_of_clips_is_covered_by_the_mix_of_their_recordings(
    session: Session, clips: tuple[Source, Source]
) -> None:
    one, two = clips
    cover = Cover(((one, 0.25), (two, 0.75)))
    heard = session.covered(0.25 * one.latent + 0.75 * two.latent, cover).sound(0, FRAMES)
    np.testing.assert_allclose(heard, 0.25 * one.audio + 0.75 * two.audio, atol=1e-6)


class Reads:
    """A codec of known loudness."""

    def __init__(self, power: np.ndarray) -> None:
        self.power = torch.from_numpy(power)

    def loudness(self, latent: torch.Tensor) -> torch.Tensor:
        return self.power


def test_music_that_moves_otherwise_than_its_source_is_as_loud_on_average(
    session: Session, clips: tuple[Source, Source]
) -> None:
    """Twelve pairs of random levels that have nothing in common, compared over 3 s: with one pass of match they are too
    soft by 0.4 dB."""
    clip, other = clips
    plain = frame_power(clip.audio, 32_000, 1280)
    apart = []
    for seed in range(12):
        noise = gaussian_filter1d(np.random.default_rng(seed).standard_normal((2, FRAMES)), 3, mode="wrap")
        wanted, found = 10.0 ** (-2.5 + 0.5 * noise / noise.std(axis=1, keepdims=True))
        sound = (clip.audio * np.repeat(np.sqrt(wanted / plain), 1280)[:, None]).astype(np.float32)
        source = Source(other.latent, other.hints, sound)
        gain = Covered(Reads(found), session.spec, clip.latent, Cover(((source, 1.0),))).gain
        heard, own = (
            uniform_filter1d(power, 75, mode="wrap") for power in (gain**2 * found, frame_power(sound, 32_000, 1280))
        )
        apart.append(float(np.mean(10 * np.log10(heard / own))))
    assert abs(np.mean(apart)) < 0.2


def test_nothing_is_made_louder_or_softer_than_may_be(session: Session, clips: tuple[Source, Source]) -> None:
    clip = clips[0]
    for silence in (np.zeros_like(clip.audio), 20 * clip.audio):
        other = Source(clip.latent + 3.0, clip.hints, silence.astype(np.float32))
        gain = Covered(session.family.codec, session.spec, clip.latent, Cover(((other, 1.0),))).gain
        assert np.isfinite(gain).all()
        assert 0.25 <= gain.min() <= gain.max() <= 4.0
