"""Random pieces of documents, and random commands on them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from demon_patch.errors import first_hidden_character
from demon_patch.patch.edit.commands import (
    ABSENT,
    AddNode,
    AddNodes,
    Command,
    Connect,
    Disconnect,
    Move,
    RemoveNode,
    RemoveNodes,
    Rename,
    RenameDefinition,
    Replace,
    SetBookmark,
    SetBypass,
    SetCable,
    SetColour,
    SetDefinition,
    SetFolded,
    SetFrame,
    SetInlet,
    SetLocked,
    SetMapping,
    SetMeta,
    SetMuted,
    SetNote,
    SetOutlet,
    SetProbe,
    SetRange,
    SetSnapshot,
    SetSong,
    SetValue,
    SetWidget,
    Within,
)
from demon_patch.patch.model.canvas import CanvasBookmark, CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.dashboard import (
    MAPPING_MODES,
    TAKEOVERS,
    WIDGETS,
    CableDepth,
    Controller,
    ControlMapping,
    Snapshot,
    Widget,
)
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import MODES, Cable, Graph, Meta, Node, Patch, Song

IDS = ("a", "b-1", "c_2", "dddddddd")
PORTS = ("x", "rate", "value.2", "in", "out")
DEFINITIONS = ("low", "mid", "top")  # each may contain those before it, so that none contains itself

ids = st.sampled_from(IDS)
ports = st.sampled_from(PORTS)
lines = st.text(max_size=8).map(lambda text: "".join(c for c in text if first_hidden_character(c, lines=True) is None))
numbers = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**63) + 1, 2**63 - 1)
places = st.floats(-1e9, 1e9)
positions = st.tuples(places, places)
sizes = st.tuples(st.floats(0, 1e6), st.floats(0, 1e6))
ranges = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))

values = st.recursive(
    st.none() | st.booleans() | integers | numbers | lines,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(lines, inner, max_size=3),
    max_leaves=6,
)
unknown = st.dictionaries(st.sampled_from(("extra", "hue", "♪", "a key")), values, max_size=2)
settings_of_nodes = {
    "version": st.integers(1, 9),
    "values": st.dictionaries(ports, values, max_size=2),
    "ranges": st.dictionaries(ports, ranges, max_size=2),
    "at": positions,
    "label": lines,
    "bypass": st.booleans(),
    "muted": st.booleans(),
    "locked": st.lists(ports, max_size=2),
    "folded": st.lists(ports, max_size=2),
    "colour": st.sampled_from(("", "#ff8000")),
    "format": st.sampled_from((1, 2)),
    "extra": unknown,
}
nodes = st.builds(Node, type=st.sampled_from(("lfo", "scheduler", "future.orchestra", "reroute")), **settings_of_nodes)
settings_of_cables = {
    "mode": st.sampled_from(MODES),
    "depth": st.none() | numbers,
    "offset": numbers,
    "muted": st.booleans(),
    "solo": st.booleans(),
}
frames = st.builds(
    CanvasFrame, at=positions, size=sizes, title=lines, colour=st.sampled_from(("", "#00ff80")), extra=unknown
)
bookmarks = st.builds(CanvasBookmark, at=positions, zoom=st.floats(0.01, 100), title=lines, extra=unknown)
notes = st.builds(CanvasNote, text=lines, at=positions, size=sizes, extra=unknown)
controllers = st.one_of(
    st.builds(
        Controller, st.sampled_from(("cc", "note")), device=lines, channel=st.integers(0, 16), number=st.just(74)
    ),
    st.builds(Controller, st.sampled_from(("bend", "pressure")), channel=st.integers(0, 16), extra=unknown),
    st.builds(Controller, st.just("osc"), address=lines.map("/{}".format)),
    st.builds(Controller, st.just("key"), address=st.sampled_from(("q", "F5"))),
)
metas = st.builds(
    Meta,
    title=lines,
    author=lines,
    licence=lines,
    tags=st.lists(lines, max_size=3),
    description=lines,
    model=lines,
    extra=unknown,
)
songs = st.builds(Song, bpm=st.none() | st.floats(0.001, 1000), beats_per_bar=st.integers(1, 64), extra=unknown)


def instances_of(definitions: list[str]) -> st.SearchStrategy[Node]:
    """Nodes, among them subpatches with one of these definitions."""
    if not definitions:
        return nodes
    made = st.builds(Node, type=st.just("subpatch"), definition=st.sampled_from(definitions), **settings_of_nodes)
    return nodes | made


def cables_among(taken: list[str]) -> st.SearchStrategy[Cable]:
    """Cables between nodes of these ids."""
    ends = st.sampled_from(taken)
    formats = st.sampled_from((1, 2))
    return st.builds(
        Cable, src=ends, out=ports, dst=ends, port=ports, extra=unknown, format=formats, **settings_of_cables
    )


def probes_of(taken: list[str]) -> st.SearchStrategy[Probe]:
    """Displays of outputs of nodes of these ids."""
    return st.builds(Probe, st.sampled_from(taken), ports, positions, sizes, st.floats(0.1, 60), extra=unknown)


def widgets_of(taken: list[str]) -> st.SearchStrategy[Widget]:
    """Dashboard controls of nodes of these ids."""
    return st.builds(
        Widget, st.sampled_from(taken), ports, positions, sizes, st.sampled_from(WIDGETS), lines, extra=unknown
    )


def mappings_of(taken: list[str]) -> st.SearchStrategy[ControlMapping]:
    """Mapped knobs of nodes of these ids."""
    ends = st.none() | numbers
    return st.builds(
        ControlMapping,
        controllers,
        st.sampled_from(taken),
        ports,
        ends,
        ends,
        mode=st.sampled_from(MAPPING_MODES),
        takeover=st.sampled_from(TAKEOVERS),
        curve=st.floats(-1, 1),
        centred=st.booleans(),
        version=st.integers(1, 9),
        extra=unknown,
    )


def snapshots_of(taken: list[str]) -> st.SearchStrategy[Snapshot]:
    """Snapshots that name nodes of these ids, if any."""
    if not taken:
        return st.builds(Snapshot, title=lines, scope=st.sampled_from((None, ())), extra=unknown)
    some = st.sampled_from(taken)
    formats = st.sampled_from((1, 2))
    depths = st.builds(CableDepth, some, ports, some, ports, st.none() | numbers, formats, extra=unknown)
    return st.builds(
        Snapshot,
        title=lines,
        scope=st.none() | st.lists(some, max_size=3),
        values=st.dictionaries(some, st.dictionaries(ports, values, max_size=2), max_size=2),
        ranges=st.dictionaries(some, st.dictionaries(ports, ranges, max_size=2), max_size=2),
        depths=st.lists(depths, max_size=2, unique_by=lambda depth: depth.key),
        extra=unknown,
    )


def inlets_to(taken: list[str]) -> st.SearchStrategy[Inlet]:
    """Promoted inputs that lead to nodes of these ids, if any."""
    if not taken:
        return st.builds(Inlet, lines, order=numbers, extra=unknown)
    inner = st.builds(Target, st.sampled_from(taken), ports, extra=unknown)
    return st.builds(
        Inlet, lines, st.lists(inner, max_size=2, unique_by=lambda t: (t.node, t.port)), numbers, extra=unknown
    )


def outlets_of(taken: list[str]) -> st.SearchStrategy[Outlet]:
    """Promoted outputs that come from nodes of these ids, or from nowhere."""
    silent = st.builds(Outlet, lines, order=numbers, extra=unknown)
    return silent | st.builds(Outlet, lines, st.sampled_from(taken), ports, numbers) if taken else silent


def _few(kept: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(ids, kept, max_size=2)


@st.composite
def _graphs(draw: st.DrawFn, definitions: list[str]) -> dict[str, Any]:
    """The fields that a patch and a definition have in common."""
    chosen = draw(st.dictionaries(ids, instances_of(definitions), max_size=4))
    cables = st.lists(cables_among(sorted(chosen)), max_size=6, unique_by=lambda c: c.key) if chosen else st.just([])
    return {
        "nodes": chosen,
        "cables": tuple(draw(cables)),
        "frames": draw(_few(frames)),
        "notes": draw(_few(notes)),
        "bookmarks": draw(_few(bookmarks)),
        "probes": draw(_few(probes_of(sorted(chosen)))) if chosen else {},
        "extra": draw(unknown),
    }


@st.composite
def definitions_with(draw: st.DrawFn, below: list[str]) -> Definition:
    """What a subpatch contains, others among it."""
    fields = draw(_graphs(below))
    taken = sorted(fields["nodes"])
    return Definition(
        **fields, title=draw(lines), inputs=draw(_few(inlets_to(taken))), outputs=draw(_few(outlets_of(taken)))
    )


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    """Whole documents."""
    levels = draw(st.integers(0, len(DEFINITIONS)))
    definitions = {id: draw(definitions_with(list(DEFINITIONS[:n]))) for n, id in enumerate(DEFINITIONS[:levels])}
    fields = draw(_graphs(sorted(definitions)))
    taken = sorted(fields["nodes"])
    return Patch(
        **fields,
        meta=draw(metas),
        song=draw(songs),
        dashboard=draw(_few(widgets_of(taken))) if taken else {},
        mappings=draw(_few(mappings_of(taken))) if taken else {},
        snapshots=draw(_few(snapshots_of(taken))),
        definitions=definitions,
    )


def _several(taken: list[str], below: list[str]) -> st.SearchStrategy[Command]:
    """Nodes added at once, with cables among them and to others."""
    cables = st.lists(cables_among(sorted({*taken, *IDS})), max_size=2, unique_by=lambda c: c.key).map(tuple)
    return st.builds(AddNodes, st.dictionaries(ids, instances_of(below), max_size=2), cables)


def _on_graph(graph: Graph, below: list[str]) -> list[st.SearchStrategy[Any]]:
    """Commands on a patch or on the inside of a definition."""
    taken = sorted(graph.nodes) or ["a"]
    here = st.sampled_from(taken)
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(AddNode, ids, instances_of(below)),
        st.builds(RemoveNode, here),
        _several(taken, below),
        st.builds(RemoveNodes, st.lists(here, max_size=3, unique=True).map(tuple)),
        st.builds(Connect, cables_among(taken)),
        st.builds(SetValue, here, ports, values | st.just(ABSENT)),
        st.tuples(here, ports, ranges).map(lambda t: SetRange(t[0], t[1], *t[2])),
        st.builds(SetRange, here, ports),
        st.builds(SetLocked, here, ports, st.booleans()),
        st.builds(SetFolded, here, ports, st.booleans()),
        st.builds(Move, st.dictionaries(here, positions, max_size=2)),
        st.builds(Rename, here, lines),
        st.builds(SetBypass, here, st.booleans()),
        st.builds(SetMuted, here, st.booleans()),
        st.builds(SetColour, here, st.sampled_from(("", "#00ff80", "red"))),
        st.builds(SetFrame, ids, st.none() | frames),
        st.builds(SetNote, ids, st.none() | notes),
        st.builds(SetBookmark, ids, st.none() | bookmarks),
        st.builds(SetProbe, ids, st.none() | probes_of(taken)),
        here.flatmap(
            lambda id: st.builds(
                Replace,
                st.just(id),
                instances_of(below),
                st.lists(st.sampled_from([c.key for c in graph.cables_of(id)] or [None]), max_size=2, unique=True)
                .map(lambda kept: tuple(socket for socket in kept if socket is not None)),
            )
        ),
    ]  # fmt: skip
    if graph.cables:
        sockets = st.sampled_from([cable.key for cable in graph.cables])
        kinds.append(sockets.map(lambda socket: Disconnect(*socket)))
        kinds.append(
            st.tuples(sockets, st.fixed_dictionaries({}, optional=settings_of_cables)).map(
                lambda t: SetCable(*t[0], **t[1])
            )
        )
    return kinds


def _within(patch: Patch, id: str) -> st.SearchStrategy[Command]:
    """Commands inside a definition; at times one that would make it contain itself."""
    definition = patch.definitions[id]
    taken = sorted(definition.nodes)
    kinds = _on_graph(definition, sorted(patch.definitions))
    kinds.append(st.builds(SetInlet, ids, st.none() | inlets_to(taken)))
    kinds.append(st.builds(SetOutlet, ids, st.none() | outlets_of(taken)))
    return st.one_of(kinds).map(lambda command: Within(id, command))


@st.composite
def commands(draw: st.DrawFn, patch: Patch) -> Command:
    """A command on a patch that can be done, or, at times, cannot."""
    taken, known = sorted(patch.nodes) or ["a"], sorted(patch.definitions)
    kinds = _on_graph(patch, known)
    kinds += [
        st.builds(SetWidget, ids, st.none() | widgets_of(taken)),
        st.builds(SetMapping, ids, st.none() | mappings_of(taken)),
        st.builds(SetSnapshot, ids, st.none() | snapshots_of(sorted(patch.nodes))),
        st.builds(SetDefinition, st.sampled_from(DEFINITIONS), st.none() | definitions_with(known[:1])),
        st.builds(SetMeta, title=lines, tags=st.lists(lines, max_size=2).map(tuple)),
        st.builds(SetSong, bpm=st.none() | st.floats(1, 300)),
    ]
    if known:
        kinds.append(st.builds(RenameDefinition, st.sampled_from(known), lines))
        kinds.append(st.sampled_from(known).flatmap(lambda id: _within(patch, id)))
    return draw(st.one_of(kinds))
