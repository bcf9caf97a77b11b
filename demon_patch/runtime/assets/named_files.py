"""The files that a patch names, looked at as they are when it is played: what is wrong with each, and what is odd.

Loads no torch. `check`, `render`, `play` and `pack` find a file, and refuse one, by the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs

from demon_patch.engine.families import NAMES, layers_of, loras_of
from demon_patch.engine.lora import file
from demon_patch.engine.sound import sound_file
from demon_patch.errors import DemonError, PatchError, SourceError
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import misfit
from demon_patch.nodes.library.engine.engine import LORA
from demon_patch.patch.model.document import Node, Patch
from demon_patch.patch.model.json_values import quoted
from demon_patch.patch.model.walk import nodes_of, with_nodes
from demon_patch.runtime.assets.asset_store import inside, located
from demon_patch.runtime.assets.file_names import shown
from demon_patch.runtime.assets.recorder import FORMATS


@contextmanager
def of_file(name: str, node: str | None = None, port: str | None = "file") -> Iterator[None]:
    """Says of an error that is raised within which file it is about, by its name in the patch, and who names it."""
    try:
        yield
    except DemonError as error:
        if shown(name) not in error.what and quoted(name) not in error.what:
            error.what = f"{shown(name)}: {error.what}"
        error.file = None
        raise error.located(node=node, port=port) from None


def sound(name: str, folder: Path) -> Path:
    """The file of a sound that a patch names; raises SourceError."""
    path = located(name, folder)
    if path.is_dir():
        raise SourceError("this is a folder, not an audio file", file=path, mend="name a file in it")
    return path


def lora(name: str, folder: Path, own: Mapping[str, object] | frozenset[str] = frozenset()) -> Path:
    """The file or the folder of a LoRA that a patch names, and that is none of the model's `own`; raises SourceError or
    WeightsError."""
    try:
        path = located(name, folder)
    except SourceError as error:
        if own and not Path(name).suffix and "no such file" in error.what:
            error.mend = f"choose {' or '.join(sorted(own))}, or name a .safetensors file"
        raise
    file.weights_in(path)
    return path


@dataclass(slots=True)
class FileFindings:
    """What was seen: mistakes, and remarks on files that serve."""

    mistakes: list[DemonError] = field(default_factory=list)
    remarks: list[DemonError] = field(default_factory=list)


def inspect_files(
    patch: Patch, folder: Path, catalogue: Mapping[str, Declaration], known: Patch | None = None
) -> FileFindings:
    """Opens every file that a patch in a folder names, nodes of subpatches by their paths; raises nothing.

    known: a patch that plays; what its nodes name is in memory, and is not looked at again.
    """
    seen = FileFindings()
    playing = {} if known is None else {id: (node.type, node.values) for id, node in _nodes(known)}
    for id, node in _nodes(patch):
        if playing.get(id) == (node.type, node.values):
            continue
        declaration = catalogue.get(node.type)
        for port in () if declaration is None else declaration.ports:
            name = node.values.get(port.name, port.default)
            if port.type != "path" or not isinstance(name, str) or not name.strip():
                continue
            try:
                with of_file(name, id, port.name):
                    assert declaration is not None
                    notes = _notes(patch, node, declaration, name, folder)
            except DemonError as error:
                seen.mistakes.append(error)
            else:
                seen.remarks += [PatchError(note, node=id, port=port.name) for note in notes]
    return seen


def _nodes(patch: Patch) -> list[tuple[str, Node]]:
    """All nodes by path, those of subpatches that no node stands for by definition and id."""
    try:
        found = dict(patch.flat.nodes)
    except PatchError:
        return sorted(nodes_of(patch), key=lambda item: item[0])
    known = {id(node) for node in found.values()}
    for name, definition in patch.definitions.items():
        rest = {inner: node for inner, node in definition.nodes.items() if id(node) not in known}
        used = any(n.type == "subpatch" and n.definition == name for _, n in nodes_of(patch))
        found |= {} if used else {f"{name}/{inner}": node for inner, node in rest.items()}
    return sorted(found.items())


def _notes(patch: Patch, node: Node, declaration: Declaration, name: str, folder: Path) -> tuple[str, ...]:
    """What is odd about a file that serves; raises DemonError for one that does not."""
    if declaration.kind == "sink":
        path = inside(name, folder.resolve(), written=True)
        if path.suffix.lower() not in FORMATS:
            mend = f"give it one of the suffixes {', '.join(sorted(FORMATS))}"
            raise PatchError("it cannot be written as sound", mend=mend)
        return ()
    model = patch.meta.model or NAMES[0]
    if node.type == LORA:
        own = loras_of(model) if model in NAMES else frozenset[str]()
        if name in own:
            return ()
        path = lora(name, folder, own)
        if model not in NAMES:
            return ()
        found = file.read(path, layers_of(model))
        return (f"{name} acts at scale {found.scales}", *(f"{name}: {note}" for note in found.notes))
    seconds = declaration.by_name.get("seconds")
    if seconds is None:
        located(name, folder)
        return ()
    given = node.values.get("seconds", seconds.default)
    most = seconds.default if misfit(seconds, given) else given
    return sound_file.read(sound(name, folder), float(str(most))).notes


def with_weights(patch: Patch, folder: Path) -> Patch:
    """The patch with every LoRA's folder named by the file of weights in it; raises DemonError."""

    def named(node: Node) -> Node:
        name = node.values.get("file")
        if node.type != LORA or not isinstance(name, str) or not name.strip():
            return node
        try:
            path = located(name, folder)
        except DemonError:
            return node  # the error is raised where the file is read
        if not path.is_dir():
            return node
        return structs.replace(node, values={**node.values, "file": f"{name.rstrip('/')}/{file.weights_in(path).name}"})

    return with_nodes(patch, named)
