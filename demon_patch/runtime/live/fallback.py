"""Finds what to play in place of a version of the document that cannot be played: the last good version, with as much
of the new one as possible."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import structs

from demon_patch.errors import DemonError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.valid_overlay import valid_overlay
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.document import Patch

GOES_ON = "the music goes on as it was"


class Version(NamedTuple):
    """A version of the document.

    base: the document without live values.
    live: the live values.
    """

    base: Patch
    live: Overlay

    @property
    def sounding(self) -> Patch:
        """The document with the live values that it can have."""
        return valid_overlay(self.live, self.base, CATALOGUE).sounding(self.base)


def without_mistake(wanted: Version, good: Version, error: Exception, newest: Overlay) -> tuple[Version, str] | None:
    """Returns a version nearer to the last good one, after `wanted` raised an error, and a text that says which part
    keeps its former state. None where there is no nearer version.

    Tries to restore from `good`, in this order: the live values of the node that the error names, that node, the
    whole document, the document with its live values.

    newest: the present live values; each restored document has these first.
    """
    node, port = (error.node, error.port) if isinstance(error, DemonError) else (None, None)
    if node is not None:
        stays = f"{node} stays as it was"
        at_fault = {
            key for key in (*wanted.live.values, *good.live.values) if key[0] == node and port in (None, key[1])
        }
        others = {key: value for key, value in wanted.live.values.items() if key not in at_fault}
        before = {key: value for key, value in good.live.values.items() if key in at_fault}
        live = Overlay({**others, **before}, wanted.live.ranges, wanted.live.depths)
        if live != wanted.live:
            return wanted._replace(live=live), stays
        old, new = good.base.nodes.get(node), wanted.base.nodes.get(node)
        if old is not None and new is not None and old != new:
            try:
                return Version(structs.replace(wanted.base, nodes={**wanted.base.nodes, node: old}), newest), stays
            except PatchError:
                pass  # its definition is gone
    if wanted.base != good.base:
        return Version(good.base, newest), GOES_ON
    return None if wanted.live == good.live else (good, GOES_ON)
