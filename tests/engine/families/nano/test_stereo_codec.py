"""The stereo codec: its shapes, margins, stereo image, and that its weights' file chooses it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from demon_patch.engine.contracts import Codec
from demon_patch.engine.families.nano import image
from demon_patch.engine.families.nano.attacks import Attacks
from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.codecs import load_codec
from demon_patch.engine.families.nano.grid import STEREO
from demon_patch.engine.families.nano.score import compose_score
from demon_patch.engine.families.nano.short import joined, split, spread
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.stereo_codec import FRAME, StereoCodec, synthesised
from demon_patch.engine.families.nano.stft import band_bank, istft, stft
from demon_patch.engine.families.nano.synth import Setup, render
from demon_patch.engine.families.nano.weights import save
from demon_patch.engine.sound.loudness import ReadsLoudness, frame_power
from demon_patch.errors import WeightsError

RATE, MARGIN = 48_000, 13


def music(style: str = "house", seconds: float = 4.0, seed: int = 1) -> np.ndarray:
    """[samples, 2] of our synthesizer, with a peak of half the full scale."""
    sound = render(compose_score(style, seed, seconds), Setup.draw(style, seed)).T
    return (sound * (0.5 / np.abs(sound).max())).astype(np.float32)


def stereo(mid: np.ndarray, side: np.ndarray) -> np.ndarray:
    return np.stack([mid + side, mid - side], 1).astype(np.float32)


def power(sound: np.ndarray) -> float:
    return float(np.square(sound, dtype=np.float64).mean())


@pytest.fixture(scope="module")
def codec() -> StereoCodec:
    """A codec whose components are fitted to a little music, wide, mono and panned; its network adds nothing."""
    torch.manual_seed(0)
    net = StereoCodec().eval().requires_grad_(False)
    numbers = []
    for seed, style in enumerate(("house", "ambient", "rock", "jazz", "chiptune", "trap")):
        sound = music(style, 4.0, seed)
        mid, side = sound.mean(1), (sound[:, 0] - sound[:, 1]) / 2
        for width in (1.0, -0.5, 0.0):
            for pan in (0.0, 0.7, -0.7):
                loud = 10 ** (seed % 3 / 4 - 0.4)
                both = stft(torch.from_numpy(np.stack([mid, side * width + mid * pan]) * np.float32(loud)), STEREO)
                numbers.append(net.described_sound(both[:1], both[1:])[0])
    rows = torch.cat(numbers)
    mean = rows.mean(0)
    values, vectors = torch.linalg.eigh(((rows - mean).T @ (rows - mean) / len(rows)).double())
    net.set_components(mean, values.flip(0)[:64].sqrt().float(), vectors.flip(1)[:, :64].float())
    return net


@pytest.fixture(scope="module")
def busy(codec: StereoCodec) -> StereoCodec:
    """The same with a network of random weights, which reaches as far as any."""
    net = StereoCodec().eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(5)
    state = {key: value.clone() for key, value in codec.state_dict().items()}
    for key, value in state.items():
        if "contract" in key or "out" in key:
            state[key] = 0.1 * torch.randn(value.shape, generator=generator)
    net.load_state_dict(state)
    return net


def test_it_is_a_codec_that_reads_loudness(codec: StereoCodec) -> None:
    assert isinstance(codec, ReadsLoudness)
    check: Codec = codec
    assert check is codec
    assert (codec.sample_rate, codec.channels) == (48_000, 2)


def test_shapes_and_determinism(codec: StereoCodec) -> None:
    sound = music()
    latent = codec.encode(sound)
    assert latent.shape == (len(sound) // FRAME, 64)
    assert latent.square().mean().sqrt() == pytest.approx(1.0, abs=0.4)
    frames = torch.arange(10, 40)
    first, again = (codec.decode(latent[10:40], frames) for _ in range(2))
    assert first.shape == (30 * FRAME, 2)
    assert first.dtype == torch.float32
    assert torch.equal(first, again)
    assert not torch.equal(first, codec.decode(latent[10:40], frames + 1))


@pytest.mark.parametrize("samples", [0, 1000])
def test_audio_must_be_whole_frames(codec: StereoCodec, samples: int) -> None:
    with pytest.raises(ValueError, match="whole number of frames"):
        codec.encode(np.zeros((samples, 2), np.float32))


def test_encoder_takes_its_clip_as_a_loop(codec: StereoCodec) -> None:
    sound = music()
    turned = codec.encode(np.roll(sound, 7 * FRAME, axis=0))
    assert (turned - codec.encode(sound).roll(7, 0)).abs().max() < 1e-3


def test_windows_equal_the_whole_at_the_margin(busy: StereoCodec) -> None:
    latent = busy.encode(music("rock", 6.0, 2))
    latent = latent + 0.3 * torch.randn(latent.shape, generator=torch.Generator().manual_seed(1))
    whole = busy.decode(latent, torch.arange(len(latent)))

    def error(first: int, count: int, margin: int) -> float:
        frames = torch.arange(first - margin, first + count + margin)
        part = busy.decode(latent[frames], frames)[margin * FRAME : (margin + count) * FRAME]
        return float((part - whole[first * FRAME : (first + count) * FRAME]).abs().max() / whole.abs().max())

    for first, count in ((40, 8), (53, 8), (70, 25)):
        assert error(first, count, MARGIN) < 2e-6
    assert error(40, 8, 6) > 2e-6  # so that the margin is not met by accident


def test_mono_stays_mono(codec: StereoCodec) -> None:
    mid = music("house", 4.0, 11).mean(1)
    played = codec.decode(codec.encode(stereo(mid, 0 * mid)), torch.arange(100)).numpy()
    side, middle = played[:, 0] - played[:, 1], played.sum(1)
    assert 10 * np.log10(power(side) / power(middle) + 1e-12) < -30


@pytest.mark.parametrize("pan", [-1.0, -0.6, 0.0, 0.6, 1.0])
def test_a_panned_sound_stays_where_it_is(codec: StereoCodec, pan: float) -> None:
    mid = music("rock", 4.0, 12).mean(1)
    sound = stereo(mid, pan * mid)
    played = codec.decode(codec.encode(sound), torch.arange(100)).numpy()

    def place(audio: np.ndarray) -> float:
        left, right = power(audio[:, 0]), power(audio[:, 1])
        return (left - right) / (left + right)

    assert place(played) == pytest.approx(place(sound), abs=0.15)


def test_an_image_of_true_numbers_gives_the_side_back() -> None:
    rng = np.random.default_rng(3)
    mid, other = (rng.standard_normal(96_000).astype(np.float32) * 0.1 for _ in range(2))
    for share, rest in ((0.5, 0.0), (-0.4, 0.3), (0.0, 0.6)):
        side = share * mid + rest * other
        spectra = stft(torch.from_numpy(np.stack([mid, side]).astype(np.float32)), STEREO)
        coded = image.encoded(spectra[:1], spectra[1:])[0]
        follow, beside = image.shares(coded)
        assert follow[4:-4, 2:].mean().item() == pytest.approx(share, abs=0.05)
        assert beside[4:-4, 2:].mean().item() == pytest.approx(rest, abs=0.08)
        found = spread(split(torch.from_numpy(mid), STEREO) * image.filters(coded), STEREO).numpy()
        inner = slice(9600, -9600)
        assert power(found[inner]) == pytest.approx(power(side[inner]), rel=0.2)
        assert np.mean(found[inner] * mid[inner]) == pytest.approx(share * power(mid), abs=0.08 * power(mid))


def test_the_short_transform_gives_the_samples_back() -> None:
    audio = torch.randn(48_00, generator=torch.Generator().manual_seed(0))
    for back in (joined, spread):
        assert (back(split(audio, STEREO), STEREO) - audio)[120:-120].abs().max() < 1e-5
    late = split(audio, STEREO) * torch.exp(-2j * torch.pi * torch.arange(241) * 60 / 480)  # 60 samples later
    assert (spread(late, STEREO)[240:-240] - audio[180:-300]).abs().max() < 1e-4


def test_bands_and_transform_of_its_grid() -> None:
    bank = band_bank(STEREO)
    assert bank.shape == (961, 264)
    assert torch.allclose(bank.sum(0), torch.ones(264))
    assert torch.equal(bank[:200, :200], torch.eye(200))
    audio = torch.randn(2, 16 * 480, generator=torch.Generator().manual_seed(0))
    assert (istft(stft(audio, STEREO), STEREO) - audio).abs().max() < 1e-4


def test_an_attack_stands_where_it_rises_on_both_sides() -> None:
    rng = np.random.default_rng(2)
    mid = rng.normal(0, 0.0005, 96_000)
    places = (12_000, 24_190, 36_481, 61_166)
    for at in places:
        mid[at : at + 9000] += rng.normal(0, 0.2, 9000) * np.exp(-np.arange(9000) / 2250)
    mid, side = mid.astype(np.float32), (0.5 * mid).astype(np.float32)
    spectra = stft(torch.from_numpy(np.stack([mid, side])), STEREO)
    attacks = Attacks(spectra[0].abs(), STEREO)
    assert all((attacks.at[attacks.flag] - at).abs().min() < 72 for at in places)  # 1.5 ms
    seen = image.encoded(spectra[:1], spectra[1:])[0]
    played = synthesised(spectra[0].abs(), seen, torch.arange(200)).numpy()
    gated = butter(4, (2000, 16_000), "bandpass", fs=RATE, output="sos")  # attacks are held in these bands
    for at in places:
        for channel in sosfilt(gated, played.T):
            before, behind = (power(channel[a:b]) for a, b in ((at - 720, at - 120), (at + 120, at + 720)))
            assert 10 * np.log10(before / behind) < -18


def test_loudness_is_read_from_the_latent(codec: StereoCodec) -> None:
    sound = music("jazz", 4.0, 13)
    found = codec.loudness(codec.encode(sound)).numpy()
    true = frame_power(sound, RATE, FRAME)
    assert 10 * np.log10(found.mean() / true.mean()) == pytest.approx(0, abs=2.0)


def test_the_weights_file_chooses_the_codec(codec: StereoCodec, tmp_path: Path) -> None:
    save(codec, tmp_path / "stereo.safetensors", StereoCodec.NAME, {"steps": 0})
    save(NanoCodec(), tmp_path / "mono.safetensors", NanoCodec.NAME, {"steps": 0})
    save(NanoCodec(), tmp_path / "other.safetensors", "nano-denoiser", {"steps": 0})
    assert isinstance(load_codec(tmp_path / "stereo.safetensors"), StereoCodec)
    assert isinstance(load_codec(tmp_path / "mono.safetensors", SPEC), NanoCodec)
    with pytest.raises(WeightsError, match="not of a codec"):
        load_codec(tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="48000 Hz and 2 channels"):
        load_codec(tmp_path / "stereo.safetensors", SPEC)
