"""The transcriber: its shapes, its columns, and, once its weights ship, that it hears a scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from demon_patch.engine.families import nano
from demon_patch.engine.families.nano.score import SCORE_CHANNELS
from demon_patch.engine.families.nano.score.roll import BASS, DRUMS, LEAD, LEAD_LOW, ROLL, ROLL_LOW
from demon_patch.engine.families.nano.transcriber import FILE, features, load_transcriber
from demon_patch.engine.families.nano.transcriber.transcriber import KEYS, Transcriber
from demon_patch.engine.families.nano.weights import save
from demon_patch.errors import WeightsError

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def tone(key: int, seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * 48_000)) / 48_000
    hertz = 440 * 2 ** ((key - 69) / 12)
    wave = sum(np.sin(2 * np.pi * hertz * h * time) / h**1.5 for h in range(1, 7))
    return 0.2 * wave * np.minimum(time / 0.005, 1) * np.exp(-time * 2) * np.minimum((seconds - time) / 0.01, 1)


def scale() -> np.ndarray:
    """[samples, 2]: eight notes of half a second."""
    mono = np.concatenate([tone(key, 0.48) for key in SCALE]).astype(np.float32)
    return np.stack([mono, mono], 1)


@pytest.fixture(scope="module")
def net() -> Transcriber:
    torch.manual_seed(0)
    return Transcriber().eval().requires_grad_(False)


def test_pitch_bands_peak_at_the_key_and_its_harmonics() -> None:
    for key in (40, 60, 77):
        sound = torch.from_numpy(tone(key, 1.2).astype(np.float32))[None]
        pitches, short = features.features(sound)
        assert pitches.shape == (1, 2, 30, 336)
        assert short.shape == (1, 120, 48)
        for window in (0, 1) if key > 50 else (0,):
            bands = pitches[0, window, 8]
            at = (key - features.LOWEST) * features.THIRDS + 1
            near = bands[at - 6 : at + 7]
            assert abs(int(near.argmax()) - 6) <= (0 if key > 50 else 1)


def test_features_of_a_loop_turn_with_it_and_have_no_loudness() -> None:
    sound = torch.from_numpy(scale()[:, 0].copy())[None]
    first = features.features(sound, cyclic=True)
    turned = features.features(sound.roll(5 * 1920, 1), cyclic=True)
    louder = features.features(sound * 3, cyclic=True)
    assert (turned[0] - first[0].roll(5, 2)).abs().max() < 1e-3
    assert (turned[1] - first[1].roll(20, 1)).abs().max() < 1e-3
    assert all((a - b).abs().max() < 1e-3 for a, b in zip(louder, first, strict=True))


def test_shapes_columns_and_determinism(net: Transcriber) -> None:
    assert sum(value.numel() for value in net.parameters()) < 1_000_000
    audio = scale()
    hints = net.hints(audio)
    assert hints.shape == (len(audio) // 1920, SCORE_CHANNELS)
    assert hints.dtype == np.float32
    assert np.array_equal(hints, net.hints(audio))
    assert KEYS == LEAD_LOW + 48 - ROLL_LOW
    turned = net.heard(np.roll(audio, 9 * 1920, 0)).start
    assert (turned - net.heard(audio).start.roll(9, 1)).abs().max() < 1e-2


def test_bass_columns_are_pitch_classes(net: Transcriber) -> None:
    pitches, short = torch.randn(1, 2, 6, 336), torch.randn(1, 24, 48)
    heads = torch.zeros(1, 6, KEYS, 9)
    heads[..., 6] = -5.0
    heads[0, 3, 36 - ROLL_LOW, 6] = 5.0  # key 36 is a C
    net_heads = net.heads
    try:
        net.heads = torch.nn.Identity()
        net._keys = lambda *_: heads  # type: ignore[method-assign]
        start, _, _ = net(pitches, short)
    finally:
        net.heads = net_heads
        del net._keys
    assert torch.nonzero(start[0, :, BASS] > 0).tolist() == [[3, 0]]


def test_starts_are_the_first_of_the_highest(net: Transcriber) -> None:
    log_odds = torch.full((1, 20, SCORE_CHANNELS), -5.0)
    log_odds[0, 4:7, ROLL.start + 3] = torch.tensor([1.0, 3.0, 2.0])
    log_odds[0, 10:12, LEAD.start] = 1.0
    log_odds[0, 15, DRUMS.start + 0] = 2.0
    log_odds[0, 15, DRUMS.start + 6] = 1.0  # the same drum a quarter of a frame later
    found = torch.nonzero(net.starts(log_odds)[0]).tolist()
    assert found == [[5, ROLL.start + 3], [10, LEAD.start], [15, DRUMS.start]]


def test_audio_must_be_whole_frames(net: Transcriber) -> None:
    with pytest.raises(ValueError, match="whole number of frames"):
        net.hints(np.zeros((1000, 2), np.float32))


def test_weights_are_optional_and_checked(net: Transcriber, tmp_path: Path) -> None:
    assert load_transcriber(tmp_path) is None
    save(net, tmp_path / FILE, Transcriber.NAME, {"steps": 0})
    found = load_transcriber(tmp_path)
    assert found is not None
    heard, again = found.heard(scale()), net.heard(scale())
    assert (heard.start - again.start).abs().max() < 0.05
    (tmp_path / FILE).write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="damaged"):
        load_transcriber(tmp_path)


def test_shipped_weights_hear_a_scale() -> None:
    found = load_transcriber(nano.WEIGHTS)
    shipped = (nano.WEIGHTS / FILE).exists()
    assert (found is not None) == shipped  # until weights ship, there is nothing to hear with, and nobody claims it
    if found is None:
        return
    hints = found.hints(scale())
    starts = found.starts(found.heard(scale()).start)[0, :, ROLL].numpy()
    for place, key in enumerate(SCALE):
        frames = slice(place * 12, place * 12 + 2)
        assert starts[frames, key - ROLL_LOW].any(), f"key {key}"
    assert starts.sum() <= 12
    assert hints[:, DRUMS].max() < 1.01
