"""The codec: its transform, its phase, its margins, and what it keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.phase import griffin_lim, start_phase
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
from demon_patch.engine.families.nano.train.evaluate import band_error, decoded
from demon_patch.engine.families.nano.train.measure import window_difference
from demon_patch.engine.family import Family, Source

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


def test_start_phase_is_a_function_of_the_frame_number_alone() -> None:
    whole = start_phase(torch.arange(300))
    picked = torch.tensor([299, 0, 1, 150, 299])
    rows = (picked[:, None] * 4 + torch.arange(4)).flatten()
    assert torch.equal(start_phase(picked), whole[rows])
    scatter = (whole[::4] / (2 * torch.pi)) / 0.25  # the first step of a frame has no advance
    assert scatter.min() >= 0
    assert scatter.max() < 1
    histogram = torch.histc(scatter, 16, 0, 1) / scatter.numel()
    assert (histogram - 1 / 16).abs().max() < 0.003
    assert np.corrcoef(scatter[:-1].ravel(), scatter[1:].ravel())[0, 1] == pytest.approx(0, abs=0.01)


def test_griffin_lim_makes_magnitudes_more_consistent() -> None:
    audio = torch.from_numpy(_noise(100 * HOP, 3))
    magnitude = stft(audio[None]).abs()[0]
    start = start_phase(torch.arange(25))

    def error(iterations: int) -> float:
        found = stft(griffin_lim(magnitude, start, iterations)[None]).abs()[0]
        return ((found - magnitude).norm() / magnitude.norm()).item()

    errors = [error(n) for n in (0, 2, 4, 8)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.6 * errors[0]


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


def test_windows_equal_the_whole_at_both_margins(family: Family) -> None:
    spec = family.spec
    for style, seed in (("techno", 21), ("ambient", 22), ("dnb", 23)):
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
