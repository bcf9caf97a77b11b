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


def checked(patch: Patch, catalogue: Catalogue, node: str, port: str, value: Any) -> None:
    """Returns nothing. Raises PatchError if the patch has no such node or port, or if the port cannot have `value`."""
    patch.node(node)
    faces = VisiblePorts(patch, catalogue)
    if (reached := faces.ahead(node, port)) is None:
        raise PatchError("has no such port", node=node, port=port, mend=of_these(port, faces.inputs(node)))
    for found in reached:
        if what := misfit(found, value):
            raise PatchError(what, node=node, port=port, mend=wanted(found, value))


def valid_overlay(overlay: Overlay, patch: Patch, catalogue: Catalogue) -> Overlay:
    """The overlay without live values, ranges and depths that the patch cannot have. With those, the patch could not be
    played."""
    faces, cables = VisiblePorts(patch, catalogue), patch.cables_by_key

    def takes(key: Key, values: Iterable[Any]) -> bool:
        reached = faces.ahead(*key) if key[0] in patch.nodes else None
        return reached is not None and not any(misfit(port, value) for port in reached for value in values)

    return Overlay(
        {key: value for key, value in overlay.values.items() if takes(key, [value])},
        {key: ends for key, ends in overlay.ranges.items() if takes(key, ends)},
        {key: depth for key, depth in overlay.depths.items() if key in cables},
    )
