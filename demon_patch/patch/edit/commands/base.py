"""Base classes of commands, and functions that several commands use."""

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
"""In place of a knob's number: the patch sets none, so the knob has the port's default."""

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
    """Base class of all commands. `applied_to(patch)` returns the edited patch and the commands that take it back.

    The constructor raises PatchError for numbers that are not finite, because JSON has none.
    """

    graphs: ClassVar[tuple[type[Graph], ...]] = (Patch,)
    """What the command can be applied to: Patch, Definition, or both."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            if isinstance(given := getattr(self, field), float):
                json_values.number(given, field)

    def applied_to(self, patch: Any) -> tuple[Any, tuple[Command, ...]]:
        """Returns the edited patch, or definition, and the commands that take the edit back, in order. Raises
        PatchError. Each command defines it."""
        ...

    @property
    def target(self) -> Hashable:
        """A key of all that the command sets: a later command with an equal key overwrites it wholly. None if no other
        command can."""
        return None


class GraphEdit(Edit, frozen=True):
    """Base class of commands on the patch or, in a `Within`, on the graph inside a definition."""

    graphs = (Patch, Definition)


class PortCommand(GraphEdit, frozen=True):
    """Base class of commands on what a node stores for one port."""

    node: str
    name: str

    def __post_init__(self) -> None:
        ids.valid_id(self.node)
        json_values.name(self.name, "name of a port")
        with json_values.place(node=self.node, port=self.name):
            super().__post_init__()

    @property
    def target(self) -> Hashable:
        return type(self).__name__, self.node, self.name


class SetRecord(Edit, frozen=True):
    """Base class of commands that store a record under an id in place of an earlier one; None removes it."""

    id: str

    table: ClassVar[str] = ""
    """The name of the graph's field that holds these records by id. The last field of the command is the record."""

    def __post_init__(self) -> None:
        ids.valid_id(self.id, self.table.rstrip("s"))

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
    """Returns the graph with a node under an id; it replaces a node with that id."""
    return structs.replace(graph, nodes={**graph.nodes, id: node})


def edited(graph: G, id: str, **changes: object) -> G:
    """Returns the graph with some fields of a node changed; PatchError if there is no such node, or if a field cannot
    have its new value."""
    with json_values.place(node=id):
        return with_node(graph, id, structs.replace(graph.node(id), **changes))


def without(graph: Graph, cables: Iterable[Cable]) -> tuple[Cable, ...]:
    """Returns the cables of the graph except those given."""
    if not (gone := {cable.key for cable in cables}):
        return graph.cables
    return tuple(cable for cable in graph.cables if cable.key not in gone)


def fields_set_by(command: Edit) -> tuple[str, ...]:
    """Returns the names of the command's fields that are given (not UNSET)."""
    return tuple(field for field in command.__struct_fields__ if getattr(command, field) is not UNSET)


def with_fields_of(record: P, command: Edit) -> tuple[P, dict[str, Any]]:
    """Returns the record with the fields that the command gives, and their old values by name."""
    fields = fields_set_by(command)
    changes = {field: getattr(command, field) for field in fields}
    return structs.replace(record, **changes), {field: getattr(record, field) for field in fields}


def check_fits(command: Edit, graph: Graph) -> None:
    """Raises PatchError if the command cannot be applied to a graph of this kind (`Edit.graphs`)."""
    if not isinstance(graph, command.graphs):
        where = "within a subpatch" if isinstance(graph, Definition) else "on the patch itself"
        raise PatchError(f"{title(command)} is nothing to do {where}", mend="do it where it belongs")


def title(command: Edit) -> str:
    """Returns the command's name in words: "Set value"."""
    return str(command.__struct_config__.tag).replace("_", " ").capitalize()
