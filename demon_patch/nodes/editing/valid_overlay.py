"""Checks live values against a document: whether their ports and cables exist, and whether the ports take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from demon_patch.errors import PatchError
from demon_patch.nearest import of_these
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import misfit, wanted
from demon_patch.patch.edit.overlay import Key, Overlay
from demon_patch.patch.model.document import Patch

Catalogue = Mapping[str, Declaration]


def check_live_value(patch: Patch, catalogue: Catalogue, node: str, port: str, value: Any) -> None:
    """Raises PatchError unless `value` may be put over the port `port` of the node `node` as a live value: the patch
    must have the node and the port, and the value must be in the port's range or among its choices.

    value: a number in the port's unit, or what a port of another type holds. It is not changed, and nothing is
        returned.
    """
    patch.node(node)
    faces = VisiblePorts(patch, catalogue)
    if (reached := faces.ahead(node, port)) is None:
        raise PatchError("has no such port", node=node, port=port, mend=of_these(port, faces.inputs(node)))
    for found in reached:
        if what := misfit(found, value):
            raise PatchError(what, node=node, port=port, mend=wanted(found, value))


def valid_overlay(overlay: Overlay, patch: Patch, catalogue: Catalogue) -> Overlay:
    """Returns a new overlay with those live values, playing ranges and depths of `overlay` that the patch can have. The
    others would keep the patch from playing: their nodes, ports or cables are gone, or the port does not take them."""
    faces, cables = VisiblePorts(patch, catalogue), patch.cables_by_key

    def takes(key: Key, values: Iterable[Any]) -> bool:
        reached = faces.ahead(*key) if key[0] in patch.nodes else None
        return reached is not None and not any(misfit(port, value) for port in reached for value in values)

    return Overlay(
        {key: value for key, value in overlay.values.items() if takes(key, [value])},
        {key: ends for key, ends in overlay.ranges.items() if takes(key, ends)},
        {key: depth for key, depth in overlay.depths.items() if key in cables},
    )
