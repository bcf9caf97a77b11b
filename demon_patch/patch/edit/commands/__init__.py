"""All commands. A command is a frozen struct that describes an edit of a patch and has an inverse.

`apply(command, patch)` returns the new patch and the inverse command, which restores an equal patch. The editor, the
command line and remote clients all edit in this way; `files.command_json` converts commands to JSON and back. The
imports here list all commands; `Command` is the union of their types.
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
