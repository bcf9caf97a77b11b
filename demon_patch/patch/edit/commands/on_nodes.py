"""Commands on nodes: there or not, what they are set to, where they stand."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import UnsetType, structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands.base import ABSENT, G, GraphEdit, PortCommand, edited, with_node, without
from demon_patch.patch.edit.commands.on_cables import Connect
from demon_patch.patch.edit.commands.on_records import PUTS
from demon_patch.patch.model import json_values
from demon_patch.patch.model.graph import Cable, CableKey, Node
from demon_patch.patch.model.json_values import Frozen, Value

if TYPE_CHECKING:
    from demon_patch.patch.edit.commands import Command


class AddNode(GraphEdit, frozen=True):
    """Puts a node into the patch under an id that is not taken."""

    id: str
    node: Node

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        if self.id in patch.nodes:
            raise PatchError("is in the patch already", node=self.id, mend="take a fresh id")
        return with_node(patch, self.id, self.node), (RemoveNode(self.id),)


class RemoveNode(GraphEdit, frozen=True):
    """Takes a node and all its cables out, and its name out of all that mentions it: dashboard, mappings, snapshots,
    promoted ports. The inverse brings all of it back."""

    id: str

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        return _without_nodes(patch, (self.id,))


class AddNodes(GraphEdit, frozen=True):
    """Puts several nodes into the patch at once, and cables that each end or begin at one of them."""

    nodes: Mapping[str, Node]
    cables: tuple[Cable, ...] = ()

    def __post_init__(self) -> None:
        structs.force_setattr(self, "nodes", Frozen(json_values.table(self.nodes, "nodes")))

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        for id in sorted(self.nodes.keys() & patch.nodes.keys()):
            raise PatchError("is in the patch already", node=id, mend="take a fresh id")
        for cable in self.cables:
            if cable.src not in self.nodes and cable.dst not in self.nodes:
                raise PatchError(
                    f"the cable from {cable.src}.{cable.out} touches none of the new nodes",
                    node=cable.dst,
                    port=cable.port,
                    mend="connect it by itself",
                )
        nodes, cables = {**patch.nodes, **self.nodes}, (*patch.cables, *self.cables)
        return structs.replace(patch, nodes=nodes, cables=cables), (RemoveNodes(tuple(sorted(self.nodes))),)


class RemoveNodes(GraphEdit, frozen=True):
    """Takes several nodes out at once, each as `RemoveNode` does."""

    ids: tuple[str, ...]

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        return _without_nodes(patch, self.ids)


def _without_nodes(graph: G, ids: tuple[str, ...]) -> tuple[G, tuple[Command, ...]]:
    """Returns the graph without some nodes, and the commands that restore them. Cables and records that also name other
    nodes are restored by separate commands, so that undo can skip those whose other nodes have been removed since."""
    gone = {id: graph.node(id) for id in ids}
    cables = tuple(cable for cable in graph.cables if cable.src in gone or cable.dst in gone)
    changes: dict[str, object] = {
        "nodes": {id: other for id, other in graph.nodes.items() if id not in gone},
        "cables": without(graph, cables),
    }
    inner = tuple(cable for cable in cables if cable.src in gone and cable.dst in gone)
    border = (Connect(cable) for cable in cables if cable.src not in gone or cable.dst not in gone)
    back: list[Any] = [AddNodes(gone, inner), *border]
    for field in graph.naming:
        before = getattr(graph, field)
        after = {id: record.without(gone.keys()) for id, record in before.items()}
        if after != before:
            changes[field] = {id: record for id, record in after.items() if record is not None}
            back += [PUTS[field](id, before[id]) for id in before if after[id] != before[id]]
    return structs.replace(graph, **changes), tuple(back)


class Replace(GraphEdit, frozen=True):
    """Puts another node in the place of one; of its cables, only those in `keep` stay."""

    node: str
    new: Node
    keep: tuple[CableKey, ...] = ()

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        old, cables = patch.node(self.node), patch.cables_of(self.node)
        for key in self.keep:
            if patch.cable(key) not in cables:
                raise PatchError(f"the cable {key} does not touch it", node=self.node, mend="keep only its own")
        dropped = [cable for cable in cables if cable.key not in self.keep]
        left = structs.replace(patch, cables=without(patch, dropped))
        return with_node(left, self.node, self.new), (Replace(self.node, old, self.keep), *map(Connect, dropped))


class SetValue(PortCommand, frozen=True):
    """Sets what a node keeps under a name; ABSENT takes it away, so that the default holds."""

    value: Value | UnsetType = ABSENT

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value is not ABSENT:
            with json_values.place(node=self.node, port=self.name):
                structs.force_setattr(self, "value", json_values.value(self.value, "value"))

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        values = dict(patch.node(self.node).values)
        old = values.pop(self.name, ABSENT)
        if self.value is not ABSENT:
            values[self.name] = self.value
        return edited(patch, self.node, values=values), (SetValue(self.node, self.name, old),)


class SetRange(PortCommand, frozen=True):
    """Sets the playing range of an input, lo <= hi in the port's unit; without them, the declared range holds."""

    lo: float | None = None
    hi: float | None = None

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        ranges = dict(patch.node(self.node).ranges)
        old = ranges.pop(self.name, (None, None))
        if self.lo is not None and self.hi is not None:
            ranges[self.name] = (self.lo, self.hi)
        elif (self.lo, self.hi) != (None, None):
            raise PatchError("a range has one end", node=self.node, port=self.name, mend="give both ends, or none")
        return edited(patch, self.node, ranges=ranges), (SetRange(self.node, self.name, *old),)


class ListPort(PortCommand, frozen=True):
    """Base class of commands that add a port to a list of its node or remove it; the last field says which."""

    listed: ClassVar[str] = ""
    """The name of the node's field that holds the list."""

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        before: tuple[str, ...] = getattr(patch.node(self.node), self.listed)
        rest = tuple(port for port in before if port != self.name)
        after = (*rest, self.name) if getattr(self, self.__struct_fields__[-1]) else rest
        back: Any = type(self)(self.node, self.name, self.name in before)  # type: ignore[call-arg]
        return edited(patch, self.node, **{self.listed: after}), (back,)


class SetLocked(ListPort, frozen=True):
    """Keeps snapshots away from a port, or lets them turn it again."""

    locked: bool
    listed = "locked"


class SetFolded(ListPort, frozen=True):
    """Hides a port on the canvas, or shows it again."""

    folded: bool
    listed = "folded"


class Move(GraphEdit, frozen=True):
    """Moves nodes on the canvas: positions by id."""

    positions: Mapping[str, tuple[float, float]]

    def __post_init__(self) -> None:
        kept = {id: json_values.position(at, "at") for id, at in json_values.table(self.positions, "positions").items()}
        structs.force_setattr(self, "positions", Frozen(kept))

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        old = {id: patch.node(id).at for id in self.positions}
        moved = {id: structs.replace(patch.nodes[id], at=at) for id, at in self.positions.items()}
        return structs.replace(patch, nodes={**patch.nodes, **moved}), (Move(old),)

    @property
    def target(self) -> Hashable:
        return "Move", *sorted(self.positions)


class SetNodeField(GraphEdit, frozen=True):
    """Base class of commands that set one field of a node: the field with the name of the command's last field."""

    node: str

    @classmethod
    def field(cls) -> str:
        """Returns the name of the node's field that the command sets."""
        return cls.__struct_fields__[-1]

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        old, new = getattr(patch.node(self.node), self.field()), getattr(self, self.field())
        back: Any = type(self)(self.node, old)  # type: ignore[call-arg]
        return edited(patch, self.node, **{self.field(): new}), (back,)

    @property
    def target(self) -> Hashable:
        return type(self).__name__, self.node


class Rename(SetNodeField, frozen=True):
    """Gives a node a label; the empty one brings its type's title back."""

    label: str


class SetBypass(SetNodeField, frozen=True):
    """Lets a node pass its input through untouched, or work again."""

    bypass: bool


class SetMuted(SetNodeField, frozen=True):
    """Mutes a node, so that nothing comes out of it, or lets it sound again."""

    muted: bool


class SetColour(SetNodeField, frozen=True):
    """Gives a node a colour, #rrggbb; the empty one brings that of its category back."""

    colour: str
