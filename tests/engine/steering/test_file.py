"""Steering files: what is written is read, and no file is trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from demon_patch.engine.families import load_family, steering_of, steering_shape_of
from demon_patch.engine.steering.file import FORMAT, SteeringFile, read, write
from demon_patch.engine.steering.vector import shape_of
from demon_patch.errors import WeightsError

SHAPE = (3, 4)
VECTOR = np.array([0.6, 0.0, -0.8, 0.0], np.float32)
ABOUT = {"format": FORMAT, "model": "toy", "magnitudes": '{"1": 2.5}', "steps": "[0.25, 1]"}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = SteeringFile({0: VECTOR, 2: -VECTOR}, {0: 1.5, 2: 0.25}, (0.0, 0.5), "toy", "Left", "from a to b")
    write(made, tmp_path / "left.safetensors")
    assert (tmp_path / "left.safetensors").stat().st_size < 1000
    found = read(tmp_path / "left.safetensors", "toy", SHAPE)
    assert (found.magnitudes, found.steps, found.model) == (made.magnitudes, made.steps, "toy")
    assert (found.title, found.about) == ("Left", "from a to b")
    for n, vector in made.vectors.items():
        np.testing.assert_allclose(found.vectors[n], vector, atol=1e-3)
        assert abs(np.linalg.norm(found.vectors[n]) - 1) < 1e-6


BAD: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "no format": ({}, {"format": ""}, "no steering vector"),
    "another model": ({}, {"model": "nano"}, "of the model 'nano', not of toy"),
    "a block too far": ({"block.3": VECTOR}, {}, "no block of toy, which has 3"),
    "a LoRA's name": ({"block.1.lora_A.weight": VECTOR}, {}, "no block of toy"),
    "another width": ({"block.1": VECTOR[:3]}, {}, "wanted [4]"),
    "no length": ({"block.1": 0 * VECTOR}, {}, "has length 0"),
    "not finite": ({"block.1": VECTOR * np.inf}, {}, "has length"),
    "no magnitudes": ({}, {"magnitudes": "["}, "magnitudes are no JSON"),
    "magnitudes of others": ({}, {"magnitudes": '{"0": 1}'}, "not those of its blocks"),
    "a magnitude too large": ({}, {"magnitudes": '{"1": 1e9}'}, "above 10000"),
    "a magnitude in words": ({}, {"magnitudes": '{"1": "one"}'}, "is no number"),
    "a magnitude beyond numbers": ({}, {"magnitudes": '{"1": 1e999}'}, "is no number"),
    "steps that end before they begin": ({}, {"steps": "[0.5, 0.5]"}, "steps are from 0.5 to 0.5"),
    "one step": ({}, {"steps": "[0.5]"}, "not [from, to]"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_by_name(case: str, tmp_path: Path) -> None:
    tensors, about, message = BAD[case]
    path = tmp_path / "bad.safetensors"
    save_file({"block.1": VECTOR, **tensors}, path, {**ABOUT, **about})
    with pytest.raises(WeightsError) as caught:
        read(path, "toy", SHAPE)
    assert message in str(caught.value)
    assert caught.value.file == path
    assert caught.value.mend


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "words.safetensors").write_text("words")
    for name in ("gone.safetensors", "words.safetensors"):
        with pytest.raises(WeightsError) as caught:
            read(tmp_path / name, "toy", SHAPE)
        assert caught.value.file == tmp_path / name
    save_file({}, tmp_path / "empty.safetensors", {**ABOUT, "magnitudes": json.dumps({})})
    with pytest.raises(WeightsError, match="holds no direction"):
        read(tmp_path / "empty.safetensors", "toy", SHAPE)


def test_the_blocks_of_the_model_are_known_without_loading_it_and_its_own_vectors_fit() -> None:
    assert steering_shape_of("nano") == shape_of(load_family("nano").denoiser)
    assert steering_of("nano").keys() == {"edge"}
    for path in steering_of("nano").values():
        found = read(path, "nano", steering_shape_of("nano"))
        assert len(found.vectors) == steering_shape_of("nano")[0]
        assert path.stat().st_size < 5000
