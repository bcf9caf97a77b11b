"""The camera keeps what is under the pointer there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.canvas.camera import LEAST, MOST, Camera

cameras = st.builds(
    Camera, st.floats(-9000, 9000), st.floats(-9000, 9000), st.floats(LEAST, MOST), st.just(1280.0), st.just(800.0)
)
pixels = st.tuples(st.floats(0, 1280), st.floats(0, 800))


@given(cameras, pixels)
def test_pixels_and_places_lead_to_each_other(camera: Camera, at: tuple[float, float]) -> None:
    assert camera.screen(*camera.world(*at)) == pytest.approx(at, abs=1e-6)


@given(cameras, pixels, st.floats(0.5, 2))
def test_the_place_under_the_pointer_stays_while_zooming(camera: Camera, at: tuple[float, float], by: float) -> None:
    before = camera.world(*at)
    camera.zoom_at(*at, by)
    assert LEAST <= camera.zoom <= MOST
    assert camera.screen(*before) == pytest.approx(at, abs=1e-6)


@given(cameras, pixels, st.floats(-500, 500), st.floats(-500, 500))
def test_panning_moves_by_pixels(camera: Camera, at: tuple[float, float], dx: float, dy: float) -> None:
    place = camera.world(*at)
    camera.pan(dx, dy)
    assert camera.screen(*place) == pytest.approx((at[0] + dx, at[1] + dy), abs=1e-6)


def test_notches_of_the_wheel_stop_at_the_usual_size_and_go_on() -> None:
    camera = Camera(zoom=0.52)
    seen = []
    for _ in range(12):
        camera.zoom_at(100, 100, 1.1)
        seen.append(camera.zoom)
    assert 1.0 in seen
    assert seen == sorted(set(seen))


@given(cameras, st.floats(-999, 999), st.floats(-999, 999), st.floats(10, 3000), st.floats(10, 2000))
def test_what_is_fitted_is_seen(camera: Camera, x: float, y: float, w: float, h: float) -> None:
    camera.fit((x, y, x + w, y + h))
    left, top, right, bottom = camera.rect
    assert left <= x + 1e-6
    assert top <= y + 1e-6
    assert right >= x + w - 1e-6
    assert bottom >= y + h - 1e-6


@given(cameras)
def test_the_patch_never_leaves_the_window_altogether(camera: Camera) -> None:
    camera.keep_near((0.0, 0.0, 1000.0, 500.0))
    left, top, right, bottom = camera.rect
    assert right > 0.0
    assert bottom > 0.0
    assert left < 1000.0
    assert top < 500.0
    kept = camera.x, camera.y
    camera.keep_near((0.0, 0.0, 1000.0, 500.0))
    assert (camera.x, camera.y) == pytest.approx(kept)
