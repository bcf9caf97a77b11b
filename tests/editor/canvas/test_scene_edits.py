"""After any edits, the scene's items are those of a scene that is built anew."""

from __future__ import annotations

from typing import Any

import dearpygui.dearpygui as dpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene import Scene
from demon_patch.editor.canvas.view import View
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import Space
from demon_patch.editor.look.theme import DARK
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, Node

TYPES = {"lfo": "lfo", "adsr": "adsr", "dot": "reroute", "odd": "no_such_type", "sch": "scheduler"}
CABLES = (
    Cable("lfo", "uni", "dot", "in"), Cable("dot", "out", "sch", "strength", mode="add", depth=0.3),
    Cable("lfo", "out", "sch", "strength", mode="add", depth=-0.2), Cable("adsr", "out", "odd", "what"),
    Cable("odd", "it", "sch", "seed", muted=True),
)  # fmt: skip


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    """Patches of some of the nodes and cables above, in any place and state."""
    ids = draw(st.sets(st.sampled_from(sorted(TYPES))))
    nodes = {}
    for id in sorted(ids):
        at = (draw(st.sampled_from((0.0, 300.0, 3000.0))), draw(st.sampled_from((0.0, 400.0))))
        state: Any = draw(
            st.sampled_from(({}, {"bypass": True}, {"muted": True}, {"colour": "#55ccff"}, {"label": "Another"}))
        )
        values = {"strength": draw(st.sampled_from((0.2, 0.8)))} if id == "sch" else {}
        nodes[id] = Node(TYPES[id], at=at, values=values, **state)
    cables = tuple(c for c in CABLES if c.src in ids and c.dst in ids and draw(st.booleans()))
    frames = {"f": CanvasFrame((0, 0), title="All")} if draw(st.booleans()) else {}
    notes = {"n": CanvasNote("Words.", (0, 900))} if draw(st.booleans()) else {}
    probes = {"p": Probe("lfo", "uni", (600, 600))} if "lfo" in ids and draw(st.booleans()) else {}
    return Patch(nodes=nodes, cables=cables, frames=frames, notes=notes, probes=probes)


def _drawn(item: Any) -> list[Any]:
    """An item's children and theirs, as they look."""
    found: list[Any] = []
    for children in dpg.get_item_children(item).values():  # type: ignore[union-attr]
        for child in children:
            look = {k: v for k, v in dpg.get_item_configuration(child).items() if k not in ("label", "texture_tag")}
            found.append((dpg.get_item_type(child), look, _drawn(child)))
    return found


def _picture(scene: Scene) -> dict[Any, Any]:
    parts: dict[Any, Any] = {("box", id): _drawn(box.root) for id, box in scene.boxes.items()}
    for key, wire in scene.wires.items():
        parts["wire", key] = _drawn(wire.root), None if wire.chip is None else _drawn(wire.chip)
    return parts | {("card", id): _drawn(card.root) for id, card in scene.cards.items.items()}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(patches(), min_size=2, max_size=4))
def test_edits_lead_to_the_items_of_a_fresh_build(window: int, steps: list[Patch]) -> None:
    views = []
    for edits in (steps, steps[-1:]):
        space = Space()
        view = View(Scene(window, {}, DARK, Camera(), space), Facts(), space)
        for patch in edits:
            view.update(patch)
            view.canvas.look()
        views.append(view)
    scenes = [view.canvas for view in views]
    try:
        edited, fresh = (_picture(scene) for scene in scenes)  # type: ignore[arg-type]
        assert edited.keys() == fresh.keys()
        for key, look in fresh.items():
            assert edited[key] == look, key
    finally:
        for scene in scenes:
            scene.close()  # type: ignore[attr-defined]
