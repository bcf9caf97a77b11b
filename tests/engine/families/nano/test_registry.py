"""Families are found by name, and a spec costs no torch."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from demon_patch.engine.contracts import Denoiser, Family
from demon_patch.engine.families import NAMES, load_family, spec_of
from demon_patch.errors import DemonError


@pytest.mark.parametrize("ask", [load_family, spec_of])
def test_an_unknown_name_is_refused_with_the_known_ones(ask) -> None:
    with pytest.raises(DemonError, match=r"no model family named 'giant'.*choose one of: nano") as caught:
        ask("giant")
    assert "\n" not in str(caught.value)


def test_specs_need_neither_torch_nor_weights() -> None:
    code = (
        "import sys; from demon_patch.engine.families import NAMES, spec_of;"
        "assert all(spec_of(n).name == n for n in NAMES);"
        "import demon_patch.engine.families.nano.tags;"
        "assert 'torch' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_loaded_family_has_the_spec_of_its_name(family: Family) -> None:
    assert "nano" in NAMES
    assert family.spec is spec_of("nano")
    assert isinstance(family.denoiser, Denoiser)


def test_the_spec_is_consistent() -> None:
    spec = spec_of("nano")
    assert spec.samples_per_frame * spec.frame_rate == spec.sample_rate
    assert spec.min_frames % spec.quantum == spec.max_frames % spec.quantum == 0
    assert (spec.min_frames, spec.max_frames) == (8 * spec.frame_rate, 60 * spec.frame_rate)
    assert spec.playing_margin <= spec.exact_margin
    taper = spec.strength_taper
    assert (len(taper), taper[0], taper[-1]) == (11, 0.0, 1.0)
    assert all(a < b for a, b in pairwise(taper))
    ticks = [spec.tick_frames[depth] for depth in range(1, 9)]
    assert ticks == sorted(ticks)
    assert spec.frames(24.0) == 600
    assert spec.frames(1.0) == spec.min_frames
    assert spec.frames(3600.0) == spec.max_frames
