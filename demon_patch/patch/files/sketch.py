"""A sketch of a patch: as much of it as a small picture and a line of words need, as a short text."""

from __future__ import annotations

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.json_values import Value

SKETCH = 128 * 1024  # the most bytes of a sketch
WORDS = 40  # characters of a text that are kept


def sketch(patch: Patch) -> str:
    """Returns the text of a patch file with the same nodes, places and cables, and what the patch says of itself. Texts
    are cut, drawn points left out, and so is all that lies beside the nodes: dashboard, mappings, snapshots, frames,
    notes, bookmarks, probes and unknown keys. Raises PatchError where it takes more than SKETCH bytes."""
    made = Patch(
        nodes={id: _node(node) for id, node in patch.nodes.items()},
        cables=tuple(map(_cable, patch.cables)),
        meta=structs.replace(patch.meta, extra={}),
        song=structs.replace(patch.song, extra={}),
        definitions={id: _definition(each) for id, each in patch.definitions.items()},
    )
    text = dumps(made)
    if len(text.encode()) > SKETCH:
        what = f"with {len(patch.nodes)} nodes it is too large for a small picture"
        raise PatchError(what, mend="open it to see it")
    return text


def _node(node: Node) -> Node:
    return structs.replace(node, values={name: _short(value) for name, value in node.values.items()}, extra={})


def _cable(cable: Cable) -> Cable:
    return structs.replace(cable, extra={})


def _definition(one: Definition) -> Definition:
    nodes = {id: _node(node) for id, node in one.nodes.items()}
    cables = tuple(map(_cable, one.cables))
    return Definition(nodes=nodes, cables=cables, title=one.title, inputs=one.inputs, outputs=one.outputs)


def _short(value: Value) -> Value:
    if isinstance(value, str):
        return value[:WORDS]
    return value if isinstance(value, int | float) else []
