"""Textures have the sizes and the shapes that they are drawn with."""

from __future__ import annotations

import numpy as np

from demon_patch.editor.look import skin
from demon_patch.editor.look.shades import weaker
from demon_patch.editor.look.theme import DARK


def test_pixels_are_between_0_and_1() -> None:
    for pixels in (
        skin.shadow(188, 120, 26, 9),
        skin.sheen(188, 30, 9),
        skin.basin(120, 40, 5),
        skin.cap(),
        skin.glow(),
    ):
        assert pixels.dtype == np.float32
        assert pixels.shape[2] == 4
        assert pixels.min() >= 0
        assert pixels.max() <= 1


def test_a_shadow_is_full_inside_and_fades_to_nothing() -> None:
    alpha = skin.shadow(188, 120, 26, 9)[..., 3]
    assert alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 1
    assert alpha[0].max() < 0.05
    row = alpha[alpha.shape[0] // 2]
    assert (np.diff(row[: len(row) // 2]) >= -1e-6).all()
    assert np.allclose(row, row[::-1], atol=1e-5)


def test_a_cap_is_lit_from_above_and_round() -> None:
    cap = skin.cap(96)
    assert cap[30, 48, :3].mean() > cap[66, 48, :3].mean()
    assert cap[0, 0, 3] == 0
    assert cap[48, 48, 3] == 1


def test_a_weaker_theme_lies_nearer_to_the_ground() -> None:
    weak = weaker(DARK, 0.5)
    assert abs(weak.text[0] - DARK.ground[0]) < abs(DARK.text[0] - DARK.ground[0])
    assert weak.ground == DARK.ground
    grey = weaker(DARK, 0.0, grey=True)
    spread = [max(c[:3]) - min(c[:3]) for c in grey.ports.values()]
    assert max(spread) < max(max(c[:3]) - min(c[:3]) for c in DARK.ports.values()) / 2
