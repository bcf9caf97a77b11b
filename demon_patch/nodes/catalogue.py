"""The catalogue: all node types by id."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from pkgutil import walk_packages
from types import MappingProxyType, ModuleType
from typing import Any

import demon_patch.nodes.library
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.displays import shown_signals
from demon_patch.nodes.language.ports import Out, Port


def gather(*modules: ModuleType) -> Mapping[str, Declaration]:
    """Returns the node types that some modules declare, by id, in order; raises ValueError if two have the same id."""
    found: dict[str, Declaration] = {}
    for module in modules:
        for declaration in vars(module).values():
            if not isinstance(declaration, Declaration):
                continue
            if found.setdefault(declaration.id, declaration) is not declaration:
                raise ValueError(f"two nodes are called {declaration.id}")
    return MappingProxyType(found)


def library() -> list[ModuleType]:
    """Returns all modules below `nodes/library`, imported, sorted by the last part of their names."""
    home = demon_patch.nodes.library
    found = [module.name for module in walk_packages(home.__path__, f"{home.__name__}.") if not module.ispkg]
    return [import_module(name) for name in sorted(found, key=lambda name: name.rpartition(".")[2])]


CATALOGUE: Mapping[str, Declaration] = gather(*library())


def describe(catalogue: Mapping[str, Declaration] = CATALOGUE) -> list[dict[str, Any]]:
    """Describes every node type as JSON data: a list of objects. An infinite end of a range is null."""
    return [
        {
            "id": d.id,
            "version": d.version,
            "title": d.title,
            "sentence": d.sentence,
            "doc": " ".join(d.doc.split()),
            "category": d.category,
            "tags": list(d.tags),
            "kind": d.kind,
            "display": d.display,
            "shows": [list(signal) for signal in shown_signals(d)],
            "ports": [_port(p) for p in d.ports],
            "outputs": [_out(o) for o in d.outs],
        }
        for d in catalogue.values()
    ]


def _port(p: Port) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": p.name, "title": p.title, "type": p.type, "doc": p.doc}
    if p.default is not None and not p.live:
        facts["default"] = p.default
    if p.numeric:
        facts |= {"lo": _end(p.lo), "hi": _end(p.hi), "taper": p.taper, "unit": p.unit}
    if p.choices:
        facts["choices"] = list(p.choices)
    if p.live:
        facts["fed"] = True
    elif not p.wireable:
        facts["cable"] = False
    return facts


def _out(o: Out) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": o.name, "type": o.type, "doc": o.doc}
    if o.through:
        facts["through"] = o.through
    if o.like:
        facts["like"] = o.like
    elif o.type in ("value", "curve"):
        facts |= {"lo": _end(o.lo), "hi": _end(o.hi), "unit": o.unit}
    return facts


def _end(x: float) -> float | None:
    return x if math.isfinite(x) else None
