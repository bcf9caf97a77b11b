"""What plays where a version of the document cannot be played: the version that did, with as much of the new one as
can be heard."""

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
    """A document without its live values, and those."""

    base: Patch
    live: Overlay

    @property
    def sounding(self) -> Patch:
        """The document with the live values that it can have."""
        return valid_overlay(self.live, self.base, CATALOGUE).sounding(self.base)


def without_mistake(wanted: Version, good: Version, error: Exception, newest: Overlay) -> tuple[Version, str] | None:
    """A version nearer to one that played, after `wanted` raised an error, and what of it stays as it was, in words;
    None where there is none nearer.

    Tried in this order: the live values of the node that the error names as they were, that node as it was, the whole
    document as it was, all of it as it was.

    newest: the live values as they are; each document is tried with these first.
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
