"""Finds mappings, widgets and snapshots that name something that does not exist, or that cannot be moved as they
ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from demon_patch.errors import PatchError
from demon_patch.nearest import of_these
from demon_patch.nodes.editing.snapshots import recall
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import misfit, wanted
from demon_patch.patch.model.dashboard import ControlMapping, Widget
from demon_patch.patch.model.document import Patch


def dashboard_remarks(patch: Patch, catalogue: Mapping[str, Declaration]) -> Iterator[PatchError]:
    """Yields one remark for each

    - mapping or widget of a port that its node does not have;
    - mapping of a port that has no knob, and mapping with an end outside of its port's range;
    - knob, playing range or depth that a snapshot cannot restore.
    """
    faces = VisiblePorts(patch, catalogue)
    for id, mapping in sorted(patch.mappings.items()):
        yield from _of_mapping(faces, id, mapping)
    for id, widget in sorted(patch.dashboard.items()):
        if widget.port not in faces.outputs(widget.node):  # a meter may show one
            yield from _no_port(faces, f"widget {id}", widget)
    for id, snapshot in sorted(patch.snapshots.items()):
        for error in recall(snapshot, patch, catalogue).skipped:
            node, port, mend = error.node or "", error.port, error.mend
            if node in patch.nodes and port and faces.ahead(node, port) is None:
                mend = of_these(port, faces.inputs(node))
            yield PatchError(f"snapshot {id}: {error.what}", node=error.node, port=port, mend=mend)


def _no_port(faces: VisiblePorts, name: str, one: ControlMapping | Widget) -> Iterator[PatchError]:
    if faces.ahead(one.node, one.port) is None:
        mend = of_these(one.port, faces.inputs(one.node))
        yield PatchError(f"{name}: the node has no such port", node=one.node, port=one.port, mend=mend)


def _of_mapping(faces: VisiblePorts, id: str, mapping: ControlMapping) -> Iterator[PatchError]:
    name = f"mapping {id}"
    yield from _no_port(faces, name, mapping)
    for port in faces.ahead(mapping.node, mapping.port) or ():
        if port.type == "option":
            return
        if not port.numeric:
            what = f"{name}: a controller turns knobs, and this is {port.type}, which has none"
            yield PatchError(
                what, node=mapping.node, port=mapping.port, mend="map a port that holds a number or a choice"
            )
            return
        for end in ("lo", "hi"):
            given = getattr(mapping, end)
            if given is not None and (what := misfit(port, given)):
                mend = wanted(port, given)
                yield PatchError(f"{name}: {end}: {what}", node=mapping.node, port=mapping.port, mend=mend)
                return
