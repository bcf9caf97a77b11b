"""Resources: their keys, what they refuse, and the curves that are drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.library.modulation.curve import draw


def test_keys_are_hashable_and_normal() -> None:
    prompt = CATALOGUE["prompt"]
    assert prompt.resolve({"text": "  dark \n techno "}) == prompt.resolve({"text": "dark techno"})
    sung = prompt.resolve({"text": "dark", "lyrics": " [verse]\n love  it ", "language": "EN"})
    assert sung == ("prompt", "dark", "[verse]\nlove it", "en")
    assert prompt.resolve({"text": "dark", "language": "en"}) == ("prompt", "dark")
    assert prompt.resolve({"text": " dark ", "key": " F#  minor"}) == ("prompt", "dark, F# minor")
    assert prompt.resolve({"key": "A# major"}) == ("prompt", "A# major")
    keys = {d.resolve({"file": "x.wav"} if "file" in d.by_name else {})
            for d in CATALOGUE.values() if d.kind == "resource"}  # fmt: skip
    assert {key[0] for key in keys} == {"prompt", "audio", "composed", "curve"}  # type: ignore[index]


def test_a_clip_has_the_tempo_that_it_is_given_or_its_own() -> None:
    clip = CATALOGUE["audio_source"]
    assert clip.resolve({"file": "x.wav"}) == ("audio", "x.wav", 60.0, None, None)
    assert clip.resolve({"file": "x.wav", "bpm": 20, "downbeat": 0}) == ("audio", "x.wav", 60.0, 20.0, 0.0)


@pytest.mark.parametrize(
    ("type", "values", "port"),
    [
        ("prompt", {"text": "x" * 4001}, "text"),
        ("prompt", {"lyrics": "x" * 4001}, "lyrics"),
        ("prompt", {"language": "en!"}, "language"),
        ("prompt", {"key": "h minor"}, "key"),
        ("prompt", {"key": "a"}, "key"),
        ("audio_source", {}, "file"),
        ("audio_source", {"file": "a\0b"}, "file"),
        ("drawn_curve", {"points": []}, "points"),
        ("drawn_curve", {"points": [[0, 0], [0, 1]]}, "points"),
        ("drawn_curve", {"points": [[1, 0], [0, 1]]}, "points"),
        ("drawn_curve", {"points": [[0, float("nan")]]}, "points"),
        ("drawn_curve", {"points": [[0, "1"]]}, "points"),
        ("drawn_curve", {"points": [[0, 10**400]]}, "points"),
        ("drawn_curve", {"points": [[0, 1, 2]]}, "points"),
        ("drawn_curve", {"points": [7]}, "points"),
        ("drawn_curve", {"points": [[True, 1]]}, "points"),
    ],
)
def test_values_that_cannot_serve_are_refused(type: str, values: dict[str, Any], port: str) -> None:
    with pytest.raises(PatchError) as caught:
        CATALOGUE[type].resolve(values)
    assert caught.value.port == port
    assert caught.value.mend


def key(**values: Any) -> Any:
    return CATALOGUE["drawn_curve"].resolve(values)


def test_linear_curves_are_straight_and_level_outside() -> None:
    curve = draw(key(points=[[1.0, 0.0], [3.0, 1.0]], unit="s"), 100, 25.0)
    assert curve.dtype == np.float32
    assert np.allclose(curve, np.interp(np.arange(100) / 25, [1, 3], [0, 1]), atol=1e-6)


def test_a_curve_in_seconds_is_never_stretched_and_one_in_fractions_is() -> None:
    seconds, share = key(points=[[0, 0], [2, 1]], unit="s"), key(points=[[0, 0], [1, 1]])
    assert np.array_equal(draw(seconds, 100, 25.0), draw(seconds, 200, 25.0)[:100])
    assert draw(share, 200, 25.0)[100] == draw(share, 100, 25.0)[50] == 0.5


def test_steps_hold() -> None:
    curve = draw(key(points=[[0.25, 0.3], [0.5, 0.9]], interpolation="step"), 100, 25.0)
    assert set(curve[:50]) == {np.float32(0.3)}
    assert set(curve[50:]) == {np.float32(0.9)}


def test_smooth_curves_pass_their_points_and_never_overshoot() -> None:
    points = [[0.0, 0.0], [0.2, 0.1], [0.5, 0.9], [0.6, 0.2], [0.9, 0.2]]
    curve = draw(key(points=points, interpolation="smooth"), 1000, 25.0)
    for where, height in points:
        assert curve[int(where * 1000)] == pytest.approx(height, abs=1e-5)
    for (a, low), (b, high) in pairwise(points):
        part = curve[int(a * 1000) : int(b * 1000)]
        assert part.min() >= min(low, high) - 1e-6
        assert part.max() <= max(low, high) + 1e-6
    assert np.abs(np.diff(curve)).max() < 0.02
