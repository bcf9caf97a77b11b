"""The node form: one declaration a node.

A computed node is a function whose default values are its ports, whose keyword-only arguments are its state and whose
body is straight-line arithmetic. A mix or a surface (`nodes.weighing`) is one too: its body gives the weights of its
inputs, or the gains of its groups. A resource node has the same ports and returns a validated, hashable key instead.
An engine node lists ports that the control table gives it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

from demon_patch.errors import PatchError
from demon_patch.nodes.body import Body, DeclarationError, Names, fold, read_body
from demon_patch.nodes.frame import Inlet
from demon_patch.nodes.ports import MIXED, SETTINGS, Out, Port

Kind = Literal["computed", "mix", "surface", "resource", "engine", "sink"]


@dataclass(frozen=True, eq=False)
class Declaration:
    """Everything there is to know about a type of node.

    id, version: as in files. title, sentence: as shown; the sentence says what a musician hears. `states`: name and
    first value of each state variable. `function`: its plain Python call, the reference of the tests. `body`: of a
    computed node; `write(settings) -> Body` where its text decides. `hidden`: what the body gives where the output is
    no signal: of a mix the weight of each inlet, of a surface the gain of each group. `table(key, frames, rate, bpm,
    inputs)`: the curve [T] of a resource that is one, from those [T] at its curve ports. `live`: fed from outside, so
    that its future is not known.
    """

    id: str
    title: str
    sentence: str
    kind: Kind
    category: str
    tags: tuple[str, ...]
    ports: tuple[Port, ...]
    outs: tuple[Out, ...]
    version: int = 1
    live: bool = False
    doc: str = ""
    states: tuple[tuple[str, float], ...] = ()
    function: Callable[..., Any] | None = None
    body: Body | None = None
    write: Callable[[Mapping[str, str]], Body] | None = None
    table: Callable[..., Any] | None = None
    hidden: tuple[Out, ...] = ()
    bodies: dict[Hashable, Body] = field(default_factory=dict, repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The plain Python call of a computed or resource node."""
        if self.function is None:
            raise TypeError(f"{self.id} is no function: it stands for a part of the engine")
        return self.function(*args, **kwargs)

    @cached_property
    def by_name(self) -> Mapping[str, Port]:
        """Its ports by name."""
        return {p.name: p for p in self.ports}

    @cached_property
    def outs_by_name(self) -> Mapping[str, Out]:
        """Its outputs by name."""
        return {o.name: o for o in self.outs}

    @cached_property
    def settings(self) -> tuple[Port, ...]:
        """The ports that are settled when a patch is compiled: options, texts, files and drawn points."""
        return tuple(p for p in self.ports if p.type in SETTINGS)

    @property
    def computed(self) -> bool:
        """Whether it has a body, which runs in every control frame."""
        return self.body is not None or self.write is not None

    @property
    def signals(self) -> tuple[Out, ...]:
        """What its body gives."""
        return self.hidden or self.outs

    @cached_property
    def inlets(self) -> tuple[Port, ...]:
        """The inputs whose weights a mix gives."""
        return tuple(p for p in self.ports if p.type in MIXED) if self.computed else ()

    def settled(self, values: Mapping[str, Any], unwired: frozenset[str] = frozenset()) -> Body:
        """The body of a computed node with its options and text settled and its unwired gates and inlets at rest; the
        same object for the same settings. Raises PatchError for a text that is not of the form.
        """
        chosen = {p.name: str(values.get(p.name, p.default)) for p in self.settings}
        if self.write is not None:
            return _written(self.write, tuple(chosen.items()))
        key = (unwired, *chosen.values())
        if key not in self.bodies:
            assert self.body is not None
            self.bodies[key] = fold(self.body, chosen, unwired, self.seen(unwired))
        return self.bodies[key]

    def seen(self, unwired: frozenset[str] = frozenset()) -> Mapping[str, Inlet]:
        """A mix's inlets as its body sees them."""
        wired = [p.name for p in self.inlets if p.name not in unwired]
        before = {p.name: sum(q.name in wired for q in self.inlets[:i]) for i, p in enumerate(self.inlets)}
        return {name: Inlet(float(name in wired), float(rank)) for name, rank in before.items()}

    def resolve(self, values: Mapping[str, Any]) -> Hashable:
        """The key of a resource node with these values; raises PatchError that names the port."""
        return self({p.name: values.get(p.name, p.default) for p in self.ports})


@lru_cache(maxsize=256)
def _written(write: Callable[[Mapping[str, str]], Body], settings: tuple[tuple[str, str], ...]) -> Body:
    return write(dict(settings))


def node(
    id: str,
    title: str,
    sentence: str,
    *,
    out: Out | tuple[Out, ...],
    category: str,
    tags: tuple[str, ...] = (),
    version: int = 1,
    live: bool = False,
    write: Callable[[Mapping[str, str]], Body] | None = None,
) -> Callable[[Callable[..., Any]], Declaration]:
    """Declares a computed node; the body is read and checked at once.

    `write` gives the body from the settings of a node whose text decides what it computes. Raises DeclarationError.
    """

    def declare(function: Callable[..., Any]) -> Declaration:
        outs = out if isinstance(out, tuple) else (out,)
        ports, states = signature(function, id)
        _check_outs(id, ports, outs)
        body = None if write else body_of(function, id, ports, states, outs)
        return Declaration(
            id, title, sentence, "computed", category, tags, ports, outs, version, live,
            inspect.cleandoc(function.__doc__ or ""), states, function, body, write,
        )  # fmt: skip

    return declare


def signature(function: Callable[..., Any], id: str) -> tuple[tuple[Port, ...], tuple[tuple[str, float], ...]]:
    """The ports of a node's function, and its state with first values; raises DeclarationError."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].name != "t":
        raise DeclarationError("the first parameter of a node is t: Frame", node=id)
    ports = _ports(id, [p for p in parameters[1:] if p.kind is not p.KEYWORD_ONLY])
    return ports, tuple((p.name, _first(id, p)) for p in parameters if p.kind is p.KEYWORD_ONLY)


def body_of(
    function: Callable[..., Any],
    id: str,
    ports: tuple[Port, ...],
    states: tuple[tuple[str, float], ...],
    signals: tuple[Out, ...],
) -> Body:
    """The checked body of a node's function, which gives `signals`, then its next state; raises DeclarationError."""
    names = Names(
        frozenset([p.name for p in ports if p.numeric] + [name for name, _ in states]),
        frozenset(p.name for p in ports if p.type == "gate"),
        {p.name: p.choices for p in ports if p.type == "option"},
        frozenset(p.name for p in ports if p.type in MIXED),
    )
    return read_body(function, id, names, [o.type == "gate" for o in signals], tuple(name for name, _ in states))


def resource(
    id: str,
    title: str,
    sentence: str,
    *,
    out: Out,
    category: str,
    tags: tuple[str, ...] = (),
    version: int = 1,
    table: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Hashable]], Declaration]:
    """Declares a resource node: its function takes the values of its ports and returns a hashable key.

    The function raises PatchError with its port for a value that cannot serve. Its ports take no cables, but for curve
    ports, which take those of other curves.
    """

    def declare(function: Callable[..., Hashable]) -> Declaration:
        given = list(inspect.signature(function).parameters.values())
        ports = tuple(p if p.type == "curve" else replace(p, fixed=True) for p in _ports(id, given))
        return Declaration(
            id, title, sentence, "resource", category, tags, ports, (out,), version,
            doc=inspect.cleandoc(function.__doc__ or ""),
            function=lambda values: function(**values), table=table,
        )  # fmt: skip

    return declare


def _ports(node: str, parameters: list[inspect.Parameter]) -> tuple[Port, ...]:
    for p in parameters:
        if not isinstance(p.default, Port):
            raise DeclarationError(f"parameter {p.name} has no port constructor as its default", node=node)
        if not p.default.doc:
            raise DeclarationError(f"port {p.name} says nothing about itself (doc)", node=node)
    return tuple(p.default.named(p.name) for p in parameters)


def _first(node: str, parameter: inspect.Parameter) -> float:
    if isinstance(parameter.default, bool) or not isinstance(parameter.default, (int, float)):
        raise DeclarationError(f"state {parameter.name} starts with a number", node=node)
    return float(parameter.default)


def _check_outs(node: str, ports: tuple[Port, ...], outs: tuple[Out, ...]) -> None:
    numbers = {p.name for p in ports if p.numeric}
    if len({o.name for o in outs}) != len(outs):
        raise DeclarationError("two outputs have one name", node=node)
    for o in outs:
        if o.type not in ("value", "gate"):
            raise DeclarationError(f"output {o.name} of a computed node is a value or a gate", node=node)
        if o.like is not None and o.like not in numbers:
            raise DeclarationError(f"output {o.name} is like {o.like}, which is no value port", node=node)


def refuse(what: str, port: str, mend: str = "") -> PatchError:
    """The error of a resource's value that cannot serve."""
    return PatchError(what, port=port, mend=mend)
