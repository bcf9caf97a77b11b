"""Reads a typed line: "lfo 1/4 square", "lfo 1/4 > strength 0.3", "clock 1/8 > adsr > structure", 'prompt "acid"'.

A line is parts joined by `>`. A part names a node type and says how it is set; a part after the first may name a port
of the patch and a depth instead. Numbers, lengths of notes, choices and quoted texts go to the ports that take them;
"port=value" names the port.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demon_patch.editor.hands import search
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look import numbers
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Out, Port, fits
from demon_patch.patch.model.graph import Cable

_TOKEN = re.compile(r'"[^"]*"?|“[^”]*”?|[^\s"“>]+')
_FRACTION = re.compile(r"\d+/\d+")
_NOTE = re.compile(r"\d+/\d+[tdn]?", re.IGNORECASE)
_UNITS = {"ms": "s", "s": "s", "db": "dB", "beats": "beats", "beat": "beats", "bars": "bars", "bar": "bars"} | {
    "st": "semitones",
    "bpm": "bpm",
    "steps": "steps",
}
NEAR = 40.0
"""How far a name may be from what is typed to be meant in a line (`search.named`)."""
RING_FIRST = ("scheduler", "source_blend", "step_state", "decoder")
"""Node types whose ports are meant first, in this order."""


@dataclass(slots=True)
class NewNode:
    """A node that the line makes. values: by port. said: what was understood, for people. odd: words that were not.
    implied: ports whose value follows from another word; a word of their own may still change it."""

    declaration: Declaration
    values: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    implied: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Target:
    """A port of the patch to which the line leads. depth: None for the usual one. title: for people."""

    node: str
    port: str
    depth: float | None
    title: str


@dataclass(slots=True)
class Line:
    """What a line means: nodes that lead one to the next, then the port at its end. problem: what is wrong."""

    nodes: list[NewNode] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    problem: str = ""


def split(text: str) -> list[list[str]]:
    """Returns the words of each part of a line; a quoted text is one word and keeps its quotes."""
    parts: list[list[str]] = [[]]
    at = 0
    for match in _TOKEN.finditer(text):
        parts.extend([] for _ in range(text[at : match.start()].count(">")))
        parts[-1].append(match[0])
        at = match.end()
    parts.extend([] for _ in range(text[at:].count(">")))
    return parts


def is_line(text: str) -> bool:
    """Whether a text has more than a name."""
    parts = split(text)
    return len(parts) > 1 or len(parts[0]) > 1


def read(
    text: str, facts: Facts, ports: VisiblePorts, bpm: float = 120.0, prefer: frozenset[str] = frozenset()
) -> Line:
    """Returns what a line means. prefer: nodes whose ports win, such as those that are selected."""
    line = Line()
    for place, words in enumerate(split(text)):
        if not words:
            line.problem = "type the port after >" if place else ""
            continue
        if place and line.targets:
            line.problem = "a port ends the line"
            break
        target = _target(words, _outs(line), ports, prefer) if place else None
        made = _node(words, facts, bpm)
        misfit = _target(words, [], ports, prefer) if place and target is None else None
        if place and made is not None and (made[1] >= NEAR or (misfit is not None and misfit[1] < made[1])):
            made = None
        if target is not None and (made is None or target[1] <= made[1]):
            line.targets.append(target[0])
        elif made is not None:
            line.nodes.append(made[0])
        else:
            line.problem = f"nothing is called {' '.join(words)}"
            if misfit is not None:
                line.problem = f"{misfit[0].title} does not take what {line.nodes[-1].declaration.title} gives"
            break
    if not line.nodes and not line.problem:
        line.problem = "begin with a node"
    odd = [word for node in line.nodes for word in node.odd]
    if odd and not line.problem:
        line.problem = f"{odd[0]} means nothing here"
    return line


# -- nodes -------------------------------------------------------------------------------------------------------------
def _node(words: list[str], facts: Facts, bpm: float) -> tuple[NewNode, float] | None:
    """Returns the node that a part makes, and how far its name is from what was typed."""
    plain = [word for word in words if not _quoted(word)]
    best: tuple[float, int, Declaration] | None = None
    for count in range(min(len(plain), 4), 0, -1):
        if words[:count] != plain[:count]:
            continue
        name = " ".join(plain[:count]).lower()
        if count > 1 and any(_NOTE.fullmatch(word) or word[0].isdigit() for word in plain[1:count]):
            continue
        matches = search.found(name, facts.catalogue)
        if matches and (best is None or matches[0][0] < best[0]) and (count == 1 or matches[0][0] < 20):
            best = (matches[0][0], count, matches[0][1])
    if best is None:
        return None
    node = NewNode(best[2])
    _set(node, words[best[1] :], bpm)
    return node, best[0]


def _set(node: NewNode, words: list[str], bpm: float) -> None:
    """Gives the words after a node's name to its ports."""
    ports = [port for port in node.declaration.ports if not port.live]
    left = list(words)
    while left:
        word = left.pop(0)
        if "=" in word and not _quoted(word):
            name, _, value = word.partition("=")
            port = next((p for p in ports if search.named(name.lower(), p.name.replace("_", " ")) < 20), None)
            done = port is not None and _give(node, port, value, bpm)
        elif _quoted(word):
            done = _first(node, [p for p in ports if p.type in ("text", "path")], word.strip('"“”'), bpm)
        else:
            done = _choice(node, ports, word) or _named(node, ports, word, left, bpm)
            done = done or _first(node, _numeric(ports, word), word, bpm)
            texts = [p for p in ports if p.type in ("text", "path") and p.name not in node.values]
            if not done and texts:
                done = _give(node, texts[0], " ".join([word, *left]), bpm)
                left = []
        if not done:
            node.odd.append(word)


def _numeric(ports: list[Port], word: str) -> list[Port]:
    """Returns the ports with a number in the order in which they take a word: those with its unit, then knobs with a
    range, then inputs of signals."""
    unit = _UNITS.get(word.lstrip("0123456789.,+-−/").lower(), "")
    numeric = [port for port in ports if port.numeric]
    return sorted(numeric, key=lambda port: (not (unit and port.unit == unit), not port.bounded))


def _choice(node: NewNode, ports: list[Port], word: str) -> bool:
    wanted = word.lower()
    if len(wanted) < 2:
        return False
    for exact in (True, False):
        for port in ports:
            for choice in port.choices:
                free = port.name not in node.values or port.name in node.implied
                if free and (choice.lower() == wanted if exact else choice.lower().startswith(wanted)):
                    node.values[port.name] = choice
                    node.implied.discard(port.name)
                    node.said.append(choice)
                    return True
    return False


def _named(node: NewNode, ports: list[Port], word: str, left: list[str], bpm: float) -> bool:
    """Takes "port value"."""
    port = next((p for p in ports if p.name.replace("_", "") == word.lower().replace("_", "")), None)
    return port is not None and bool(left) and _give(node, port, left[0], bpm) and bool(left.pop(0))


def _first(node: NewNode, ports: list[Port], word: str, bpm: float) -> bool:
    """Gives a word to the first port that takes it and has nothing yet."""
    return any(port.name not in node.values and _give(node, port, word, bpm) for port in ports)


def _give(node: NewNode, port: Port, word: str, bpm: float) -> bool:
    if port.type in ("text", "path"):
        text = word.strip('"“”')
        if port.begins and not text.startswith(port.begins):
            return False
        node.values[port.name] = text
        node.said.append(f"“{text}”")
        return True
    if port.type == "option":
        return _choice(node, [port], word)
    if not port.numeric:
        return False
    timed = port.unit in ("beats", "bars", "s") or port.name == "rate"
    text = f"{word}n" if timed and _FRACTION.fullmatch(word) else word
    value = numbers.parsed(text, port, bpm)
    if isinstance(value, str):
        return False
    node.values[port.name] = int(value) if port.taper == "int" else value
    sync = node.declaration.by_name.get("sync")
    locks = sync is not None and "lock" in sync.choices and "sync" not in node.values
    if locks and port.name == "rate" and _NOTE.fullmatch(word):
        node.values["sync"] = "lock"
        node.implied.add("sync")
    shown = word if _NOTE.fullmatch(word) else numbers.said(value, port.unit, port.taper)
    node.said.append(f"{port.title.lower()} {shown}")
    return True


def _quoted(word: str) -> bool:
    return word[0] in '"“'


# -- ports of the patch ------------------------------------------------------------------------------------------------
def _target(
    words: list[str], outs: list[Out], ports: VisiblePorts, prefer: frozenset[str]
) -> tuple[Target, float] | None:
    """Returns the port that a part names, with how far its name is from what was typed; None for none.

    outs: the outputs one of which has to fit; [] for any.
    """
    depth: float | None = None
    names = list(words)
    if len(names) > 1 and (found := _depth(names[-1])) is not None:
        depth, names = found, names[:-1]
    name = " ".join(names).lower().replace("_", " ")
    node_name, _, port_name = name.rpartition(".")
    best: tuple[tuple[float, ...], Target] | None = None
    for id, node in ports.graph.nodes.items():
        declaration = ports.catalogue.get(node.type)
        title = node.label or (declaration.title if declaration else node.type)
        called = (title.lower(), id, node.type.replace("_", " "))
        if node_name and min(search.named(node_name, name) for name in called) >= 20:
            continue
        for port in ports.inputs(id).values():
            near = min(search.named(port_name, text) for text in (port.name.replace("_", " "), port.title.lower()))
            if near >= NEAR or not port.wireable or (outs and not any(_fits(ports, out, id, port) for out in outs)):
                continue
            first = RING_FIRST.index(node.type) if node.type in RING_FIRST else len(RING_FIRST)
            rank = (near, 0.0 if id in prefer else 1.0, float(first), -float(port.type == "value"))
            if best is None or rank < best[0]:
                best = rank, Target(id, port.name, depth, f"{title} · {port.title}")
    return None if best is None else (best[1], best[0][0])


def _outs(line: Line) -> list[Out]:
    return list(line.nodes[-1].declaration.outs) if line.nodes else []


def _fits(ports: VisiblePorts, out: Out, id: str, port: Port) -> bool:
    ends = ports.ahead(id, port.name)
    return bool(ends) and all(fits(out, end) for end in ends)


def _depth(word: str) -> float | None:
    """Returns a depth: 0.3, -0.5, 40 %."""
    try:
        if word.endswith("%"):
            return float(word[:-1].replace("−", "-")) / 100.0
        return float(word.replace("−", "-").replace(",", "."))
    except ValueError:
        return None


def cable_out(source: Declaration, port: Port) -> str | None:
    """Returns the output of a node type that leads best into a port: of its type, else the first that fits; for a
    number, an output around zero before one from 0 to 1, since it is added."""
    fitting = [out for out in source.outs if fits(out, port)]
    same = [out for out in fitting if out.type == port.type]
    return next((out.name for out in (*same, *fitting)), None)


def cable_port(target: Mapping[str, Port], out: Out) -> str | None:
    """Returns the port into which an output leads best: the first of its type, else the first that fits."""
    fitting = [port for port in target.values() if fits(out, port)]
    same = [port for port in fitting if port.type == out.type]
    return next((port.name for port in (*same, *fitting)), None)


def cables(line: Line, ids: list[str], ports: VisiblePorts) -> list[Cable]:
    """Returns the cables of a line whose new nodes get ids: from each node to the next, and to the port at its end.
    Shorter than the line where two things do not fit."""
    found: list[Cable] = []
    for place, node in enumerate(line.nodes[:-1]):
        following = line.nodes[place + 1].declaration
        pair = next(
            (
                (out.name, port)
                for out in node.declaration.outs
                if (port := cable_port(dict(following.by_name), out)) is not None
            ),
            None,
        )
        if pair is not None:
            found.append(Cable(ids[place], pair[0], ids[place + 1], pair[1]))
    for target in line.targets:
        ends = ports.ahead(target.node, target.port) or []
        out = cable_out(line.nodes[-1].declaration, ends[0]) if ends else None
        if out is not None:
            found.append(Cable(ids[-1], out, target.node, target.port, depth=target.depth))
    return found
