"""The codec: its transform, its phase, its margins, and what it keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from demon_patch.engine.contracts import Family, Source
from demon_patch.engine.families.nano.attacks import Attacks
from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.phase import ANCHOR, anchored, frequencies, sound
from demon_patch.engine.families.nano.stft import (
    BINS,
    HOP,
    WINDOW,
    band_bank,
    band_to_bin,
    from_log,
    istft,
    stft,
    to_log,
)
from tools.train_nano.evaluate import band_error, decoded
from tools.train_nano.measure import window_difference

REFERENCE = np.load(Path(__file__).parent / "reference.npz")


def _noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1


@pytest.mark.parametrize("cyclic", [False, True])
def test_transform_equals_a_plain_one_in_float64(cyclic: bool) -> None:
    audio = _noise(20 * HOP).astype(np.float64)
    edge = (WINDOW - HOP) // 2
    padded = np.pad(audio, edge, mode="wrap" if cyclic else "constant")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    plain = np.stack([np.fft.rfft(padded[i * HOP : i * HOP + WINDOW] * hann) * 2 / WINDOW for i in range(20)])
    found = stft(torch.from_numpy(audio.astype(np.float32))[None], cyclic=cyclic)[0].numpy()
    assert np.abs(found - plain).max() < 1e-6


def test_inverse_transform_gives_the_samples_back() -> None:
    audio = torch.from_numpy(_noise(3 * 16 * HOP).reshape(3, -1))
    assert (istft(stft(audio)) - audio).abs().max() < 1e-5


def test_logarithmic_scale_is_inverted_and_never_negative() -> None:
    magnitude = torch.tensor([0.0, 1e-5, 1e-3, 0.5])
    assert (from_log(to_log(magnitude)) - magnitude).abs().max() < 1e-6
    assert from_log(torch.tensor([-9.0])) == 0


def test_bands_cover_all_bins_and_are_interpolated_back() -> None:
    bank = band_bank()
    assert torch.allclose(bank.sum(0), torch.ones(bank.shape[1]))
    assert (bank.sum(1) > 0).all()
    assert torch.allclose(band_to_bin().sum(0), torch.ones(BINS), atol=1e-6)


def _tone(hertz: float, samples: int) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(samples) / 32_000)).astype(np.float32)


@pytest.mark.parametrize("hertz", [110.0, 441.3, 1234.5, 2998.0])
def test_frequencies_are_those_of_the_partials(hertz: float) -> None:
    magnitude = stft(torch.from_numpy(_tone(hertz, 40 * HOP))[None]).abs()[0]
    found = frequencies(magnitude)
    near = round(hertz * WINDOW / 32_000)
    assert (found[8:-8, near - 2 : near + 3] - hertz).abs().max() < 1.5
    assert found[20, near + 60] == (near + 60) * 25  # far from any peak a bin has its own


def test_phase_depends_on_absolute_steps_alone_and_begins_again_at_the_seam() -> None:
    hertz = 25.0 * torch.arange(BINS) + torch.rand(800, BINS, generator=torch.Generator().manual_seed(1))
    whole = anchored(hertz, torch.arange(800))
    for first, n in ((96, 64), (131, 90)):  # from an anchor on, and from between two: there from the next one on
        part = anchored(hertz[first : first + n], torch.arange(first, first + n))
        inner = slice(-first % ANCHOR, (first + n - 1) // ANCHOR * ANCHOR - first)  # from anchor to anchor
        turn = (part[inner] - whole[first : first + n][inner]) / (2 * torch.pi)
        assert (turn - turn.round()).abs().max() < 1e-4
    round_it = torch.cat([hertz[760:], hertz[:60]])
    steps = torch.cat([torch.arange(760, 800), torch.arange(60)])
    turn = (anchored(round_it, steps)[40:88] - whole[:48]) / (2 * torch.pi)
    assert (turn - turn.round()).abs().max() < 1e-4


def test_a_steady_tone_stays_exactly_steady() -> None:
    audio = torch.from_numpy(_tone(400.0, 200 * HOP))
    magnitude = stft(audio[None]).abs()[0]
    found = sound(magnitude, torch.arange(200)).numpy()[8 * HOP : -8 * HOP]
    level = np.sqrt((found.reshape(-1, HOP) ** 2).mean(axis=1))
    assert 20 * np.log10(level.max() / level.min()) < 0.1
    spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found))))
    beside = np.delete(spectrum, np.arange(spectrum.argmax() - 12, spectrum.argmax() + 13))
    assert 20 * np.log10(beside.max() / spectrum.max()) < -45


def test_an_attack_stands_where_it_rises() -> None:
    rng = np.random.default_rng(2)
    audio = rng.normal(0, 0.0005, 200 * HOP)
    for at in (8000, 16_123, 24_321, 40_777):
        audio[at : at + 6000] += rng.normal(0, 0.2, 6000) * np.exp(-np.arange(6000) / 1500)
    audio = audio.astype(np.float32)
    magnitude = stft(torch.from_numpy(audio)[None]).abs()[0]
    attacks = Attacks(magnitude)
    times = attacks.at[attacks.flag]
    assert len(times) == 3 * 4
    assert all((times - at).abs().min() < 48 for at in (8000, 16_123, 24_321, 40_777))  # 1.5 ms
    found = sound(magnitude, torch.arange(200)).numpy()
    for at in (8000, 16_123, 24_321, 40_777):
        before, behind = ((found[a:b] ** 2).mean() for a, b in ((at - 480, at - 80), (at + 80, at + 480)))
        assert 10 * np.log10(before / behind) < -18


def test_decoder_equals_the_reference(family: Family) -> None:
    assert isinstance(family.codec, NanoCodec)
    latent = torch.from_numpy(REFERENCE["latent"]).float()
    found = family.codec.log_magnitude(latent[None])[0, :, ::8].numpy()
    assert np.abs(found - REFERENCE["log_magnitude"]).max() < 1e-5 * np.abs(REFERENCE["log_magnitude"]).max()


def test_shapes_and_determinism(family: Family, song: Source) -> None:
    assert song.latent.shape == (200, 64)
    frames = torch.arange(20, 30)
    first, second = (family.codec.decode(song.latent[20:30], frames) for _ in range(2))
    assert first.shape == (10 * family.spec.samples_per_frame, 1)
    assert first.dtype == torch.float32
    assert torch.equal(first, second)
    elsewhere = family.codec.decode(song.latent[20:30], frames + 1)
    assert not torch.equal(first, elsewhere)


@pytest.mark.parametrize("samples", [0, 1000])
def test_audio_must_be_whole_frames(family: Family, samples: int) -> None:
    with pytest.raises(ValueError, match="whole number of frames"):
        family.codec.encode(np.zeros((samples, 1), np.float32))


def test_encoder_takes_its_clip_as_a_loop(family: Family, song: Source) -> None:
    turned = np.roll(song.audio, 7 * family.spec.samples_per_frame, axis=0)
    assert (family.codec.encode(turned) - song.latent.roll(7, 0)).abs().max() < 1e-4


def test_codec_keeps_the_spectrum(family: Family, song: Source) -> None:
    assert band_error(song.audio[:, 0], decoded(family, song.latent)) < 2.2


@pytest.mark.parametrize(
    ("style", "seed"),
    [
        ("techno", 21),
        pytest.param("ambient", 22, marks=pytest.mark.slow),
        pytest.param("dnb", 23, marks=pytest.mark.slow),
    ],
)
def test_windows_equal_the_whole_at_both_margins(family: Family, style: str, seed: int) -> None:
    spec = family.spec
    clean = family.conditioner.compose(style, 8.0, seed).latent
    noisy = clean + 0.3 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    for latent in (clean, noisy):
        for start, length in ((90, 8), (len(latent) - 4, 8), (0, 25)):
            peak, _ = window_difference(family, latent, start, length, spec.exact_margin)
            assert peak < 2e-6
            _, decibels = window_difference(family, latent, start, length, spec.playing_margin)
            assert decibels < -80
    peak, decibels = window_difference(family, noisy, 90, 8, spec.playing_margin - 4)
    assert peak > 2e-6
    assert decibels > -80  # so that the margins above are not met by accident
