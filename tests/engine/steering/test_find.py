"""A direction that is found from two sets of prompts, or of sounds, moves the sound along it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from demon_patch.engine.lora.effect import effect_of_steering
from demon_patch.engine.session import Session
from demon_patch.engine.steering.file import write
from demon_patch.engine.steering.find import REACH, WEAK, of_prompts, of_sounds
from demon_patch.engine.steering.vector import Steering
from demon_patch.errors import DemonError
from demon_patch.runtime.descriptors import brightness


@pytest.fixture(scope="module")
def session() -> Session:
    return Session.load("nano", threads=1)


def silent(_: str) -> None:
    """Takes the report of the progress."""


def bright(session: Session, vector: Steering, depths: Sequence[float]) -> list[float]:
    """The mean brightness in Hz of a generation at each depth."""
    source, spec = session.compose("house, 120 bpm", seconds=8.0, seed=3), session.spec
    ring, found = session.ring(source, 1), []
    ring.steering = [vector]
    for depth in depths:
        ring.submit(session.request(session.prompt("acid, 120 bpm"), source, strength=0.8, seed=11, steps=4))
        latent = ring.drain(session.step_values(source, steer_depth=depth))[0].latent
        found.append(float(np.mean(brightness(session.decode(latent), spec.samples_per_frame, spec.sample_rate))))
    return found


def test_a_direction_of_prompts_moves_the_sound_along_it(session: Session, tmp_path: Path) -> None:
    found, agreement = of_prompts(session, ["chiptune"], ["ambient"], seeds=2, report=silent)
    assert agreement > 0.9
    write(found, tmp_path / "way.safetensors")
    vector = session.steering(tmp_path / "way.safetensors")
    assert abs(effect_of_steering(session.family, vector.added) - REACH) < 0.02
    low, none, high = bright(session, vector, (-1.5, 0.0, 1.5))
    assert low < 0.9 * none
    assert high > 1.1 * none


def test_a_direction_of_sounds_moves_the_sound_along_it(session: Session, tmp_path: Path) -> None:
    sides: list[list[Path]] = [[], []]
    rate = session.spec.sample_rate
    for at, style in enumerate(("house", "techno")):
        audio = session.compose(f"{style}, 120 bpm", seconds=8.0, seed=at).audio
        dull = np.apply_along_axis(lambda x: np.convolve(x, np.full(24, 1 / 24), "same"), 0, audio)
        for side, sound in zip(sides, (audio, dull), strict=True):
            side.append(tmp_path / f"{style} {len(side)} {id(side)}.wav")
            soundfile.write(side[-1], sound, rate)
    found, agreement = of_sounds(session, *sides, seeds=2, report=silent)
    assert agreement > WEAK
    write(found, tmp_path / "way.safetensors")
    low, none, high = bright(session, session.steering(tmp_path / "way.safetensors"), (-1.0, 0.0, 1.0))
    assert low < none < high


def test_sets_without_a_difference_are_refused(session: Session) -> None:
    for more, less in ([["acid"], []], [["acid"], ["acid"]]):
        with pytest.raises(DemonError, match=r"a set is empty|the same to the model"):
            of_prompts(session, more, less, seeds=1, report=silent)


def test_the_models_own_vector_sounds_and_depth_0_has_the_bits_of_none(session: Session) -> None:
    edge = session.steering("edge")
    low, none, high = bright(session, edge, (-2.0, 0.0, 2.0))
    assert low < 0.7 * none < none < high / 1.2
    source = session.compose("house, 120 bpm", seconds=8.0, seed=3)
    asked = session.request(session.prompt("acid"), source, strength=0.8, seed=1, steps=4)
    ring = session.ring(source, 1)
    ring.submit(asked)
    plain = ring.drain()[0].latent.clone()
    ring.steering = [edge]
    for values in ({"steer_depth": 0.0}, {}):
        ring.submit(session.request(session.prompt("acid"), source, strength=0.8, seed=1, steps=4))
        assert torch.equal(ring.drain(session.step_values(source, **values))[0].latent, plain)
