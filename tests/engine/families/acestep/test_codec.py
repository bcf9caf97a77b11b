"""Windows of sound equal the same stretch of the whole, and sound is encoded as a loop by its posterior mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.acestep import codec as module
from demon_patch.engine.families.acestep.codec import HOP, AceStepCodec
from demon_patch.engine.families.acestep.spec import MARGIN
from demon_patch.engine.sound.window import decode_song, decode_window


@pytest.fixture(scope="module")
def codec(family: Family) -> AceStepCodec:
    assert isinstance(family.codec, AceStepCodec)
    return family.codec


def latent(frames: int) -> torch.Tensor:
    return torch.randn(frames, 64, generator=torch.Generator().manual_seed(1))


def test_a_decode_is_the_models_own(codec: AceStepCodec) -> None:
    whole = latent(30)
    with torch.inference_mode():
        expected = codec._vae.decode(whole.T[None]).sample[0].T
    assert torch.equal(codec.decode(whole, torch.arange(30)), expected)


def test_a_window_equals_the_whole_with_the_margin_and_not_without(codec: AceStepCodec, family: Family) -> None:
    song = latent(60)
    whole = decode_song(codec, family.spec, song)
    peak = float(whole.abs().max())
    for start, frames in ((20, 6), (57, 8), (0, 5)):
        at = torch.arange(start * HOP, (start + frames) * HOP) % len(whole)
        window = decode_window(codec, family.spec, song, start, frames)
        torch.testing.assert_close(window, whole[at], rtol=0, atol=2e-6 * peak)
    short = decode_window(codec, family.spec, song, 20, 6, MARGIN - 4)
    assert float((short - whole[20 * HOP : 26 * HOP]).abs().max()) > 1e-4 * peak


def test_a_long_latent_is_decoded_in_pieces_with_the_same_sound(
    codec: AceStepCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = codec.decode(latent(50), torch.arange(50))
    monkeypatch.setattr(module, "CHUNK", 13)
    pieces = codec.decode(latent(50), torch.arange(50))
    torch.testing.assert_close(pieces, whole, rtol=0, atol=1e-5 * float(whole.abs().max()))


def test_encoding_is_the_posterior_mean_of_a_loop_in_pieces_or_not(
    codec: AceStepCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = np.random.default_rng(2).uniform(-0.5, 0.5, (6 * HOP, 2)).astype(np.float32)
    found = codec.encode(audio)
    with torch.inference_mode():
        thrice = torch.from_numpy(np.tile(audio, (5, 1)).T.copy())[None]
        expected = codec._vae.encode(thrice).latent_dist.mean[0, :, 12:18].T
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    monkeypatch.setattr(module, "CHUNK", 4)
    torch.testing.assert_close(codec.encode(audio), found, rtol=0, atol=1e-5 * float(found.abs().max()))
    assert found.shape == (6, 64)


def test_only_whole_frames_are_encoded(codec: AceStepCodec) -> None:
    for samples in (0, HOP + 1):
        with pytest.raises(ValueError, match="whole number of frames"):
            codec.encode(np.zeros((samples, 2), np.float32))
