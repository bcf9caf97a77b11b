"""What the patch names and the host does not have, and what can be done about each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import Command, SetBypass, SetValue, Within
from demon_patch.patch.files import asset_names
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.files import Assets, Entry

MendKind = Literal["use", "send", "name", "composed", "bypass", "model"]
"""Use another file that the host has; send one of this machine; type a name; take a composed clip in place of a
recording; leave the node out; another model."""


@dataclass(frozen=True, slots=True)
class Mend:
    """Something that can be done. title: as a line. name: of the file that is used then, for `use`."""

    kind: MendKind
    title: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing.

    name: of the file, or of the model. kind: a clip, a LoRA or a model. what: why it cannot be used.
    nodes: those that name it, as (definition or None, id, port). titles: of these nodes.
    """

    name: str
    kind: Literal["clip", "LoRA", "model"]
    what: str
    nodes: tuple[tuple[str | None, str, str], ...] = ()
    titles: tuple[str, ...] = ()
    mends: tuple[Mend, ...] = ()

    @property
    def short(self) -> str:
        """Its name, short enough for a line."""
        hash = self.name.removeprefix("sha256:")
        return f"{hash[:10]}… ({hash[64:] or 'file'})" if hash != self.name else self.name


def lacks(
    assets: Assets, patch: Patch, here: Iterable[Entry] = (), catalogue: Mapping[str, Declaration] = CATALOGUE
) -> list[Lack]:
    """Returns what is missing, sorted by name. assets: what the host says. here: the files that the host has."""
    entries = list(here)
    found = []
    for asset in assets.assets:
        if asset.fault is None:
            continue
        lora = asset_names.suffix(asset.name) == asset_names.WEIGHTS
        places = tuple(_places(patch, asset.name, catalogue))
        titles = tuple(_title(patch.graph(within).nodes[id], catalogue) for within, id, _ in places)
        lora = lora or any(patch.graph(within).nodes[id].type == "lora" for within, id, _ in places)
        kind = "LoRA" if lora else "clip"
        what = asset.fault.what or asset.fault.text
        found.append(Lack(asset.name, kind, what, places, titles, tuple(_mends(asset.name, lora, entries))))
    return found


def lacking_model(patch: Patch, playing: str, models: Iterable[str] = ()) -> Lack | None:
    """Returns the model that the patch names and that does not play it; None where all is well.

    playing: the model that plays. models: the names of those that the host has, if it is known.
    """
    wanted = patch.meta.model
    if not wanted or wanted == playing or not playing:
        return None
    known = set(models)
    what = f"it plays on {playing}" if wanted in known else f"this host does not have it; it plays on {playing}"
    mends = [Mend("model", f"Change to {wanted}", wanted)] if wanted in known else []
    return Lack(
        wanted, "model", what, mends=(*mends, Mend("model", f"Stay with {playing}, and write that down", playing))
    )


def _mends(name: str, lora: bool, entries: list[Entry]) -> Iterator[Mend]:
    last, wanted = name.rsplit("/", 1)[-1].casefold(), "lora" if lora else "sound"
    same = [e for e in entries if e.kind == wanted and e.name.rsplit("/", 1)[-1].casefold() == last]
    stem = last.rsplit(".", 1)[0]
    alike = [
        e
        for e in entries
        if e.kind == wanted and e not in same and e.name.casefold().rsplit("/", 1)[-1].startswith(stem)
    ]
    for entry in (*same, *alike)[:3]:
        yield Mend("use", f"Use {entry.name}", entry.name)
    yield Mend("send", "Send a file from this machine …")
    yield Mend("name", "Name another file of the host …")
    yield Mend("bypass", "Play without it") if lora else Mend("composed", "Play a composed clip in its place")


def _title(node: Node, catalogue: Mapping[str, Declaration]) -> str:
    declaration = catalogue.get(node.type)
    return node.label or (node.type if declaration is None else declaration.title)


def _places(patch: Patch, name: str, catalogue: Mapping[str, Declaration]) -> Iterator[tuple[str | None, str, str]]:
    for within in (None, *sorted(patch.definitions)):
        for id, node in sorted(patch.graph(within).nodes.items()):
            declaration = catalogue.get(node.type)
            for port in () if declaration is None or declaration.kind == "sink" else declaration.ports:
                if port.type == "path" and _same(node.values.get(port.name), name):
                    yield within, id, port.name


def _same(held: Any, name: str) -> bool:
    return isinstance(held, str) and (held == name or held.removeprefix("./") == name.removeprefix("./"))


def renaming(patch: Patch, lack: Lack, name: str) -> Command:
    """Returns the command by which all nodes that name a missing file name another one. Raises PatchError where none
    does any more."""
    draft = CommandBuilder(patch)
    for within, id, port in lack.nodes:
        if within in (None, *patch.definitions) and id in patch.graph(within).nodes:
            command: Command = SetValue(id, port, name)
            draft.do_on_patch(command if within is None else Within(within, command))
    if draft.patch is patch:
        raise PatchError(f"nothing names {lack.short} any more")
    return draft.command


def without(patch: Patch, lack: Lack) -> Command:
    """Returns the command by which the nodes that name a missing file are left out. Raises PatchError for none."""
    draft = CommandBuilder(patch)
    for within, id, _ in lack.nodes:
        if within in (None, *patch.definitions) and id in patch.graph(within).nodes:
            command: Command = SetBypass(id, True)
            draft.do_on_patch(command if within is None else Within(within, command))
    if draft.patch is patch:
        raise PatchError(f"nothing names {lack.short} any more")
    return draft.command
