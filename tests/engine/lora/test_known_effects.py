"""The distance to off of a LoRA is measured once for its file and the weights, and told by `check` from then on."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.engine.families import weights_files
from demon_patch.engine.lora import effect, known_effects
from demon_patch.engine.lora.known_effects import effect_key, keep, known, weights_stamp
from demon_patch.engine.session import Session
from demon_patch.runtime.checking import findings
from tests.support.checked_folder import lora, patch_of
from tests.support.command import Run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(known_effects.FOLDER, str(tmp_path / "cache"))
    return tmp_path / "cache" / "effects"


def test_a_figure_is_kept_by_what_the_files_hold(tmp_path: Path, cache: Path) -> None:
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    for path, layer in ((one, "blocks.0.query_key_value"), (other, "blocks.1.query_key_value")):
        lora(path, None, layer=layer)
    stamp = weights_stamp(weights_files("nano"))
    key = effect_key(one, stamp)
    assert known(key) is None
    keep(key, 0.125)
    assert known(key) == 0.125
    moved = tmp_path / "moved.safetensors"
    moved.write_bytes(one.read_bytes())
    assert effect_key(moved, stamp) == key
    assert len({key, effect_key(other, stamp), effect_key(one, "other weights")}) == 3
    for damage in ("nan", "-1", "words", ""):
        (cache / key).write_text(damage)
        assert known(key) is None


def test_other_weights_have_another_stamp(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    stamps = set()
    for content in (b"a" * 3_000_000, b"b" + b"a" * 2_999_999, b"a" * 2_999_999 + b"b", b"a" * 3_000_001):
        path.write_bytes(content)
        stamps.add(weights_stamp([path]))
    assert len(stamps) == 4


def test_it_is_measured_once_and_told_by_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lora(tmp_path / "mine.safetensors", {"alpha": "16"})
    path = patch_of(tmp_path, lora="mine.safetensors")
    assert [finding.what for finding in findings(path)] == ["mine.safetensors acts at scale 2"]
    run = Run(capsys, "check", path)
    assert run.code == 0
    assert "at strength 1 it moves the model by" in run.err + run.out
    (_, figure) = (finding.what for finding in findings(path))

    def again(*_: object) -> float:
        raise AssertionError("it is measured again")

    monkeypatch.setattr(effect, "effect_of", again)
    assert (
        figure.removeprefix("mine.safetensors: ")
        in Session.load("nano2", threads=1).lora(tmp_path / "mine.safetensors").notes
    )
