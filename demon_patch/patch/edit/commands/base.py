"""What all commands share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec import UNSET, Struct, structs

from demon_patch.errors import PatchError
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, Graph, Node
from demon_patch.patch.model.record import Record

if TYPE_CHECKING:
    from demon_patch.patch.edit.commands import Command

ABSENT = UNSET
"""As the value of a knob: it has none of its own, and stands at its default."""

G = TypeVar("G", bound=Graph)
P = TypeVar("P", bound=Record)


class Edit(
    Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="do",
    tag=lambda name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"),
):
    """A command: `applied_to(patch)` gives the edited patch and the commands that take it back, or raises PatchError.

    Numbers in it are finite from the start, so that it can travel as JSON.
    """

    graphs: ClassVar[tuple[type[Graph], ...]] = (Patch,)
    """What it can be done on: the patch, the graph within a definition, or both."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            if isinstance(given := getattr(self, field), float):
                json_values.number(given, field)

    def applied_to(self, patch: Any) -> tuple[Any, tuple[Command, ...]]:
        """The edited patch, or graph, and the commands that take it back; raises PatchError. Each command has its
        own."""
        ...

    @property
    def target(self) -> Hashable:
        """What a later command of the same target overwrites wholly; None if there is no such thing."""
        return None


class GraphEdit(Edit, frozen=True):
    """A command on the patch or, in a `Within`, on the graph inside a definition."""

    graphs = (Patch, Definition)


class PortCommand(GraphEdit, frozen=True):
    """A command on what a node keeps under the name of a port."""

    node: str
    name: str

    def __post_init__(self) -> None:
        ids.checked(self.node)
        json_values.name(self.name, "name of a port")
        with json_values.place(node=self.node, port=self.name):
            super().__post_init__()

    @property
    def target(self) -> Hashable:
        return type(self).__name__, self.node, self.name


class SetRecord(Edit, frozen=True):
    """A command that puts a record under an id, in the place of what is there, or with None takes it away."""

    id: str

    table: ClassVar[str] = ""
    """The field of the graph that holds such records by id; the command's last field is the record."""

    def __post_init__(self) -> None:
        ids.checked(self.id, self.table.rstrip("s"))

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        records: dict[str, Any] = dict(getattr(patch, self.table))
        old, new = records.pop(self.id, None), getattr(self, self.__struct_fields__[-1])
        if new is not None:
            records[self.id] = new
        back: Any = type(self)(self.id, old)  # type: ignore[call-arg]
        return structs.replace(patch, **{self.table: records}), (back,)

    @property
    def target(self) -> Hashable:
        return type(self).__name__, self.id


def with_node(graph: G, id: str, node: Node) -> G:
    """The graph with a node, in the place of one of the same id."""
    return structs.replace(graph, nodes={**graph.nodes, id: node})


def edited(graph: G, id: str, **changes: object) -> G:
    """The graph with some fields of a node changed."""
    with json_values.place(node=id):
        return with_node(graph, id, structs.replace(graph.node(id), **changes))


def without(graph: Graph, cables: Iterable[Cable]) -> tuple[Cable, ...]:
    """The cables of a graph but some."""
    gone = {cable.key for cable in cables}
    return tuple(cable for cable in graph.cables if cable.key not in gone)


def fields_set_by(command: Edit) -> tuple[str, ...]:
    """The fields that a command sets."""
    return tuple(field for field in command.__struct_fields__ if getattr(command, field) is not UNSET)


def with_fields_of(record: P, command: Edit) -> tuple[P, dict[str, Any]]:
    """The record with the fields that the command sets, and what they were."""
    fields = fields_set_by(command)
    changes = {field: getattr(command, field) for field in fields}
    return structs.replace(record, **changes), {field: getattr(record, field) for field in fields}


def check_fits(command: Edit, graph: Graph) -> None:
    """Raises PatchError if the command is not for such a graph."""
    if not isinstance(graph, command.graphs):
        where = "within a subpatch" if isinstance(graph, Definition) else "on the patch itself"
        raise PatchError(f"{title(command)} is nothing to do {where}", mend="do it where it belongs")


def title(command: Edit) -> str:
    """The command's name in words: "Set value"."""
    return str(command.__struct_config__.tag).replace("_", " ").capitalize()
