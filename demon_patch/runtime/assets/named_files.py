"""Checks the files that a patch names: which of them cannot be used, and what the player should know of the others.

Loads no torch. `check`, `render`, `play` and `pack` find and refuse files by the same functions.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs

from demon_patch.engine.families import (
    DEFAULT_MODEL,
    NAMES,
    layers_of,
    loras_of,
    steering_of,
    steering_shape_of,
    weights_files,
)
from demon_patch.engine.lora import file
from demon_patch.engine.lora.known_effects import effect_key, effect_note, known, weights_stamp
from demon_patch.engine.sound import sound_file
from demon_patch.engine.steering import file as steering_file
from demon_patch.errors import DemonError, PatchError, SourceError
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import misfit
from demon_patch.nodes.library.engine.engine import LORA, STEER
from demon_patch.patch.model.document import Node, Patch
from demon_patch.patch.model.json_values import quoted
from demon_patch.patch.model.walk import nodes_of, with_nodes
from demon_patch.runtime.assets.asset_store import inside, located
from demon_patch.runtime.assets.file_names import shown
from demon_patch.runtime.assets.recorder import FORMATS


@contextmanager
def of_file(name: str, node: str | None = None, port: str | None = "file") -> Iterator[None]:
    """Adds the file's name in the patch, and the node and port that name it, to a DemonError that is raised within the
    context."""
    try:
        yield
    except DemonError as error:
        if shown(name) not in error.what and quoted(name) not in error.what:
            error.what = f"{shown(name)}: {error.what}"
        error.file = None
        raise error.located(node=node, port=port) from None


def sound(name: str, folder: Path) -> Path:
    """Returns the path of a sound file that a patch in `folder` names. Raises SourceError."""
    path = located(name, folder)
    if path.is_dir():
        raise SourceError("this is a folder, not an audio file", file=path, mend="name a file in it")
    return path


def lora(name: str, folder: Path, own: Mapping[str, object] | frozenset[str] = frozenset()) -> Path:
    """Returns the path of the file or folder of a LoRA that a patch names. Raises SourceError or WeightsError.

    own: names of the model's own LoRAs, none of which is `name`; the error's mend lists them.
    """
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
    """What `inspect_files` found: errors of files that cannot be used, and remarks on files that can."""

    mistakes: list[DemonError] = field(default_factory=list)
    remarks: list[DemonError] = field(default_factory=list)


def inspect_files(
    patch: Patch,
    folder: Path,
    catalogue: Mapping[str, Declaration],
    known: Patch | None = None,
    unread: Container[str] = (),
    unread_before: Container[str] = (),
) -> FileFindings:
    """Opens every file that a patch in `folder` names and returns what it found, with nodes of subpatches by their
    paths. Raises nothing.

    known: a patch that is playing; files of nodes that are equal in it are in memory and are not opened again.
    unread: paths of nodes whose files are not opened.
    unread_before: paths of nodes of `known` whose files were not opened and are not in memory.
    """
    seen = FileFindings()
    before = () if known is None else _nodes(known)
    playing = {id: (node.type, node.values) for id, node in before if id not in unread_before}
    for id, node in _nodes(patch):
        if id in unread or playing.get(id) == (node.type, node.values):
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
    """Returns all nodes by path. Nodes of definitions that no node uses have the path definition/id."""
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
    """Returns remarks on a file that can be used. Raises DemonError for a file that cannot."""
    if declaration.kind == "sink":
        path = inside(name, folder.resolve(), written=True)
        if path.suffix.lower() not in FORMATS:
            mend = f"give it one of the suffixes {', '.join(sorted(FORMATS))}"
            raise PatchError("it cannot be written as sound", mend=mend)
        return ()
    model = patch.meta.model or DEFAULT_MODEL
    if node.type in (LORA, STEER):
        own = own_files(patch, node.type)
        if name in own:
            return ()
        path = lora(name, folder, own)
        return _side_notes(node.type, name, path, model) if model in NAMES else ()
    seconds = declaration.by_name.get("seconds")
    if seconds is None:
        located(name, folder)
        return ()
    given = node.values.get("seconds", seconds.default)
    most = seconds.default if misfit(seconds, given) else given
    return sound_file.read(sound(name, folder), float(str(most))).notes


def _side_notes(type: str, name: str, path: Path, model: str) -> tuple[str, ...]:
    """Returns remarks on the file of a LoRA or a steering vector. Raises DemonError."""
    if type == STEER:
        about = steering_file.read(path, model, steering_shape_of(model)).about
        return (f"{name} leads {about}",) if about else ()
    found = file.read(path, layers_of(model))
    effect = lora_effect(path, model)
    notes = found.notes if effect is None else (*found.notes, effect_note(effect))
    return (f"{name} acts at scale {found.scales}", *(f"{name}: {note}" for note in notes))


def lora_effect(path: Path, model: str) -> float | None:
    """Returns the distance to off of a LoRA's file on a model, without loading it; None where it was not measured yet
    (`known_effects`), or the model is not on this machine."""
    try:
        return known(effect_key(path, weights_stamp(weights_files(model))))
    except (DemonError, OSError):
        return None


def own_files(patch: Patch, type: str) -> frozenset[str]:
    """Returns the names of what comes with a patch's model and a node of a type may name: LoRAs, steering vectors."""
    model = patch.meta.model or DEFAULT_MODEL
    found = {LORA: loras_of, STEER: steering_of}.get(type)
    return frozenset(found(model)) if found is not None and model in NAMES else frozenset()


def with_weights(patch: Patch, folder: Path) -> Patch:
    """Returns the patch with each LoRA's folder replaced by the file of weights in it. Raises DemonError."""

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
