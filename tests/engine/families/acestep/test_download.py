"""The files of a model are got from a server of our own: resumed, checked, room first, and then they play."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from demon_patch.engine import model_download
from demon_patch.engine.families import downloads_of
from demon_patch.engine.families.acestep import build, checkpoint
from demon_patch.engine.families.acestep.models import SHARED
from demon_patch.engine.model_download import check_room, get, listed
from demon_patch.errors import DemonError, WeightsError
from tests.support import tiny_acestep as tiny
from tests.support.command import Run
from tests.support.model_server import ModelServer

WEIGHTS = f"{tiny.NAME}/model.safetensors"
LARGE = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def server(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    shared = tmp_path / "shared"
    shutil.copytree(models, shared)
    (shared / tiny.NAME / "modeling_acestep_v15_turbo.py").write_text("raise SystemExit")
    (shared / "acestep-5Hz-lm-1.7B").mkdir()
    (shared / "acestep-5Hz-lm-1.7B" / "model.safetensors").write_bytes(b"not needed")
    with ModelServer({SHARED: shared}) as running:
        yield running


def test_a_model_is_got_and_loads(
    server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMON_PATCH_MODELS", "")  # which --model-dir sets
    folder = tmp_path / "models"
    arguments = ["model", "pull", tiny.NAME, "--model-dir", str(folder), "--endpoint", server.address]
    told = Run(capsys, *arguments, "--dry-run")
    assert (told.code, WEIGHTS in told.out, folder.exists()) == (0, True, False)
    assert "is whole" in Run(capsys, *arguments).out
    build.read_parts(checkpoint.find(tiny.NAME, folder))
    assert not list(folder.rglob("*.py"))
    assert not (folder / "acestep-5Hz-lm-1.7B").exists()
    before = list(server.asked)
    assert Run(capsys, *arguments).code == 0
    assert server.asked == before  # what is there is not got again


def test_a_download_that_broke_off_goes_on_where_it_was(server: ModelServer, tmp_path: Path) -> None:
    files = listed(downloads_of(tiny.NAME), tmp_path / "models", server.address)
    server.breaks_at[LARGE] = 11_000_000  # the library writes whole pieces of 10 MiB
    with suppress(DemonError):  # it may try again by itself
        list(get(files, server.address))
    list(get(files, server.address))
    starts = [start for name, start in server.asked if name == LARGE]
    assert starts[0] == 0
    assert starts[-1] >= 10_000_000
    assert all(file.here for file in files)


def test_a_wrong_checksum_is_refused_and_the_file_removed(server: ModelServer, tmp_path: Path) -> None:
    files = listed(downloads_of(tiny.NAME), tmp_path / "models", server.address)
    server.wrong.add(WEIGHTS)
    with pytest.raises(WeightsError, match="its checksum is wrong; it was removed") as caught:
        list(get(files, server.address))
    assert caught.value.file == tmp_path / "models" / WEIGHTS
    assert not (tmp_path / "models" / WEIGHTS).exists()
    server.wrong.clear()
    list(get(files, server.address))
    assert (tmp_path / "models" / WEIGHTS).is_file()


def test_a_disk_without_room_is_told_with_numbers(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = listed(downloads_of(tiny.NAME), tmp_path / "models", server.address)
    monkeypatch.setattr(model_download, "SPARE", 2**60)
    with pytest.raises(DemonError, match=r"needs 0\.\d+ GB of disk, and \d+\.\d+ GB are free"):
        check_room(files, tmp_path / "models")


def test_what_cannot_be_reached_is_named(server: ModelServer, tmp_path: Path) -> None:
    with pytest.raises(DemonError, match="ACE-Step/acestep-v15-base cannot be reached"):
        listed(downloads_of("acestep-v15-base"), tmp_path, server.address)
    shutil.rmtree(server.repositories[SHARED] / "vae")
    with pytest.raises(WeightsError, match="has no files of the model in vae"):
        listed(downloads_of(tiny.NAME), tmp_path, server.address)


def test_no_name_of_a_repository_leads_out_of_the_folder() -> None:
    assert model_download._taken("vae/config.json", "vae")
    for name in ("../config.json", "vae/../../config.json", "vae\\config.json", "vae/deep/config.json", "vae/run.py"):
        assert not model_download._taken(name, "vae"), name


def test_models_are_listed_and_told_of(
    models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMON_PATCH_MODELS", "")
    told = Run(capsys, "model", "list", "--model-dir", models).out
    lines = {line.split()[0]: line for line in told.splitlines()}
    assert "MB here" in lines[tiny.NAME]
    assert "MB here" in lines["nano"]
    assert "not here" in lines[tiny.XL]
    assert "demon-patch model pull acestep-v15-xl-turbo" in Run(capsys, "model", "info", tiny.XL).out
    assert "nothing to get" in Run(capsys, "model", "pull", "nano").out
