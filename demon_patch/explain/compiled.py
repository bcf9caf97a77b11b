"""A compiled patch with readable names for its nodes, bus slots, state cells and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from demon_patch.codegen.float_code import NodeCode
from demon_patch.codegen.inputs import BusSource
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean, either, in_short
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import REROUTE, SUBPATCH, Graph, Node
from demon_patch.runtime.assets.assets import load_patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.wiring import Wiring

MADE_ID = re.compile(r"(?=.*\d)[a-z2-9]{8}")
"""Matches ids of nodes that the program has made, not a person: eight letters and digits, among them a digit."""
PARTS = {"level": " level", "gate": " rises", "rises": " rises"}
"""What follows the name of a port for each of a gate's parts."""


class Found(NamedTuple):
    """A node of a patch or of a subpatch: its path, the node, and the declaration of its type, None for an unknown
    type."""

    path: str
    node: Node
    declaration: Declaration | None

    @property
    def title(self) -> str:
        """The title of the node's type."""
        return self.declaration.title if self.declaration else self.node.type.capitalize()

    def is_called(self, word: str) -> bool:
        """Returns whether a word is the node's id, its label or the title of its type, in any case."""
        names = (self.path.rpartition("/")[2], self.node.label, self.title)
        return bool(word) and word.casefold() in map(str.casefold, names)


class CompiledPatch:
    """A patch compiled for the model that it names, with readable names for all its parts."""

    def __init__(self, patch: Patch, catalogue: Mapping[str, Declaration] = CATALOGUE) -> None:
        """Compiles the patch. Raises the first PatchError that `check` finds."""
        self.patch, self.catalogue = patch, catalogue
        self.spec = spec_of(patch.meta.model or DEFAULT_MODEL)
        self.geometry = Geometry.of_family(self.spec, bpm=patch.song.bpm)
        self.program = compile(patch, catalogue, self.geometry)
        self.wiring = Wiring(patch, catalogue, self.spec)

    @classmethod
    def of_file(cls, path: Path) -> CompiledPatch:
        """Returns the compiled patch of a patch file or pack. Raises PatchError."""
        patch = load_patch(path)
        try:
            return cls(patch)
        except DemonError as error:
            raise error.located(file=path) from None

    # -- nodes --------------------------------------------------------------------------------------------------
    @cached_property
    def nodes(self) -> Mapping[str, Found]:
        """All nodes by path, those of subpatches included."""
        return {found.path: found for found in self._walk(self.patch, "")}

    def _walk(self, graph: Graph, prefix: str) -> Iterator[Found]:
        for id, node in sorted(graph.nodes.items()):
            yield Found(prefix + id, node, self.catalogue.get(node.type))
            if node.type == SUBPATCH:
                yield from self._walk(self.patch.definitions[node.definition], f"{prefix}{id}/")

    def find(self, word: str) -> Found:
        """Returns the node that a word names: by its path, or by an id, label or title for each part of the path, of
        which the first parts may be missing. Raises DemonError where no node or several nodes have this name."""
        if word in self.nodes:
            return self.nodes[word]
        parts = word.split("/")
        near = [found for found in self.nodes.values() if self._ends_with(found, parts)]
        whole = [found for found in near if found.path.count("/") == len(parts) - 1]
        for found in (whole, near):
            if len(found) == 1:
                return found[0]
        if near:
            paths = in_short(found.path for found in (whole or near))
            raise DemonError(f"{word!r} is the name of {len(whole or near)} nodes", mend=f"name one of {paths}")
        names = {name for f in self.nodes.values() for name in (f.path, f.node.label, f.title) if name}
        listed = either(list(self.nodes)) if len(self.nodes) <= 12 else "without a node, explain lists all"
        raise DemonError(f"there is no node {word!r}", mend=did_you_mean(word, names, f"its nodes are {listed}"))

    def _ends_with(self, found: Found, parts: list[str]) -> bool:
        path, chain = found.path, [found]
        while "/" in path:
            path = path.rpartition("/")[0]
            chain.append(self.nodes[path])
        return len(parts) <= len(chain) and all(
            each.is_called(part) for each, part in zip(chain, reversed(parts), strict=False)
        )

    def inside(self, path: str) -> list[Found]:
        """Returns the nodes within a subpatch that have code or ports of their own: no subpatches and no reroutes."""
        kept = (f for f in self.nodes.values() if f.path.startswith(f"{path}/"))
        return [f for f in kept if f.node.type not in (SUBPATCH, REROUTE)]

    def codes(self, path: str) -> list[tuple[int, NodeCode]]:
        """Returns the pieces of code that the program has for a node, each with its index in running order: the node's
        own code, that of its engine ports, and that of adapters in its cables."""
        owners = self.program.owners
        return [(i, code) for i, code in enumerate(self.program.codes) if owners[code.node] == path]

    def params(self, code: NodeCode) -> Sequence[float]:
        """Returns the numbers of the parameters of a node's code, in the order in which the code numbers them: knobs,
        depths and offsets of its cables, and what else its text leaves open."""
        return self.program.params[self._numbers[code]]

    @cached_property
    def _numbers(self) -> Mapping[NodeCode, int]:
        return {code: i for i, code in enumerate(self.program.codes)}

    # -- names --------------------------------------------------------------------------------------------------
    def name(self, path: str) -> str:
        """Returns a node's path; where its id was made by the program, with the title of its type before it."""
        found = self.nodes.get(path)
        made = found is not None and MADE_ID.fullmatch(path.rpartition("/")[2])
        return f"{found.title} {path}" if found is not None and made else path

    def code_name(self, code: NodeCode) -> str:
        """Returns the name of a piece of code: of a node, of an engine port, or of an adapter in a cable."""
        start, arrow, end = code.node.partition(">")
        if arrow:
            return f"adapter {self._end(start)} to {self._end(end)}"
        late = code.node.endswith("<")
        node, dot, port = code.node.removesuffix("<").rpartition(".")
        name = self._end(code.node) if dot and f"{node}.{port}" == code.node else self.name(code.node.removesuffix("<"))
        return f"{name} (late outputs and states)" if late else name

    def _end(self, end: str) -> str:
        node, _, port = end.rpartition(".")
        return f"{self.name(node)}.{port}"

    @cached_property
    def slot_names(self) -> Mapping[int, str]:
        """By bus slot, the name of what it holds: node.port, for gates followed by `level` or `rises`."""
        return {i: self._slot_name(key) for i, key in enumerate(self.program.bus_keys) if key}

    def _slot_name(self, key: tuple[str, ...]) -> str:
        node, _, _, port, kind, *rest = key
        start, arrow, end = node.partition(">")
        name = f"adapter {self._end(start)} to {self._end(end)}" if arrow else f"{self.name(node)}.{port}"
        part = PARTS.get(rest[0] if kind == "fed" and rest else kind, "")
        return f"{name}{part}{' (live input)' if kind == 'fed' else ''}"

    @cached_property
    def cell_names(self) -> Mapping[int, str]:
        """By state cell, the name of what it holds: node.state."""
        return {
            i: f"{self.name(key[0]) if '>' not in key[0] else f'adapter {key[0]}'}.{'.'.join(key[3:])}"
            for i, key in enumerate(self.program.cell_keys) if key
        }  # fmt: skip

    @cached_property
    def table_names(self) -> Mapping[int, str]:
        """By table, the node whose curve over the song it holds."""
        return {n: f"{node}" for node, n in self.program.table_of.items()}

    def source_name(self, source: BusSource) -> str:
        """Returns the name of the bus slot or table that an input reads."""
        if source.table >= 0:
            return f"{self.table_names[source.table]} at the song frame"
        return self.slot_names[source.slot]
