"""Baked weights are played by --weights, and refused where they do not fit."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
import torch

from demon_patch.engine.families import load_family, nano, write_baked
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.weights import load_into, save
from demon_patch.engine.lora.baked_folders import baked_folders, remember
from demon_patch.engine.model_folder import session_loader
from demon_patch.engine.session import Session
from demon_patch.errors import WeightsError
from tests.support.command import QUICK, Run


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tape = Session.load("nano", threads=1).lora("tape")
    return write_baked("nano", [(tape, 1.5)], tmp_path_factory.mktemp("baked") / "worn")


def test_a_rendering_plays_them(baked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sounds = {}
    for name, more in (("own", ()), ("worn", ("--weights", baked))):
        out = tmp_path / f"{name}.wav"
        run = Run(capsys, "render", QUICK, "--model", "nano", "--seconds", "0.4", "--out", out, *more)
        assert run.code == 0, run.err
        sounds[name] = out.read_bytes()
    assert sounds["own"] != sounds["worn"]


def test_a_session_has_them_and_later_models_their_own(baked: Path) -> None:
    load = session_loader(None, "torch", 1, print, weights=baked)
    worn, own = load("nano").family.denoiser, load_family("nano").denoiser
    assert isinstance(worn, NanoDenoiser)
    assert isinstance(own, NanoDenoiser)
    assert any(not torch.equal(a, b) for a, b in zip(worn.parameters(), own.parameters(), strict=True))


def test_what_does_not_fit_is_refused_with_its_mend(baked: Path, tmp_path: Path) -> None:
    other, changed = tmp_path / "other", tmp_path / "changed"
    for folder in (other, changed):
        shutil.copytree(baked, folder)
    save(load_into(NanoDenoiser(), nano.WEIGHTS / "denoiser.safetensors"), other / "denoiser.safetensors", "giant", {})
    (changed / "denoiser.safetensors").write_bytes((baked / "denoiser.safetensors").read_bytes()[:-100])
    for folder, what in (
        (other, "weights of 'giant'"),
        (changed, "damaged"),
        (tmp_path, "no folder of weights of nano"),
    ):
        with pytest.raises(WeightsError, match=what) as raised:
            load_family("nano", folder)
        assert "lora bake" in raised.value.mend
    with pytest.raises(WeightsError, match="no folder of weights of acestep"):
        load_family("acestep-v15-turbo", baked)


def test_the_command_names_the_folder_that_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "render", QUICK, "--weights", tmp_path, "--out", tmp_path / "x.wav")
    assert run.code == 1
    assert str(tmp_path) in run.err
    assert "no folder of weights of nano" in run.err


def test_the_list_of_models_names_what_was_baked_and_how_to_play_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(tmp_path / "models"))
    worn, out = tmp_path / "my worn nano", tmp_path / "worn.wav"
    assert Run(capsys, "lora", "bake", "tape=0.8", "--to", worn).code == 0
    (line,) = [line for line in Run(capsys, "model", "list").out.splitlines() if line.startswith("--model")]
    options, _, what = line.partition("  ")
    assert what.startswith("nano2 with ")
    assert what.endswith(" at 0.8")
    played = Run(capsys, "render", QUICK, "--seconds", "0.4", "--out", out, *shlex.split(options))
    assert played.code == 0, played.err
    shutil.rmtree(worn)
    assert "--weights" not in Run(capsys, "model", "list").out


def test_folders_among_the_models_are_found_and_a_damaged_list_is_none(
    baked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(tmp_path))
    shutil.copytree(baked, tmp_path / "worn")
    for text in ("", "[1", '{"a": 1}', '["x", 3, "/nowhere", "/a\\u0000b"]'):
        (tmp_path / "baked.json").write_text(text)
        (found,) = baked_folders()
        assert (found.folder, found.model) == ((tmp_path / "worn").resolve(), "nano")
        assert [each.rpartition(" at ")[2] for each in found.loras] == ["1.5"]
    remember(tmp_path / "worn")
    remember(tmp_path / "worn")
    assert [each.folder for each in baked_folders()] == [(tmp_path / "worn").resolve()]
    damaged = tmp_path / "worn" / "denoiser.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert baked_folders() == ()
