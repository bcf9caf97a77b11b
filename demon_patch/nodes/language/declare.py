"""Declares node types: one `Declaration` for each. There are these kinds:

computed: declared by a function (`node`). The default values of its parameters are the ports, its keyword-only
    parameters are the state, and its body is straight-line arithmetic, computed once a control frame.
mix, surface (`nodes.language.mixes`): computed nodes whose body returns the weights of the inputs, or the gains of the
    channel groups.
resource: declared by a function (`resource`) that takes the ports and returns a validated, hashable key.
engine: declared by a list of ports, which comes from the control table.
score: declared by a list of ports, whose signals reach the engine as notes.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, Literal, NamedTuple
from weakref import WeakValueDictionary

from demon_patch.codegen.body import Body, DeclarationError, Names, read_body
from demon_patch.codegen.delay_line import LineReach
from demon_patch.codegen.frame import Gate, Gates, MixInput
from demon_patch.codegen.inline import Phrase
from demon_patch.codegen.specialise import specialise
from demon_patch.errors import PatchError
from demon_patch.nodes.language.displays import display_mistake
from demon_patch.nodes.language.migration import Migration
from demon_patch.nodes.language.ports import AUTO, MIXED, NUMBERS, SETTINGS, Bank, Out, Port

Kind = Literal["computed", "mix", "surface", "resource", "engine", "score", "sink", "display"]
_RECENT_BODIES: deque[Body] = deque(maxlen=32)  # the latest specialised bodies, kept even if no program uses them


@dataclass(frozen=True, eq=False)
class Declaration:
    """A node type: its ports, outputs, body and texts.

    id, version: the type's id and version in patch files.
    title, sentence: shown to the player; the sentence says what a musician hears.
    states: name and first value of each state variable; for a delay line, how far back it reaches.
    function: the plain Python function; tests use it as the reference.
    banks: by parameter name, the row of ports that the parameter declares.
    body: the body of a computed node.
    write: `write(settings) -> Body`, for a computed node whose text decides what it computes.
    hidden: what the body returns where the outputs are not signals: the weight of each input of a mix, the gain of each
        channel group of a surface.
    table: `table(key, frames, rate, bpm, inputs)`, for a resource that is a curve. Returns its values, shape [T], from
        the values, shape [T] each, at its curve ports.
    live: whether the node is a live source, whose future is unknown.
    bodies: the specialised bodies in use, by settings and unwired ports.
    migrate: by older version, the migration to the next version.
    display: the word of its live display (`nodes.language.displays`).
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
    states: tuple[tuple[str, float | LineReach], ...] = ()
    function: Callable[..., Any] | None = None
    body: Body | None = None
    write: Callable[[Mapping[str, str]], Body] | None = None
    table: Callable[..., Any] | None = None
    hidden: tuple[Out, ...] = ()
    bodies: WeakValueDictionary[Hashable, Body] = field(default_factory=WeakValueDictionary, repr=False)
    banks: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    migrate: Mapping[int, Migration] = field(default_factory=dict, repr=False)
    display: str = "none"

    def __post_init__(self) -> None:
        if mistake := display_mistake(self):
            raise DeclarationError(mistake, node=self.id)
        if set(self.migrate) != set(range(1, self.version)):
            raise DeclarationError(f"migrate names every version from 1 to {self.version - 1}", node=self.id)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the plain Python function and returns its result.

        For a computed node: takes the values of ports by name and returns what the body returns in one control frame,
        then the next state. A gate that is given counts as wired. For a resource node: takes one mapping of values by
        port and returns the key.
        """
        if self.function is None:
            raise TypeError(f"{self.id} cannot be called: it represents a part of the engine")
        kwargs |= _auto_choices(self.settings, kwargs, frozenset(p.name for p in self.ports if p.name not in kwargs))
        kwargs |= {p.name: p.read(kwargs.get(p.name, p.default)) for p in self.settings if p.read}
        return self.function(*args, **_with_banks(self.banks, kwargs))

    @cached_property
    def by_name(self) -> Mapping[str, Port]:
        """The ports by name."""
        return {p.name: p for p in self.ports}

    @cached_property
    def outs_by_name(self) -> Mapping[str, Out]:
        """The outputs by name."""
        return {o.name: o for o in self.outs}

    @cached_property
    def settings(self) -> tuple[Port, ...]:
        """The ports whose values are fixed when a patch is compiled: options, texts, files and drawn points."""
        return tuple(p for p in self.ports if p.type in SETTINGS)

    @property
    def has_body(self) -> bool:
        """Whether the node type has a body, which is computed in every control frame."""
        return self.body is not None or self.write is not None

    @property
    def signals(self) -> tuple[Out, ...]:
        """What the body returns, in order: the outputs, or for a mix or a surface the hidden weights or gains."""
        return self.hidden or self.outs

    @cached_property
    def mix_inputs(self) -> tuple[Port, ...]:
        """The ports whose weights the body of a mix returns; none for other kinds."""
        return tuple(p for p in self.ports if p.type in MIXED) if self.has_body else ()

    def body_for(
        self, values: Mapping[str, Any], unwired: frozenset[str] = frozenset(), silent: frozenset[str] = frozenset()
    ) -> Body:
        """Returns the body of a computed node, specialised to its options and texts; the same object for the same
        settings.

        values: the stored values of the node.
        unwired: the gates and mix inputs that no signal reaches; a gate among them stays at 0.
        silent: the unwired ones that do have cables, which carry nothing (they are muted, or come from a bypassed
            node). An option at AUTO counts these as wired.

        Raises PatchError for a text that cannot be read.
        """
        chosen = {p.name: str(values.get(p.name, p.default)) for p in self.settings}
        chosen |= _auto_choices(self.settings, values, unwired - silent)
        key = (unwired if self.write is None else None, *chosen.values())
        body = self.bodies.get(key)
        if body is None:
            if self.write is not None:
                body = self.write(chosen)
            else:
                assert self.body is not None
                tables = {p.name: p.read(values.get(p.name, p.default)) for p in self.settings if p.read}
                body = specialise(self.body, chosen, unwired, tables, self.mix_inputs_seen(unwired))
            self.bodies[key] = body
            _RECENT_BODIES.append(body)
        return body

    def mix_inputs_seen(self, unwired: frozenset[str] = frozenset()) -> Mapping[str, MixInput]:
        """Returns what the body reads of each mix input, by its name: whether it is wired, 0 or 1, and how many wired
        ones precede it."""
        wired = [p.name for p in self.mix_inputs if p.name not in unwired]
        before = {p.name: sum(q.name in wired for q in self.mix_inputs[:i]) for i, p in enumerate(self.mix_inputs)}
        return {name: MixInput(float(name in wired), float(rank)) for name, rank in before.items()}

    def resolve(self, values: Mapping[str, Any]) -> Hashable:
        """Returns the key of a resource node with these values by port. Ports without one have their default. Raises a
        PatchError that names the port."""
        return self({p.name: values.get(p.name, p.default) for p in self.ports})


def _auto_choices(settings: tuple[Port, ...], values: Mapping[str, Any], unwired: frozenset[str]) -> dict[str, str]:
    """Returns the choice that AUTO stands for, by each option that is at AUTO. It follows from the unwired ports."""
    return {
        p.name: p.auto[2 if p.auto[0] in unwired else 1]
        for p in settings
        if p.auto is not None and values.get(p.name, p.default) == AUTO
    }


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
    migrate: Mapping[int, Migration] | None = None,
    display: str = "none",
) -> Callable[[Callable[..., Any]], Declaration]:
    """Declares a computed node: a decorator that turns a function into a Declaration and checks the body at once.

    Whoever changes the ports, or what they mean, adds 1 to `version` and a migration to `migrate`.

    write: for a node whose text decides what it computes; returns the body for given settings.

    Raises DeclarationError.
    """

    def declare(function: Callable[..., Any]) -> Declaration:
        outs = out if isinstance(out, tuple) else (out,)
        head = signature(function, id)
        _check_outs(id, head.ports, outs)
        if live != any(p.live for p in head.ports):
            raise DeclarationError("a node with live ports is declared live=True, and no other node is", node=id)
        body = None if write else body_of(function, id, head, outs)
        return Declaration(
            id, title, sentence, "computed", category, tags, head.ports, outs, version, live,
            inspect.cleandoc(function.__doc__ or ""), head.states, function, body, write, banks=head.banks,
            migrate=migrate or {}, display=display,
        )  # fmt: skip

    return declare


class Signature(NamedTuple):
    """What the parameters of a node's function declare.

    ports: all ports.
    single: the ports that have a parameter of their own.
    banks: the other ports, by the name of the parameter that declares a row of them.
    states: name and first value of each state variable.
    """

    ports: tuple[Port, ...]
    single: tuple[Port, ...]
    banks: Mapping[str, tuple[Port, ...]]
    states: tuple[tuple[str, float | LineReach], ...]


def signature(function: Callable[..., Any], id: str) -> Signature:
    """Reads the parameters of a node's function; raises DeclarationError."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].name != "t":
        raise DeclarationError("the first parameter of a node is t: Frame", node=id)
    given = [p for p in parameters[1:] if p.kind is not p.KEYWORD_ONLY]
    ports, banks = _ports(id, given)
    single = tuple(p.default.with_name(p.name) for p in given if p.name not in banks)
    return Signature(
        ports, single, banks, tuple((p.name, _first_value(id, p)) for p in parameters if p.kind is p.KEYWORD_ONLY)
    )


def body_of(function: Callable[..., Any], id: str, head: Signature, signals: tuple[Out, ...]) -> Body:
    """Reads and checks the body of a node's function; raises DeclarationError.

    signals: what the body must return, before its next state.
    """
    names = Names(
        frozenset(
            [p.name for p in head.single if p.type in NUMBERS] + [n for n, x in head.states if isinstance(x, float)]
        ),
        frozenset(p.name for p in head.single if p.type == "gate"),
        {p.name: p.settles for p in head.single if p.type == "option"},
        frozenset(p.name for p in head.single if p.type in MIXED),
        rows=_rows(head.single, head.banks),
        phrases={name: it for name, it in function.__globals__.items() if isinstance(it, Phrase)},
        lines=frozenset(name for name, x in head.states if isinstance(x, LineReach)),
    )
    return read_body(function, id, names, [o.type == "gate" for o in signals], tuple(name for name, _ in head.states))


def resource(
    id: str,
    title: str,
    sentence: str,
    *,
    out: Out | tuple[Out, ...],
    category: str,
    tags: tuple[str, ...] = (),
    version: int = 1,
    table: Callable[..., Any] | None = None,
    migrate: Mapping[int, Migration] | None = None,
    display: str = "none",
) -> Callable[[Callable[..., Hashable]], Declaration]:
    """Declares a resource node: a decorator that turns a function into a Declaration.

    The function takes the values of the ports and returns a hashable key. For a value that it cannot use it raises a
    PatchError that names the port. Only curve ports of the node take cables, from other curves.
    """

    def declare(function: Callable[..., Hashable]) -> Declaration:
        given = list(inspect.signature(function).parameters.values())
        given_ports, banks = _ports(id, given)
        ports = tuple(p if p.type == "curve" else replace(p, fixed=True) for p in given_ports)

        @wraps(function)
        def of_values(values: Mapping[str, Any]) -> Hashable:
            return function(**_with_banks(banks, values))

        return Declaration(
            id, title, sentence, "resource", category, tags, ports,
            out if isinstance(out, tuple) else (out,), version,
            doc=inspect.cleandoc(function.__doc__ or ""),
            function=of_values, table=table, migrate=migrate or {}, display=display,
        )  # fmt: skip

    return declare


def _ports(node: str, parameters: list[inspect.Parameter]) -> tuple[tuple[Port, ...], dict[str, tuple[Port, ...]]]:
    """Returns all ports in order, and the ports of each bank by the name of its parameter; raises DeclarationError."""
    ports: list[Port] = []
    banks: dict[str, tuple[Port, ...]] = {}
    for p in parameters:
        if isinstance(p.default, Bank):
            banks[p.name] = p.default.with_name(p.name)
            ports.extend(banks[p.name])
        elif isinstance(p.default, Port):
            ports.append(p.default.with_name(p.name))
        else:
            raise DeclarationError(f"parameter {p.name} has no port constructor as its default", node=node)
    for port in ports:
        if not port.doc:
            raise DeclarationError(f"port {port.name} says nothing about itself (doc)", node=node)
    if len({port.name for port in ports} | banks.keys()) != len(ports) + len(banks):
        raise DeclarationError("two ports have one name", node=node)
    return tuple(ports), banks


def _rows(single: tuple[Port, ...], banks: Mapping[str, tuple[Port, ...]]) -> dict[str, tuple[str, ...] | None]:
    """Returns the rows that a body may read, by the name that it uses: the port names of a bank, None for a table of a
    setting.

    The default of a setting is read once to learn the names of its tables.
    """
    rows: dict[str, tuple[str, ...] | None] = {}
    for port in single:
        if port.read is not None:
            rows |= {f"{port.name}.{table}": None for table in port.read(port.default)._fields}
    for name, ports in banks.items():
        if ports[0].type == "gate":
            rows |= {f"{name}.{part}": tuple(f"{p.name}.{part}" for p in ports) for part in Gate._fields}
        else:
            rows[name] = tuple(p.name for p in ports)
    return rows


def _with_banks(banks: Mapping[str, tuple[Port, ...]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of a call by parameter: the values of a bank's ports become one row."""
    gathered = dict(values)
    for name, ports in banks.items():
        if any(p.name in gathered for p in ports):
            row = [gathered.pop(p.name, Gate() if p.type == "gate" else p.default) for p in ports]
            gathered[name] = Gates(row) if ports[0].type == "gate" else tuple(row)
    return gathered


def _first_value(node: str, parameter: inspect.Parameter) -> float | LineReach:
    if isinstance(parameter.default, LineReach):
        return parameter.default
    if isinstance(parameter.default, bool) or not isinstance(parameter.default, (int, float)):
        raise DeclarationError(f"state {parameter.name} begins with a number, or is a delay line", node=node)
    return float(parameter.default)


def _check_outs(node: str, ports: tuple[Port, ...], outs: tuple[Out, ...]) -> None:
    numbers = {p.name for p in ports if p.type in NUMBERS}
    gates = {p.name for p in ports if p.type == "gate"}
    for p in ports:
        if p.auto is not None and p.auto[0] not in gates:
            raise DeclarationError(f"option {p.name} follows {p.auto[0]}, which is no gate", node=node)
    if len({o.name for o in outs}) != len(outs):
        raise DeclarationError("two outputs have one name", node=node)
    for o in outs:
        if o.type not in ("value", "gate"):
            raise DeclarationError(f"output {o.name} of a computed node is a value or a gate", node=node)
        if o.like is not None and o.like not in numbers:
            raise DeclarationError(f"output {o.name} is like {o.like}, which is no value port", node=node)
        if o.through is not None and o.through not in (gates if o.type == "gate" else numbers):
            raise DeclarationError(f"output {o.name} passes on {o.through}, which is no {o.type} port", node=node)


def refuse(what: str, port: str, mend: str = "") -> PatchError:
    """Returns the PatchError for a value of a resource's port that cannot be used."""
    return PatchError(what, port=port, mend=mend)
