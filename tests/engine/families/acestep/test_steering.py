"""ACE-Step 1.5 is steered at each of its blocks, whose number and width the checkpoint says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from demon_patch.engine.contracts import Family
from demon_patch.engine.families import steering_shape_of
from demon_patch.engine.lora.effect import effect_of_steering
from demon_patch.engine.session import Session
from demon_patch.engine.steering.file import write
from demon_patch.engine.steering.find import REACH, of_prompts
from demon_patch.engine.steering.vector import shape_of
from demon_patch.errors import WeightsError
from tests.support import tiny_acestep as tiny


def test_the_checkpoint_says_its_blocks(
    family: Family, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(models))
    assert steering_shape_of(tiny.NAME) == shape_of(family.denoiser) == (3, 16)
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(tmp_path))
    with pytest.raises(WeightsError, match="not on this machine"):
        steering_shape_of(tiny.NAME)


def test_a_direction_is_found_and_steers_by_its_depth(family: Family, tmp_path: Path) -> None:
    session = Session(family)
    found, _ = of_prompts(session, ["house, acid"], ["dark"], seeds=1, report=lambda text: None)
    write(found, tmp_path / "way.safetensors")
    vector = session.steering(tmp_path / "way.safetensors")
    assert vector.added.shape == (3, 16)
    assert abs(effect_of_steering(family, vector.added) - REACH) < 0.05
    source = session.alone(seconds=8.0)

    def made(depth: float | None) -> torch.Tensor:
        ring = session.ring(source, 1)
        ring.steering = [] if depth is None else [vector]
        ring.submit(session.request(session.prompt("warm"), source, seed=5, steps=2))
        values = {} if depth is None else {"steer_depth": depth}
        return ring.drain(session.step_values(source, **values))[0].latent.clone()

    plain = made(None)
    assert torch.equal(made(0.0), plain)
    one, back = made(1.0), made(-1.0)
    assert float((one - plain).norm()) > 1e-3 * float(plain.norm())
    assert not torch.allclose(one, back)
