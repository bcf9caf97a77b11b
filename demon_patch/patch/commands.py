"""Every edit of a patch, by name: a frozen struct, a pure function from patch to patch, and its inverse.

`apply(command, patch)` gives the new patch and the command that takes it back exactly. The editor, the command line
and remote clients all edit in this way; `wire` turns commands to JSON and back.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias, TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from demon_patch.errors import PatchError
from demon_patch.patch import data, ids
from demon_patch.patch.data import Frozen, Value
from demon_patch.patch.document import Cable, Mode, Node, Patch, Socket
from demon_patch.patch.piece import Piece

ABSENT = UNSET
"""As the value of a knob: it has none of its own, and stands at its default."""

P = TypeVar("P", bound=Piece)


class _Command(
    Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="do",
    tag=lambda name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"),
):
    """A command: `on(patch)` gives the edited patch and the inverse, or raises PatchError.

    Numbers in it are finite from the start, so that it can travel as JSON.
    """

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            if isinstance(given := getattr(self, field), float):
                data.number(given, field)

    @property
    def target(self) -> Hashable:
        """What a later command of the same target overwrites wholly; None if there is no such thing."""
        return None


class AddNode(_Command, frozen=True):
    """Puts a node into the patch under an id that is not taken."""

    id: str
    node: Node

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        if self.id in patch.nodes:
            raise PatchError("is in the patch already", node=self.id, mend="take a fresh id")
        return _with_node(patch, self.id, self.node), RemoveNode(self.id)


class RemoveNode(_Command, frozen=True):
    """Takes a node and all its cables out."""

    id: str

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        node, cables = patch.node(self.id), patch.cables_of(self.id)
        rest = {id: other for id, other in patch.nodes.items() if id != self.id}
        left = structs.replace(patch, nodes=rest, cables=_without(patch, cables))
        return left, _all(AddNode(self.id, node), *map(Connect, cables))


class Replace(_Command, frozen=True):
    """Puts another node in the place of one; of its cables, only those in `keep` stay."""

    node: str
    new: Node
    keep: tuple[Socket, ...] = ()

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        old, cables = patch.node(self.node), patch.cables_of(self.node)
        for socket in self.keep:
            if patch.cable(socket) not in cables:
                raise PatchError(f"the cable {socket} does not touch it", node=self.node, mend="keep only its own")
        dropped = [cable for cable in cables if cable.socket not in self.keep]
        left = structs.replace(patch, cables=_without(patch, dropped))
        inverse = _all(Replace(self.node, old, self.keep), *map(Connect, dropped))
        return _with_node(left, self.node, self.new), inverse


class Connect(_Command, frozen=True):
    """Plugs a cable between two ports that have none."""

    cable: Cable

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        socket = self.cable.socket
        if socket in patch.cables_by_socket:
            raise PatchError(
                f"a cable from {socket.src}.{socket.out} is plugged in already",
                node=socket.dst,
                port=socket.port,
                mend="change that one",
            )
        return structs.replace(patch, cables=(*patch.cables, self.cable)), Disconnect(*socket)


class Disconnect(_Command, frozen=True):
    """Unplugs the cable between two ports."""

    src: str
    out: str
    dst: str
    port: str

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        cable = patch.cable(Socket(self.src, self.out, self.dst, self.port))
        return structs.replace(patch, cables=_without(patch, [cable])), Connect(cable)


class SetCable(_Command, frozen=True):
    """Changes how a cable works: mode, depth (None for the usual one), offset, muted; what is not given stays."""

    src: str
    out: str
    dst: str
    port: str
    mode: Mode | UnsetType = UNSET
    depth: float | UnsetType | None = UNSET
    offset: float | UnsetType = UNSET
    muted: bool | UnsetType = UNSET

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        cable = patch.cable(Socket(self.src, self.out, self.dst, self.port))
        new, old = _changed(cable, self)
        cables = (*_without(patch, [cable]), new)
        return structs.replace(patch, cables=cables), SetCable(**old)

    @property
    def target(self) -> Hashable:
        return "SetCable", self.src, self.out, self.dst, self.port, *_given(self)


class _OfPort(_Command, frozen=True):
    """A command on what a node keeps under the name of a port."""

    node: str
    name: str

    def __post_init__(self) -> None:
        ids.checked(self.node)
        data.name(self.name, "name of a port")
        with data.place(node=self.node, port=self.name):
            super().__post_init__()

    @property
    def target(self) -> Hashable:
        return type(self).__name__, self.node, self.name


class SetValue(_OfPort, frozen=True):
    """Sets what a node keeps under a name; ABSENT takes it away, so that the default holds."""

    value: Value | UnsetType = ABSENT

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value is not ABSENT:
            with data.place(node=self.node, port=self.name):
                structs.force_setattr(self, "value", data.value(self.value, "value"))

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        values = dict(patch.node(self.node).values)
        old = values.pop(self.name, ABSENT)
        if self.value is not ABSENT:
            values[self.name] = self.value
        return _edited(patch, self.node, values=values), SetValue(self.node, self.name, old)


class SetRange(_OfPort, frozen=True):
    """Sets the playing range of an input, lo <= hi in the port's unit; without them, the declared range holds."""

    lo: float | None = None
    hi: float | None = None

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        ranges = dict(patch.node(self.node).ranges)
        old = ranges.pop(self.name, (None, None))
        if self.lo is not None and self.hi is not None:
            ranges[self.name] = (self.lo, self.hi)
        elif (self.lo, self.hi) != (None, None):
            raise PatchError("a range has one end", node=self.node, port=self.name, mend="give both ends, or none")
        return _edited(patch, self.node, ranges=ranges), SetRange(self.node, self.name, *old)


class Move(_Command, frozen=True):
    """Moves nodes on the canvas: positions by id."""

    positions: Mapping[str, tuple[float, float]]

    def __post_init__(self) -> None:
        kept = {id: data.pair(at, "at") for id, at in data.table(self.positions, "positions").items()}
        structs.force_setattr(self, "positions", Frozen(kept))

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        old = {id: patch.node(id).at for id in self.positions}
        moved = {id: structs.replace(patch.nodes[id], at=at) for id, at in self.positions.items()}
        return structs.replace(patch, nodes={**patch.nodes, **moved}), Move(old)

    @property
    def target(self) -> Hashable:
        return "Move", *sorted(self.positions)


class Rename(_Command, frozen=True):
    """Gives a node a label; the empty one brings its type's title back."""

    node: str
    label: str

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        old = patch.node(self.node).label
        return _edited(patch, self.node, label=self.label), Rename(self.node, old)

    @property
    def target(self) -> Hashable:
        return "Rename", self.node


class SetBypass(_Command, frozen=True):
    """Lets a node pass its input through untouched, or work again."""

    node: str
    bypass: bool

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        old = patch.node(self.node).bypass
        return _edited(patch, self.node, bypass=self.bypass), SetBypass(self.node, old)

    @property
    def target(self) -> Hashable:
        return "SetBypass", self.node


class SetMeta(_Command, frozen=True):
    """Changes what a library shows of the patch; what is not given stays."""

    title: str | UnsetType = UNSET
    author: str | UnsetType = UNSET
    licence: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    model: str | UnsetType = UNSET

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        new, old = _changed(patch.meta, self)
        return structs.replace(patch, meta=new), SetMeta(**old)

    @property
    def target(self) -> Hashable:
        return "SetMeta", *_given(self)


class SetSong(_Command, frozen=True):
    """Changes the tempo (None: follow the source) and the beats of a bar; what is not given stays."""

    bpm: float | UnsetType | None = UNSET
    beats_per_bar: int | UnsetType = UNSET

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        new, old = _changed(patch.song, self)
        return structs.replace(patch, song=new), SetSong(**old)

    @property
    def target(self) -> Hashable:
        return "SetSong", *_given(self)


class Become(_Command, frozen=True):
    """Puts a whole document in the place of the patch."""

    patch: Patch

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        return self.patch, Become(patch)


class Batch(_Command, frozen=True):
    """Several commands, one after the other, all or none; a batch inside a batch is laid flat."""

    commands: tuple[Command, ...]

    def __post_init__(self) -> None:
        flat = [inner for c in self.commands for inner in (c.commands if isinstance(c, Batch) else (c,))]
        structs.force_setattr(self, "commands", tuple(flat))

    def on(self, patch: Patch) -> tuple[Patch, Command]:
        inverses: list[Command] = []
        for command in self.commands:
            patch, inverse = command.on(patch)
            inverses.append(inverse)
        return patch, Batch(tuple(reversed(inverses)))


Command: TypeAlias = (
    AddNode
    | RemoveNode
    | Replace
    | Connect
    | Disconnect
    | SetCable
    | SetValue
    | SetRange
    | Move
    | Rename
    | SetBypass
    | SetMeta
    | SetSong
    | Become
    | Batch
)


def apply(command: Command, patch: Patch) -> tuple[Patch, Command]:
    """The edited patch and the inverse command; PatchError, and no change, where the edit cannot be done."""
    return command.on(patch)


def _all(*commands: Command) -> Command:
    return commands[0] if len(commands) == 1 else Batch(commands)


def _with_node(patch: Patch, id: str, node: Node) -> Patch:
    return structs.replace(patch, nodes={**patch.nodes, id: node})


def _edited(patch: Patch, id: str, **changes: object) -> Patch:
    with data.place(node=id):
        return _with_node(patch, id, structs.replace(patch.node(id), **changes))


def _without(patch: Patch, cables: list[Cable] | tuple[Cable, ...]) -> tuple[Cable, ...]:
    gone = {cable.socket for cable in cables}
    return tuple(cable for cable in patch.cables if cable.socket not in gone)


def _given(command: _Command) -> tuple[str, ...]:
    """The fields that a command sets."""
    return tuple(field for field in command.__struct_fields__ if getattr(command, field) is not UNSET)


def _changed(piece: P, command: _Command) -> tuple[P, dict[str, Any]]:
    """The piece with the fields that the command sets, and what they were."""
    fields = _given(command)
    changes = {field: getattr(command, field) for field in fields}
    return structs.replace(piece, **changes), {field: getattr(piece, field) for field in fields}
