"""Every display changes its picture under a signal, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dearpygui.dearpygui as dpg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.editor.canvas.displays import KINDS, Picture
from demon_patch.editor.canvas.displays.base import bevelled, said
from demon_patch.editor.canvas.displays.gates import rhythm
from demon_patch.editor.canvas.displays.shapes import wave
from demon_patch.editor.canvas.scene_brush import Brush
from demon_patch.editor.look.theme import DARK, LIGHT, Theme

RISING = np.linspace(0, 1, 60)
FALLING = RISING[::-1]
PULSES = (np.arange(60) % 10 < 3).astype(float)
LATER = np.roll(PULSES, 4)
PARTS = ("attack", "decay", "sustain", "release")
VALUE = {"ranges": {"value": ((0, 1),) * 3}, "names": {"value": ("x", "y", "z")}}

# for each kind, data before and after, which must look different
SIGNALS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "scope": ({**VALUE, "value": [RISING], "gate": [PULSES]}, {"value": [FALLING], "gate": [LATER]}),
    "number": ({**VALUE, "value": [[0.25]]}, {"value": [[0.75]]}),
    "dial": ({**VALUE, "value": [[0.25]]}, {"value": [[0.75]]}),
    "bars": ({**VALUE, "value": [[0.2], [0.6], [0.4]]}, {"value": [[0.6], [0.1], [0.4]]}),
    "meter": ({"levels": (0.2, 0.3)}, {"levels": (0.8, 0.5)}),
    "lamp": ({"gate": [[0, 0, 0]]}, {"gate": [[0, 0, 1]]}),
    "threshold": (
        {"signal": [RISING], "mark": [[0.4]], "ranges": {"signal": ((0, 1),)}, "gate": [PULSES * 0]},
        {"signal": [FALLING], "mark": [[0.7]], "gate": [PULSES]},
    ),
    "steps": ({"step": [[0.1], [0.5], [0.9]], "place": [[0]]}, {"place": [[2]]}),
    "polygon": (
        {"round": [[8], [3], [0]], "names": {"round": ("steps", "strokes", "rotation")}, "place": [[1]]},
        {"round": [[8], [5], [0]], "place": [[2]]},
    ),
    "switch": ({"input": [[0]] * 4, "place": [[0]]}, {"place": [[3]]}),
    "shares": ({"share": [[0.2], [0.8]]}, {"share": [[0.7], [0.3]]}),
    "cycle": ({**VALUE, "place": [[0.1]], "value": [[0.5]], "shape": "sine"}, {"place": [[0.6]], "shape": "saw"}),
    "phase": ({**VALUE, "value": [[0.1]]}, {"value": [[0.6]]}),
    "envelope": (
        {"part": [[0.1], [0.3], [0.6], [0.5]], "names": {"part": PARTS}, "value": [RISING]},
        {"part": [[0.6], [0.3], [0.2], [0.5]], "value": [FALLING]},
    ),
    "line": ({"points": [(0, 0), (1, 1)], "place": [[0.2]]}, {"points": [(0, 0), (0.5, 0.2)], "place": [[0.7]]}),
    "curve": ({"curve": RISING, "now": 0.1}, {"curve": FALLING, "now": 0.6}),
    "transfer": ({"in": [RISING], "value": [RISING**2]}, {"in": [FALLING], "value": [RISING]}),
    "formula": ({"text": "a + b", "input": [[1.0]], "names": {"input": ("a",)}, "value": [[2.0]]}, {"value": [[3.0]]}),
    "pad": ({**VALUE, "value": [RISING, FALLING]}, {"value": [FALLING, FALLING]}),
    "map": (
        {"listener": [[0.5], [0.5]], "place": [[0.1], [0.9], [0.9], [0.1]], "share": [[0.2], [0.2]], "wired": [1, 1]},
        {"listener": [[0.8], [0.2]], "share": [[0.1], [0.7]]},
    ),
    "keys": ({"value": [[60]], "names": {"value": ("pitch",)}, "gate": [[0]]}, {"gate": [[1]]}),
    "surface": ({"gain": [RISING] * 8, "ranges": {"gain": ((0, 1),) * 8}}, {"gain": [FALLING] * 8}),
    "text": ({"text": "acid bass"}, {"unknown": ("acid",), "playing": True}),
    "wave": ({"peaks": RISING, "now": 0.1}, {"peaks": FALLING, "now": 0.4, "loop": (0.2, 0.6), "window": (0.5, 0.6)}),
    "tape": ({"name": "a.wav", "seconds": 1.0}, {"seconds": 4.0, "running": True}),
    "ring": ({"beads": [(0.1, 0.5)], "depth": 4, "finished": 1}, {"beads": [(0.4, 0.5), (0.9, 1.0)], "heard_in": 0.6}),
    "lanes": ({"lanes": {"gain": RISING}, "now": 0.2}, {"lanes": {"gain": FALLING}, "now": 0.5}),
    "probe": ({**VALUE, "value": [RISING]}, {"value": [FALLING], "forecast": [RISING]}),
}  # fmt: skip


def _picture(kind: str, window: int, theme: Theme = DARK, size: tuple[float, float] = (168.0, 50.0)) -> Picture:
    group = dpg.add_draw_node(parent=dpg.add_plot(parent=window))
    return KINDS[kind](Brush(theme, {}), group, group, (10.0, 36.0, *size), theme.accent)


def _seen(item: int | str) -> list[Any]:
    """All that decides how an item and its children look."""
    found: list[Any] = []
    for children in dpg.get_item_children(item).values():  # type: ignore[union-attr]
        for child in children:
            found.append((dpg.get_item_type(child), dpg.get_item_configuration(child), dpg.is_item_shown(child)))
            found += _seen(child)
    return found


def _looks(picture: Picture) -> str:
    seen = _seen(picture.plain)
    texture = getattr(picture, "texture", None)
    return repr((seen, None if texture is None else list(dpg.get_value(texture))))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_display_changes_its_picture_under_a_signal(kind: str, window: int) -> None:
    picture = _picture(kind, window)
    empty = _looks(picture)
    before, after = SIGNALS[kind]
    picture.show(before)
    shown = _looks(picture)
    assert shown != empty
    picture.show(after)
    assert _looks(picture) != shown


@pytest.mark.parametrize("kind", KINDS)
def test_a_display_takes_odd_sizes_and_missing_numbers(kind: str, window: int) -> None:
    before, after = SIGNALS[kind]
    for theme, size in ((DARK, (60.0, 26.0)), (LIGHT, (300.0, 150.0))):
        picture = _picture(kind, window, theme, size)
        picture.show({})
        unknown = {
            key: np.full_like(np.asarray(v, float), np.nan)
            if key in ("value", "gate", "step", "share", "gain", "signal", "in", "part", "place", "round", "input")
            else v
            for key, v in before.items()
        }
        picture.show(unknown)
        picture.show(before)
        picture.show(after)
        picture.show({key: np.zeros((0, 0)) for key in ("value", "gate")})


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"meter", "bars", "ring"}))
def test_a_display_leaves_its_items_alone_while_nothing_changes(kind: str, window: int, monkeypatch: Any) -> None:
    picture = _picture(kind, window)
    before, after = SIGNALS[kind]
    for data in (before, after):
        for _ in range(3):
            picture.show(data)
    touched: list[Any] = []
    monkeypatch.setattr(dpg, "configure_item", lambda *a, **k: touched.append((a, k)))
    picture.show(after)
    assert not touched


def test_a_probe_greys_what_only_holds_its_last_number(window: int) -> None:
    picture = _picture("probe", window, size=(200.0, 80.0))
    coming = np.concatenate([np.linspace(0, 1, 20), np.ones(30)])
    picture.show({**VALUE, "value": [FALLING], "forecast": [coming]})
    moving = dpg.get_item_configuration(picture.coming)["points"]  # type: ignore[attr-defined]
    held = dpg.get_item_configuration(picture.held)["points"]  # type: ignore[attr-defined]
    heard = dpg.get_item_configuration(picture.heard)["points"]  # type: ignore[attr-defined]
    assert heard[0][0] == pytest.approx(moving[0][0])
    assert moving[-1][0] == pytest.approx(held[0][0], abs=3)
    assert held[0][1] == held[-1][1]
    assert held[-1][0] > moving[-1][0] > heard[0][0]


def test_a_crossfade_shows_the_share_of_its_position(window: int) -> None:
    picture = _picture("shares", window)
    names = {"share": ("a", "b", "position")}
    picture.show({"share": [[7.0], [9.0], [0.25]], "names": names, "ranges": {"share": ((-1, 1), (-1, 1), (0, 1))}})
    widths = [dpg.get_item_configuration(part) for part, _ in picture.parts]  # type: ignore[attr-defined]
    first, second = (c["pmax"][0] - c["pmin"][0] for c in widths)
    assert first == pytest.approx(3 * second, rel=0.05)


def test_only_marks_on_the_scale_of_the_signal_are_drawn(window: int) -> None:
    picture = _picture("threshold", window)
    picture.show({"signal": [RISING], "mark": [[0.4], [0.1]], "names": {"mark": ("opens", "hysteresis")}})
    assert len(picture.marks) == 1  # type: ignore[attr-defined]


def test_only_the_first_row_of_steps_is_shown_as_long_as_it_is(window: int) -> None:
    picture = _picture("steps", window)
    names = {"step": ("v1", "v2", "v3", "chance1", "chance2"), "knob": ("length",)}
    picture.show({"step": [[0.5]] * 5, "knob": [[8.0]], "names": names})
    assert len(picture.bars) == 3  # type: ignore[attr-defined]
    picture.show({"knob": [[2.0]]})
    assert [dpg.get_item_configuration(track)["show"] for track, _ in picture.bars] == [True, True, False]  # type: ignore[attr-defined]


def test_the_points_of_a_line_have_dots(window: int) -> None:
    picture = _picture("line", window)
    picture.show({"points": [(0, 0), (0.5, 1), (1, 0)]})
    centres = [dpg.get_item_configuration(dot)["center"][:2] for dot in picture.dots]  # type: ignore[attr-defined]
    assert centres[1] == pytest.approx([picture.x + picture.w / 2, picture.y + 7])


def test_beads_of_the_ring_stand_where_their_steps_are(window: int) -> None:
    picture = _picture("ring", window)
    picture.show({"beads": [(0.0, 1.0), (0.5, 0.0)]})
    dots = [dot for _, dot in picture.beads[:2]]  # type: ignore[attr-defined]
    (x0, y0), (x1, y1) = (dpg.get_item_configuration(dot)["center"][:2] for dot in dots)
    assert x0 == pytest.approx(x1)
    assert y0 < y1  # no steps are done at the top, half of them at the bottom
    assert dpg.get_item_configuration(dots[0])["radius"] > dpg.get_item_configuration(dots[1])["radius"]


def test_an_unknown_word_is_marked_in_the_colour_of_faults(window: int) -> None:
    picture = _picture("text", window)
    picture.show({"text": "warm Acid bass", "unknown": ("acid",)})
    texts = [c for kind, c, _ in _seen(picture.plain) if "Text" in kind]
    marked = [c["text"] for c in texts if [round(255 * v) for v in c["color"]][:3] == list(DARK.fault[:3])]
    assert marked == ["Acid"]
    assert "".join(c["text"] for c in texts) == "warm Acid bass"


def test_a_lamp_fades_after_its_gate(window: int) -> None:
    picture = _picture("lamp", window)
    picture.show({"gate": [[0, 1, 0, 0]], "dt": 0.04})
    soon = picture.glow_of("gate", 0)
    picture.show({"gate": [[1, 0, 0, 0]]})
    assert 0 < picture.glow_of("gate", 0) < soon < 1


@pytest.mark.parametrize(
    ("strokes", "steps", "tidal", "written"),
    [
        (3, 8, True, "x..x..x."), (5, 8, True, "x.xx.xx."), (3, 8, False, "x..x..x."), (5, 8, False, "x.x.xx.x"),
        (0, 4, True, "...."), (4, 4, True, "xxxx"), (2, 5, True, "x.x.."), (7, 12, True, "x.xx.x.xx.x."),
    ],
)  # fmt: skip
def test_a_round_is_drawn_as_the_node_plays_it(strokes: int, steps: int, tidal: bool, written: str) -> None:
    assert "".join("x" if i in rhythm(steps, strokes, tidal) else "." for i in range(steps)) == written


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 64), st.integers(0, 64), st.booleans())
def test_a_round_has_as_many_strokes_as_asked(steps: int, strokes: int, tidal: bool) -> None:
    strokes = min(strokes, steps)
    found = rhythm(steps, strokes, tidal)
    assert len(found) == strokes
    assert found <= set(range(steps))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=2, max_size=30))
def test_a_line_with_cut_corners_keeps_its_ends_and_has_no_sharp_ones(points: list[tuple[float, float]]) -> None:
    made = bevelled(np.array(points))
    assert np.isfinite(made).all()
    steps = np.diff(made, axis=0)
    assert len(made) >= 2
    assert (np.hypot(steps[:, 0], steps[:, 1]) > 0).all()
    assert np.abs(made[0] - points[0]).max() < 1e-9


def test_numbers_are_short() -> None:
    assert [said(v) for v in (0.0, -0.001, -1.5, 12.34, 99.96, 12345, float("nan"))] == [
        "0.00",
        "0.00",
        "−1.50",
        "12.3",
        "100",
        "12345",
        "–",
    ]


def test_forms_of_waves_lie_between_0_and_1() -> None:
    for shape in ("sine", "triangle", "saw", "ramp", "square"):
        levels = wave(shape, 0.3)
        assert levels is not None
        assert levels.min() >= -1e-9
        assert levels.max() <= 1 + 1e-9
    assert wave("random") is None


def test_every_word_that_a_node_may_declare_has_a_picture() -> None:
    words = pytest.importorskip("demon_patch.nodes.language.displays").DISPLAYS
    assert set(words) - {"none"} <= set(KINDS)
