"""What a LoRA says of itself, how far it moves a model, and how it is baked in for good."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from demon_patch.engine.families import nano, write_baked
from demon_patch.engine.lora.bake import bake
from demon_patch.engine.lora.effect import effect_of
from demon_patch.engine.lora.known_effects import FAINT, effect_note
from demon_patch.engine.lora.merge import Lora
from demon_patch.engine.lora.triggers import trigger_words
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from tests.support.executor_contract import close


@pytest.fixture(scope="module")
def session() -> Session:
    return Session.load("nano", threads=1)


def scaled(lora: Lora, factor: float) -> Lora:
    return Lora(lora.title, {name: replace(each, scale=factor * each.scale) for name, each in lora.changes.items()})


def test_the_distance_to_off_grows_with_the_lora_and_is_told(session: Session) -> None:
    tape = session.lora("tape")
    silent, faint, half, whole = (effect_of(session.family, scaled(tape, f)) for f in (0.0, 1e-3, 0.5, 1.0))
    assert silent == 0
    assert 0 < faint < FAINT < 0.1 < half < whole
    assert "hardly heard" in effect_note(faint)
    assert tape.notes[-1] == f"at strength 1 it moves the model by {whole:.0%}"
    assert session.executor.loras == ()


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, ()),
        ({"modelspec.trigger_phrase": "worn tape, hiss"}, ("worn tape", "hiss")),
        ({"trigger_words": '["worn", "tape", "worn"]'}, ("worn", "tape")),
        ({"ss_tag_frequency": json.dumps({"10_set": {"acid": 12, "dull": 3, "bright": 12}})}, ("acid", "bright")),
        ({"ss_tag_frequency": "{broken", "trigger_word": "x" * 81}, ()),
        ({"trigger_word": "bell\x07, gong"}, ("gong",)),
        ({"trigger_words": json.dumps([str(n) for n in range(99)])}, ("0", "1", "2", "3", "4")),
        ({"ss_tag_frequency": "[" * 100_000}, ()),
    ],
)
def test_trigger_words_are_read_from_every_trainers_metadata(metadata: dict[str, str], words: tuple[str, ...]) -> None:
    assert trigger_words(metadata) == words


def test_a_baked_lora_is_its_side_path_at_that_strength(session: Session, tmp_path: Path) -> None:
    tape, own = session.lora("tape"), Session.load("nano", threads=1)
    source = session.compose("house", seconds=8.0, seed=1)
    asked = {"strength": 0.8, "seed": 3, "steps": 4}
    before = session.generate(session.prompt("acid"), source, **asked)
    session.set_loras([(tape, 0.8)])
    beside = session.generate(session.prompt("acid"), source, **asked)
    session.set_loras([])
    assert torch.equal(session.generate(session.prompt("acid"), source, **asked), before)
    bake(own, [(tape, 0.8)])
    close(own.generate(own.prompt("acid"), source, **asked), beside)
    stored = Session(nano.load(write_baked("nano", [(tape, 0.8)], tmp_path / "baked")))
    kept = stored.generate(stored.prompt("acid"), source, **asked)
    assert (kept - beside).abs().max() < 0.02 * (before - beside).abs().max()  # float16
    with pytest.raises(DemonError, match="exists already"):
        write_baked("nano", [(tape, 0.8)], tmp_path / "baked")
