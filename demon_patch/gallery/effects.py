"""The effect of each patch of a gallery: the port that moves, and the descriptor in which it is heard."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from demon_patch.bench.descriptors import DESCRIPTORS
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import Batch, Command, SetCable, SetValue, apply
from demon_patch.patch.model.document import Patch

FILE = "effects.toml"


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect that a patch demonstrates, and how it is measured.

    node, port: the port that moves.
    descriptor: in which it is heard.
    idea: one sentence on it.
    still: the knob of that port in the performance for comparison, in which its cables are muted.
    trace: an engine port of the node whose signal counts in place of `port` (for a mix or a surface).
    lead: control frames at the start that do not count.
    smooth: control frames over which both curves are smoothed.
    held: whether a live source reaches the port, so that the sound is late by the latency of its propagation class.
    gathers: whether the effect grows while it is held, so that it has no lag of its own.
    """

    node: str
    port: str
    descriptor: str
    idea: str
    still: float = 0.0
    trace: str = ""
    lead: int = 25
    smooth: int = 6
    held: bool = False
    gathers: bool = False


def read_effects(folder: str | Path) -> dict[str, Effect]:
    """Reads effects.toml, the file that says what each patch of a folder demonstrates and how it is measured. Returns
    the effects by the name of the patch file without its suffix. Raises DemonError for a faulty file."""
    path = Path(folder) / FILE
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DemonError(f"cannot be read: {error}", file=path, mend="describe each patch there") from None
    return {name: _effect(path, name, entry) for name, entry in entries.items()}


def _effect(path: Path, name: str, entry: Any) -> Effect:
    known = {field.name for field in fields(Effect)}
    if not isinstance(entry, Mapping) or not {"node", "port", "descriptor", "idea"} <= entry.keys() <= known:
        raise DemonError(f"[{name}] is no effect", file=path, mend=f"give it {', '.join(sorted(known))}")
    effect = Effect(**entry)
    if effect.descriptor not in DESCRIPTORS:
        raise DemonError(
            f"[{name}] is heard in {effect.descriptor}", file=path, mend=f"choose of {', '.join(DESCRIPTORS)}"
        )
    return effect


def stilled(patch: Patch, effect: Effect) -> Patch:
    """Returns the patch with the effect's port at rest: its knob at `still`, its cables muted. Raises PatchError where
    there is no such node."""
    patch.node(effect.node)
    cables = [c for c in patch.cables if (c.dst, c.port) == (effect.node, effect.port)]
    commands: list[Command] = [SetCable(*cable.key, muted=True) for cable in cables]
    commands.append(SetValue(effect.node, effect.port, effect.still))
    return apply(Batch(tuple(commands)), patch)[0]
