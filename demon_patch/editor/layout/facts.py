"""What the editor knows of node types: their declarations, and what the host adds for the model that plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demon_patch.editor.layout.box import Pin
from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import SIGNALS, Out, Port, fits
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.session import Nodes

ANY = "any"
"""The type of a pin of which nothing is known yet: of a reroute or boundary port without cables, or of an unknown
node."""


class Facts:
    """Node types by id, with the defaults of the model that plays.

    nodes: what the host says of its node types; None before it has said it.
    """

    def __init__(self, catalogue: Mapping[str, Declaration] = CATALOGUE, nodes: Nodes | None = None) -> None:
        self.catalogue = catalogue
        self.lacks: frozenset[str] = frozenset()
        """The names of the controls that the model does not have."""
        self._types: dict[str, Mapping[str, Any]] = {}
        self._ports: dict[tuple[str, str], Mapping[str, Any]] = {}
        if nodes is not None:
            self.learn(nodes)

    def learn(self, nodes: Nodes) -> None:
        """Takes over what the host says."""
        self.lacks = frozenset(nodes.lacks)
        self._types = {node["id"]: node for node in nodes.nodes}
        self._ports = {(node["id"], port["name"]): port for node in nodes.nodes for port in node["ports"]}

    def declaration(self, type: str) -> Declaration | None:
        """The declaration of a node type; None for an unknown one."""
        return self.catalogue.get(type)

    def port(self, type: str, port: str) -> Port | None:
        """The declaration of a port; None for an unknown one."""
        declaration = self.catalogue.get(type)
        return None if declaration is None else declaration.by_name.get(port)

    def default(self, type: str, port: str) -> Any:
        """What a port holds where the patch sets nothing: with the model that plays, if the host has said it."""
        said = self._ports.get((type, port), {}).get("default")
        if said is not None:
            return said
        declared = self.port(type, port)
        return None if declared is None else declared.default

    def propagation(self, type: str, port: str) -> str:
        """The class of a control, by which it comes to be heard: request, step, decode ...; empty for other ports."""
        declared = self.port(type, port)
        row = None if declared is None else CONTROLS.get(declared.control or "")
        return "" if row is None else row.propagation

    def rate(self, type: str, port: str) -> float | None:
        """How many times a second a control is read now; None where that is not known."""
        return self._ports.get((type, port), {}).get("rate")

    def lacking(self, type: str, port: str) -> bool:
        """Whether the model does not have the port's control."""
        declared = self.port(type, port)
        return declared is not None and declared.control in self.lacks

    def display(self, type: str) -> str:
        """The word for a node type's live display; empty for none."""
        declaration = self.catalogue.get(type)
        word = "" if declaration is None else declaration.display
        return "" if word == "none" else word

    def visible(self, patch: Patch, within: str | None = None) -> VisiblePorts:
        """The ports of the nodes of a patch, or inside a definition, through subpatches and reroutes."""
        return VisiblePorts(patch, self.catalogue, within)

    @staticmethod
    def fits(a: Pin, b: Pin) -> bool:
        """Whether a cable may lead between two pins, in whichever order they are given."""
        if a.out == b.out or (a.node, a.name) == (b.node, b.name):
            return False
        out, port = (a, b) if a.out else (b, a)
        return joins(out.type, port.type)

    @staticmethod
    def adapts(out: str, port: str) -> bool:
        """Whether a signal is converted on its way from an output to a port of these types."""
        return out != port and ANY not in (out, port) and out in SIGNALS and port in SIGNALS


def joins(out: str, port: str) -> bool:
    """Returns whether a cable may lead from an output to a wireable port of these types."""
    return ANY in (out, port) or fits(Out("", out), Port("", port))  # type: ignore[arg-type]
