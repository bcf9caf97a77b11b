"""Commands on what a patch keeps by id beside its nodes. Each puts a record there, replaces it, or takes it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from demon_patch.patch.edit.commands.base import SetRecord
from demon_patch.patch.model.canvas import CanvasBookmark, CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.dashboard import ControlMapping, Snapshot, Widget
from demon_patch.patch.model.definition import Definition, Inlet, Outlet
from demon_patch.patch.model.document import Patch


class SetFrame(SetRecord, frozen=True):
    """Puts a frame on the canvas, changes it, or takes it away."""

    frame: CanvasFrame | None = None

    table = "frames"
    graphs = (Patch, Definition)


class SetNote(SetRecord, frozen=True):
    """Puts a note on the canvas, changes it, or takes it away."""

    note: CanvasNote | None = None

    table = "notes"
    graphs = (Patch, Definition)


class SetBookmark(SetRecord, frozen=True):
    """Keeps a view of the canvas, changes it, or takes it away."""

    bookmark: CanvasBookmark | None = None

    table = "bookmarks"
    graphs = (Patch, Definition)


class SetProbe(SetRecord, frozen=True):
    """Pins a display of an output to the canvas, changes it, or takes it away."""

    probe: Probe | None = None

    table = "probes"
    graphs = (Patch, Definition)


class SetWidget(SetRecord, frozen=True):
    """Puts a control on the dashboard, changes it, or takes it away."""

    widget: Widget | None = None

    table = "dashboard"


class SetMapping(SetRecord, frozen=True):
    """Maps a controller to a knob, changes the mapping, or takes it away."""

    mapping: ControlMapping | None = None

    table = "mappings"


class SetSnapshot(SetRecord, frozen=True):
    """Stores a snapshot, renames it, or takes it away."""

    snapshot: Snapshot | None = None

    table = "snapshots"


class SetDefinition(SetRecord, frozen=True):
    """Adds what a subpatch contains, replaces it in all instances, or takes it away once no subpatch needs it."""

    definition: Definition | None = None

    table = "definitions"


class SetInlet(SetRecord, frozen=True):
    """Within a subpatch: promotes an input, changes what a promoted one leads to, or takes it away."""

    inlet: Inlet | None = None

    table = "inputs"
    graphs = (Definition,)


class SetOutlet(SetRecord, frozen=True):
    """Within a subpatch: promotes an output, changes where a promoted one comes from, or takes it away."""

    outlet: Outlet | None = None

    table = "outputs"
    graphs = (Definition,)


PUTS: Mapping[str, Callable[..., SetRecord]] = MappingProxyType({put.table: put for put in SetRecord.__subclasses__()})
"""The command for each field that holds records by id."""
