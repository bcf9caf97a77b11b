"""The commands that edit a patch in a file or on a running host: show, set, add, connect, remove, undo."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from cyclopts import App, Parameter

from demon_patch.console import JsonFlag, examples, show, tell
from demon_patch.errors import DemonError, PatchError

if TYPE_CHECKING:
    from demon_patch.patch.edit.commands import Command
    from demon_patch.patch.model.document import Patch

edits = App(name="edits")
"""Its commands stand among those of the program itself."""

Words = Annotated[str, Parameter(show_default=False)]
Url = Annotated[str | None, Parameter(show_default=False)]
Port = tuple[str, str]


class Target(Protocol):
    """What the commands edit: a file, or the document of a running host."""

    @property
    def patch(self) -> Patch:
        """The document as it is now."""
        ...

    def do(self, command: Command) -> str:
        """Does a command; returns what to say of it."""
        ...

    def undo(self) -> str:
        """Takes the latest edit back; returns what to say of it."""
        ...


class FileTarget:
    """A patch file. Each edit keeps the version before it, which `undo` brings back."""

    def __init__(self, path: Path) -> None:
        from demon_patch.runtime.assets.assets import holds_pack, load_patch
        from demon_patch.runtime.remote.versions import Versions

        if holds_pack(path):
            raise PatchError("a pack is not edited in place", file=path, mend="unpack it, and edit its patch file")
        self._path, self._patch, self._versions = path, load_patch(path), Versions(path)

    @property
    def patch(self) -> Patch:
        return self._patch

    def do(self, command: Command) -> str:
        from demon_patch.nodes.catalogue import CATALOGUE
        from demon_patch.patch.edit.commands import apply, title
        from demon_patch.patch.files.format import save
        from demon_patch.runtime.graph.check import problems

        edited, _ = apply(command, self.patch)
        before = {str(problem) for problem in problems(self.patch, CATALOGUE)}
        new = [problem for problem in problems(edited, CATALOGUE) if str(problem) not in before]
        if new:
            raise new[0].located(file=self._path.name)
        self._versions.keep(self.patch)
        save(edited, self._path)
        self._patch = edited
        return f"{title(command)}: wrote {self._path}"

    def undo(self) -> str:
        from demon_patch.patch.files.format import save

        kept = next((v for v in self._versions.kept() if self._versions.read(v.name) != self.patch), None)
        if kept is None:
            raise PatchError("there is nothing to undo", file=self._path, mend="only edits by these commands are kept")
        before = self._versions.read(kept.name)
        save(before, self._path)
        for version in self._versions.kept():
            if version.name >= kept.name:
                self._versions.drop(version.name)
        return f"undone: wrote {self._path}"


class HostTarget:
    """The document of a running host. All calls of these commands are one client of it, so that undo takes back what an
    earlier call has done."""

    def __init__(self, url: str) -> None:
        from demon_patch.runtime.remote.client import Client

        self._client = Client(url, name="command line", once=True)

    @property
    def patch(self) -> Patch:
        return self._client.patch

    def do(self, command: Command) -> str:
        done = self._client.do(command)
        waits = max((heard.seconds for heard in done.heard), default=None)
        return f"{done.label}" + ("" if waits is None else f": heard in {waits:.1f} s")

    def undo(self) -> str:
        return f"undone: {self._client.undo().label}"

    def close(self) -> None:
        self._client.close()


@contextmanager
def _target(words: tuple[str, ...], connect: str | None, wanted: str) -> Iterator[tuple[Target, list[str]]]:
    """Gives what is edited, and the other words: the first word names the file where no host is connected to."""
    if connect is not None:
        host = HostTarget(connect)
        try:
            yield host, list(words)
        finally:
            host.close()
        return
    if not words:
        raise DemonError("no patch is named", mend=f"demon-patch {wanted}, or name a running host with --connect")
    yield FileTarget(Path(words[0])), list(words[1:])


def _taken(rest: list[str], count: int, usage: str) -> list[str]:
    if len(rest) != count:
        raise DemonError(f"{len(rest)} words stand where {count} belong", mend=f"demon-patch {usage}")
    return rest


def _port(text: str) -> Port:
    node, point, port = text.rpartition(".")
    if not point or not node or not port:
        raise DemonError(f"{text!r} names no port", mend="write NODE.PORT, such as lfo.rate")
    return node, port


def _value(patch: Patch, node: str, port: str, text: str) -> Any:
    """Returns what a text means for a port: a number, a choice, or the text itself. Raises PatchError."""
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.nodes.editing.valid_overlay import check_live_value

    try:
        value = json.loads(text)
    except ValueError:
        value = text
    try:
        check_live_value(patch, CATALOGUE, node, port, value)
    except PatchError:
        if not isinstance(value, str):
            try:
                check_live_value(patch, CATALOGUE, node, port, text)
            except PatchError:
                pass
            else:
                return text
        declaration = CATALOGUE.get(patch.node(node).type)
        found = None if declaration is None else declaration.by_name.get(port)
        if found is not None and found.type in ("text", "points", "path"):
            return text if found.type in ("text", "path") else value
        raise
    return value


@edits.command(
    name="show",
    help_epilogue=examples("demon-patch show first.dpatch.json", "demon-patch show lfo --connect 127.0.0.1:8765"),
)
def show_patch(*words: Words, connect: Url = None, as_json: JsonFlag = False) -> None:
    """Shows the nodes, values and cables of a patch, or one node: demon-patch show PATCH [NODE].

    Parameters:
        words: A patch file, and a node's id for that node alone; with --connect only the node.
        connect: The address of a running host, in place of a file.
        as_json: Prints the patch as the text of a patch file.
    """
    with _target(words, connect, "show PATCH") as (target, rest):
        if len(rest) > 1:
            _taken(rest, 1, "show PATCH NODE")
        if as_json:
            from demon_patch.patch.files.format import dumps

            print(dumps(target.patch), end="")
            return
        for line in _lines(target.patch, rest[0] if rest else None):
            show(line)


def _lines(patch: Patch, only: str | None) -> Iterator[str]:
    if only is not None:
        patch.node(only)
    for id, node in sorted(patch.nodes.items()):
        if only not in (None, id):
            continue
        marks = [mark for mark, on in (("muted", node.muted), ("bypassed", node.bypass)) if on]
        yield "  ".join([id, node.type, *([node.label] if node.label else []), *marks])
        for name, value in sorted(node.values.items()):
            yield f"  {id}.{name} = {json.dumps(value, ensure_ascii=False)}"
        for cable in patch.cables_from(id):
            depth = "" if cable.depth is None else f"  depth {cable.depth:g}"
            yield f"  {id}.{cable.out} -> {cable.dst}.{cable.port}{depth}{'  muted' if cable.muted else ''}"


@edits.command(
    name="set",
    help_epilogue=examples(
        "demon-patch set first.dpatch.json lfo.rate 0.5", "demon-patch set lfo.rate 0.5 --connect 127.0.0.1:8765"
    ),
)
def set_value(*words: Words, connect: Url = None) -> None:
    """Sets a knob, an option or a text: demon-patch set PATCH NODE.PORT VALUE.

    Parameters:
        words: A patch file (not with --connect), the port as NODE.PORT, and its value in the port's unit.
        connect: The address of a running host, in place of a file.
    """
    from demon_patch.patch.edit.commands import SetValue

    with _target(words, connect, usage := "set PATCH NODE.PORT VALUE") as (target, rest):
        where, text = _taken(rest, 2, usage)
        node, port = _port(where)
        _do(target, SetValue(node, port, _value(target.patch, node, port, text)))


@edits.command(
    help_epilogue=examples(
        "demon-patch add first.dpatch.json lfo wobble", "demon-patch add lfo --connect 127.0.0.1:8765"
    )
)
def add(*words: Words, connect: Url = None) -> None:
    """Adds a node: demon-patch add PATCH TYPE [ID]. Prints its id.

    Parameters:
        words: A patch file (not with --connect), the node's type, and an id; a fresh one by default.
        connect: The address of a running host, in place of a file.
    """
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.nodes.search import in_place_of
    from demon_patch.patch.edit.commands import AddNode
    from demon_patch.patch.model import ids
    from demon_patch.patch.model.document import Node

    with _target(words, connect, usage := "add PATCH TYPE ID") as (target, rest):
        type, *given = rest if 1 <= len(rest) <= 2 else _taken(rest, 2, usage)
        if type not in CATALOGUE:
            raise PatchError(f"there is no node type {type!r}", mend=in_place_of(type, CATALOGUE, "demon-patch nodes"))
        id = given[0] if given else ids.fresh(target.patch.nodes)
        _do(target, AddNode(id, Node(type, version=CATALOGUE[type].version)), lambda: show(id))


@edits.command(help_epilogue=examples("demon-patch connect first.dpatch.json lfo.out scheduler.strength"))
def connect(
    *words: Words,
    depth: Annotated[float | None, Parameter(show_default=False)] = None,
    connect: Url = None,
) -> None:
    """Plugs a cable: demon-patch connect PATCH NODE.OUTPUT NODE.PORT.

    Parameters:
        words: A patch file (not with --connect), where the cable begins, and where it ends.
        depth: How far the signal moves the port; the usual depth by default.
        connect: The address of a running host, in place of a file.
    """
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.nodes.editing.edits import plug
    from demon_patch.patch.model.document import Cable

    with _target(words, connect, usage := "connect PATCH NODE.OUTPUT NODE.PORT") as (target, rest):
        begin, end = _taken(rest, 2, usage)
        (src, out), (dst, port) = _port(begin), _port(end)
        _do(target, plug(target.patch, CATALOGUE, Cable(src, out, dst, port, depth=depth)))


@edits.command(
    help_epilogue=examples(
        "demon-patch remove first.dpatch.json lfo", "demon-patch remove first.dpatch.json lfo.out scheduler.strength"
    )
)
def remove(*words: Words, connect: Url = None) -> None:
    """Removes a node, or a cable: demon-patch remove PATCH NODE, or PATCH NODE.OUTPUT NODE.PORT.

    Cables on both sides of a removed node become one where they fit.

    Parameters:
        words: A patch file (not with --connect), and a node's id, or both ends of a cable.
        connect: The address of a running host, in place of a file.
    """
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.nodes.editing.edits import removal
    from demon_patch.patch.edit.commands import Disconnect

    with _target(words, connect, usage := "remove PATCH NODE") as (target, rest):
        if len(rest) == 2:
            _do(target, Disconnect(*_port(rest[0]), *_port(rest[1])))
            return
        (node,) = _taken(rest, 1, usage)
        _do(target, removal(target.patch, CATALOGUE, [node]))


@edits.command(
    help_epilogue=examples("demon-patch undo first.dpatch.json", "demon-patch undo --connect 127.0.0.1:8765")
)
def undo(*words: Words, connect: Url = None) -> None:
    """Takes back the latest edit by these commands: demon-patch undo PATCH.

    Parameters:
        words: A patch file (not with --connect).
        connect: The address of a running host, in place of a file.
    """
    with _target(words, connect, "undo PATCH") as (target, rest):
        _taken(rest, 0, "undo PATCH")
        tell(target.undo())


def _do(target: Target, command: Command, then: Callable[[], object] = lambda: None) -> None:
    tell(target.do(command))
    then()
