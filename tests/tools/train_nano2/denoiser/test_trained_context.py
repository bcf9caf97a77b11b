"""What the denoiser learns from is put together as what it plays from."""

from __future__ import annotations

import numpy as np
import torch

from demon_patch.engine.families.nano2.context import context_of, with_known
from tools.train_nano2.denoiser.batches import Chances, draw_batch
from tools.train_nano2.denoiser.corpus import Song

PLAIN = Chances(twin=0, heard=0, no_hints=0, no_score=0, weighed=0, known=1, no_tags=0, few_tags=0, no_tag=0)
FRAMES = 24


def test_the_context_of_a_batch_is_that_of_the_conditioner() -> None:
    drawn = np.random.default_rng(1)
    latents, hints, score = (drawn.random((1, FRAMES, width)).astype(np.float16) for width in (64, 37, 144))
    song = Song(latents, hints, score[0], None, np.ones((1, 14), np.int64))
    batch = draw_batch([song], np.random.default_rng(2), 3, FRAMES, PLAIN)
    assert 0 < float(batch.known.mean()) < 1
    for latent, context, known in zip(batch.latent, batch.context, batch.known, strict=True):
        at = int((torch.from_numpy(latents[0].astype(np.float32)) - latent[0]).abs().sum(1).argmin())
        turned = (torch.from_numpy(np.roll(part, -at, 0).astype(np.float32)) for part in (hints[0], score[0]))
        mine = with_known(context_of(next(turned), 1.0, next(turned), 1.0), latent, 1 - known[:, 0])
        assert torch.equal(mine, context)
