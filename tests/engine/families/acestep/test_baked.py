"""LoRAs are baked into a checkpoint of every layout, and what was written is found, loaded and played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from demon_patch.engine.families import baked_loras, load_family, weights_files, write_baked
from demon_patch.engine.lora.baked_folders import baked_folders, remember
from demon_patch.engine.lora.merge import LayerChange, Lora, merge
from demon_patch.errors import DemonError, WeightsError
from tests.support import tiny_acestep as tiny

CHANGED = ("transformer.layers.0.self_attn.to_q", "transformer.layers.2.cross_attn.to_k", "transformer.proj_in_conv")


def drawn(denoiser: Any) -> Lora:
    draw, changes = torch.Generator().manual_seed(5), dict[str, LayerChange]()
    for name in CHANGED:
        out, width = denoiser.get_submodule(name).weight.flatten(1).shape
        changes[name] = LayerChange(torch.randn(2, width, generator=draw), torch.randn(out, 2, generator=draw), 0.3)
    return Lora("drawn", changes)


@pytest.mark.parametrize("layout", tiny.LAYOUTS)
def test_what_is_baked_is_loaded_again(layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models, to = tmp_path / "models", tmp_path / "baked"
    tiny.write(models, layout)
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(models))
    expected: Any = load_family(tiny.NAME).denoiser
    lora = drawn(expected)
    assert write_baked(tiny.NAME, [(lora, 0.7)], to) == to
    merge(expected, [(lora, 0.7)])
    found: Any = load_family(tiny.NAME, to).denoiser
    own: Any = load_family(tiny.NAME).denoiser
    differs = set[str]()
    for (name, got), wanted, plain in zip(
        found.named_parameters(), expected.parameters(), own.parameters(), strict=True
    ):
        torch.testing.assert_close(got, wanted)
        if not torch.equal(got, plain):
            differs.add(name.removesuffix(".weight"))
    assert differs == set(CHANGED)
    assert baked_loras(tiny.NAME, to) == ("drawn at 0.7",)
    assert baked_loras(tiny.XL, to) == ()
    assert weights_files(tiny.NAME, to)
    remember(to)
    (known,) = baked_folders()
    assert (known.model, known.loras) == (tiny.NAME, ("drawn at 0.7",))


def test_what_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models, to = tmp_path / "models", tmp_path / "baked"
    tiny.write(models)
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(models))
    lora = drawn(load_family(tiny.NAME).denoiser)
    with pytest.raises(DemonError, match="3"):
        write_baked(tiny.NAME, [(lora, 3.0)], to)
    strange = Lora("strange", {"transformer.layers.9.x": lora.changes[CHANGED[0]]})
    with pytest.raises(DemonError, match="no layer"):
        write_baked(tiny.NAME, [(strange, 1.0)], to)
    assert not to.exists()
    to.mkdir()
    with pytest.raises(DemonError, match="exists already"):
        write_baked(tiny.NAME, [(lora, 1.0)], to)
    with pytest.raises(WeightsError, match="no folder of weights"):
        load_family(tiny.NAME, to)
