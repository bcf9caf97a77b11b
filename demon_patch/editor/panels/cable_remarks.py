"""Cables that move a control faster than it can follow: the host is asked after edits, and the canvas marks them."""

from __future__ import annotations

from collections.abc import Mapping

from demon_patch.editor.canvas.view import View
from demon_patch.editor.link.protocol import Link
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.graph import REROUTE, SUBPATCH, CableKey
from demon_patch.runtime.remote.messages.base import Reply
from demon_patch.runtime.remote.messages.showing import Hurries, Hurry, HurryList

AFTER = 2.5  # seconds after the last edit: to tell it, the host runs the patch


class CableRemarks:
    """Asks once after the edits have ended, and shows the answer.

    by_cable: the sentence on each cable that is shown.
    """

    def __init__(self, link: Link, view: View) -> None:
        self._link, self._view = link, view
        self._hurries: tuple[Hurry, ...] = ()
        self.by_cable: Mapping[CableKey, str] = {}
        self._seen: tuple[Revision, float] = (Revision(-1, 0), 0.0)
        self._asked: Revision | None = None

    def look(self, now: float, connected: bool) -> None:
        """Asks, if it is time. now: seconds."""
        revision = self._link.revision
        if revision != self._seen[0]:
            self._seen = revision, now
        elif connected and revision.epoch >= 0 and revision != self._asked and now - self._seen[1] >= AFTER:
            self._asked = revision
            self._link.ask(Hurries(), self._take, lambda fault: None)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, HurryList):
            self._hurries = reply.hurries
            self.redraw()

    def redraw(self) -> None:
        """The canvas was drawn anew, or shows something else: marks its cables."""
        view = self._view
        before = self.by_cable
        self.by_cable = {} if view.patch is None else _shown(self._hurries, view)
        for key in before.keys() - self.by_cable.keys():
            if key in view.wires:
                view.canvas.set_remark(key, False)
        for key in self.by_cable:
            view.canvas.set_remark(key, True)


def _shown(hurries: tuple[Hurry, ...], view: View) -> dict[CableKey, str]:
    """Returns the sentences on the cables of the graph that is shown. Inside a subpatch, the host names nodes by the
    path of their ids; behind reroutes and subpatches it names the node where the signal begins."""
    graph, found = view.graph, dict[CableKey, str]()
    for hurry in hurries:
        parts = hurry.node.split("/")
        if (len(parts) > 1) != (view.within is not None) or parts[-1] not in graph.nodes:
            continue
        node = parts[-1]
        begins = {(key.src.split("/")[-1], key.out) for key in hurry.cables}
        said = ": ".join(part for part in (hurry.fault.what or hurry.fault.text, hurry.fault.mend) if part)
        for cable in graph.cables_into(node, hurry.port):
            passes = graph.nodes[cable.src].type in (REROUTE, SUBPATCH)
            if (passes or (cable.src, cable.out) in begins) and cable.key in view.wires:
                found[cable.key] = said
    return found
