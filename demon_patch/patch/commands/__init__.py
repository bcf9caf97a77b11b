"""Every edit of a patch, by name: a frozen struct, a pure function from patch to patch, and its inverse.

`apply(command, patch)` gives the new patch and the command that takes it back exactly. The editor, the command line
and remote clients all edit in this way; `wire` turns commands to JSON and back.
"""

from __future__ import annotations

from demon_patch.patch.commands.base import ABSENT, title
from demon_patch.patch.commands.whole import (
    AddNode,
    Batch,
    Become,
    Command,
    Connect,
    Disconnect,
    Move,
    RemoveNode,
    Rename,
    RenameDefinition,
    Replace,
    SetBypass,
    SetCable,
    SetDefinition,
    SetFrame,
    SetInlet,
    SetLocked,
    SetMapping,
    SetMeta,
    SetNote,
    SetOutlet,
    SetRange,
    SetSnapshot,
    SetSong,
    SetValue,
    SetWidget,
    Within,
    apply,
    together,
)

__all__ = [
    "ABSENT",
    "AddNode",
    "Batch",
    "Become",
    "Command",
    "Connect",
    "Disconnect",
    "Move",
    "RemoveNode",
    "Rename",
    "RenameDefinition",
    "Replace",
    "SetBypass",
    "SetCable",
    "SetDefinition",
    "SetFrame",
    "SetInlet",
    "SetLocked",
    "SetMapping",
    "SetMeta",
    "SetNote",
    "SetOutlet",
    "SetRange",
    "SetSnapshot",
    "SetSong",
    "SetValue",
    "SetWidget",
    "Within",
    "apply",
    "title",
    "together",
]
