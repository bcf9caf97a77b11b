"""Says in sentences what differs between two documents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look import numbers
from demon_patch.patch.edit.commands import (
    ABSENT,
    AddNodes,
    Batch,
    Connect,
    Disconnect,
    Move,
    RemoveNodes,
    Replace,
    SetCable,
    SetRange,
    SetValue,
    title,
)
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Node

NAMED = 4  # things of one kind that are named
WORDS = {"SetMeta": "title, author or other facts about the patch", "ReplacePatch": "more that has no name"}


def differences(old: Patch, new: Patch, facts: Facts) -> list[str]:
    """Returns what has to be done to `old` to make `new`, a sentence for each thing; nothing where they are equal."""
    command = difference(old, new)
    if command is None:
        return []
    speaker = _Speaker(old, new, facts)
    for each in command.commands if isinstance(command, Batch) else (command,):
        speaker.say(each)
    return speaker.end()


class _Speaker:
    """Collects the sentences: at once for some commands, together for cables and for what has no words of its own."""

    def __init__(self, old: Patch, new: Patch, facts: Facts) -> None:
        self.old, self.new, self.facts = old, new, facts
        self.lines: list[str] = []
        self.plugged: list[str] = []
        self.unplugged: list[str] = []
        self.others: dict[str, int] = {}

    def end(self) -> list[str]:
        """Returns all of them."""
        made = list(self.lines)
        for names, word in ((self.plugged, "more"), (self.unplugged, "less")):
            if names:
                made.append(_listed(f"{_count(len(names), 'cable')} {word}", names))
        made += [name if count == 1 else f"{name} ({count} times)" for name, count in self.others.items()]
        return made

    def _node(self, patch: Patch, id: str) -> str:
        node = patch.nodes.get(id)
        return _title(node, patch, self.facts) if node is not None else id

    def _ends(self, command: Any) -> str:
        patch = self.new if command.src in self.new.nodes and command.dst in self.new.nodes else self.old
        return f"{self._node(patch, command.src)} to {self._node(patch, command.dst)} {_spelled(command.port)}"

    def _nodes(self, patch: Patch, ids: Iterable[str], word: str) -> None:
        names = [self._node(patch, id) for id in ids]
        self.lines.append(_listed(f"{_count(len(names), 'node')} {word}", names))

    def say(self, command: Any) -> None:
        """Takes a command."""
        match command:
            case AddNodes():
                self._nodes(self.new, command.nodes, "more")
            case RemoveNodes():
                self._nodes(self.old, command.ids, "less")
            case Move():
                self._nodes(self.new, command.positions, "moved")
            case Connect():
                self.plugged.append(self._ends(command.cable))
            case Disconnect():
                self.unplugged.append(self._ends(command))
            case SetCable():
                self.lines += _cable(command, self._ends(command))
            case SetValue() | SetRange() | Replace():
                self._on_node(command)
            case _:
                said = WORDS.get(type(command).__name__, title(command))
                self.others[said] = self.others.get(said, 0) + 1

    def _on_node(self, command: SetValue | SetRange | Replace) -> None:
        id = command.node
        if isinstance(command, Replace):
            self.lines.append(f"{self._node(self.old, id)} is another node: {self._node(self.new, id)}")
            return
        where = f"{self._node(self.new, id)} {_spelled(command.name)}"
        if isinstance(command, SetRange):
            self.lines.append(f"{where} plays another range")
            return
        before = self.old.nodes[id].values.get(command.name, ABSENT) if id in self.old.nodes else ABSENT
        said = [_value(held, self.new.nodes.get(id), command.name, self.facts) for held in (before, command.value)]
        self.lines.append(f"{where}: {said[0]} → {said[1]}")


def _cable(command: SetCable, where: str) -> Iterator[str]:
    for field in ("mode", "depth", "offset", "muted", "solo"):
        value = getattr(command, field)
        if value is UNSET:
            continue
        said = "the usual one" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        yield f"{where}: {field} {'on' if value is True else 'off' if value is False else said}".replace("-", "−")


def _title(node: Node, patch: Patch, facts: Facts) -> str:
    declaration = facts.declaration(node.type)
    known = patch.definitions.get(node.definition)
    return node.label or (declaration.title if declaration is not None else "") or (
        known.title if known is not None else ""
    ) or node.type  # fmt: skip


def _value(value: Any, node: Node | None, port: str, facts: Facts) -> str:
    if value is ABSENT:
        return "default"
    declared = facts.port(node.type, port) if node is not None else None
    if declared is not None and declared.numeric and isinstance(value, int | float):
        return numbers.said(float(value), declared.unit, declared.taper)
    text = " ".join(str(value).split())
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"


def _spelled(port: str) -> str:
    return port.replace("_", " ")


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _listed(head: str, names: list[str]) -> str:
    shown = ", ".join(names[:NAMED])
    return f"{head}: {shown}{f' and {len(names) - NAMED} others' if len(names) > NAMED else ''}"
