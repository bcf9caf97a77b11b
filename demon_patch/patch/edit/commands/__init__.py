"""Every edit of a patch, by name: a frozen struct, a pure function from patch to patch, and its inverse.

`apply(command, patch)` gives the new patch and the command that takes it back exactly. The editor, the command line
and remote clients all edit in this way; `files.command_json` turns commands to JSON and back. The imports here are
the list of commands: `Command` is any one of them.
"""

from __future__ import annotations

from demon_patch.patch.edit.commands.base import ABSENT, title
from demon_patch.patch.edit.commands.compound import Batch, Command, Within, apply, together
from demon_patch.patch.edit.commands.on_cables import Connect, Disconnect, SetCable
from demon_patch.patch.edit.commands.on_nodes import (
    AddNode,
    AddNodes,
    Move,
    RemoveNode,
    RemoveNodes,
    Rename,
    Replace,
    SetBypass,
    SetColour,
    SetFolded,
    SetLocked,
    SetMuted,
    SetRange,
    SetValue,
)
from demon_patch.patch.edit.commands.on_patch import RenameDefinition, ReplacePatch, SetMeta, SetSong
from demon_patch.patch.edit.commands.on_records import (
    SetBookmark,
    SetDefinition,
    SetFrame,
    SetInlet,
    SetMapping,
    SetNote,
    SetOutlet,
    SetProbe,
    SetSnapshot,
    SetWidget,
)
