"""Does with a dropped or opened file what the player chooses: opens it, adds its nodes, or uses it as a clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec import structs

from demon_patch.editor.layout.box import Point
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Item, Popups
from demon_patch.editor.share import sending
from demon_patch.editor.share.opening import Found, Offer, offers
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing import edits
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import AddNode, SetValue
from demon_patch.patch.files.format import dumps
from demon_patch.patch.files.pack import SUFFIX
from demon_patch.patch.model.document import Node, Patch
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.walk import with_nodes
from demon_patch.runtime.remote.messages.base import Fault, Request
from demon_patch.runtime.remote.messages.edits import Do, Exchange, Insert
from demon_patch.runtime.remote.messages.opening import Open

LINE = 200
"""The most characters of a line that the host takes."""
AUDIO, LORA, SCHEDULER = "audio_source", "lora", "scheduler"
Then = Callable[[Mapping[str, str]], object]


def renamed(patch: Patch, names: Mapping[str, str], catalogue: Mapping[str, Declaration] = CATALOGUE) -> Patch:
    """Returns a patch whose nodes name files by other names. names: the new ones by the old ones."""

    def change(node: Node) -> Node:
        declaration = catalogue.get(node.type)
        paths = [] if declaration is None else [port.name for port in declaration.ports if port.type == "path"]
        new = {port: names[held] for port in paths if (held := node.values.get(port)) in names}  # type: ignore[index]
        return structs.replace(node, values={**node.values, **new}) if new else node

    return with_nodes(patch, change)


class Doing:
    """Does it. All methods: the window's thread.

    middle: of the window, in pixels, where questions are asked.
    """

    def __init__(
        self,
        link: Link,
        popups: Popups,
        middle: Callable[[], Point] = lambda: (400.0, 300.0),
    ) -> None:
        self._link, self._popups, self.middle = link, popups, middle
        self.under_way: list[sending.Sending] = []

    def offer(self, found: Found, pixel: Point, at: Point, within: str | None = None) -> None:
        """Shows what can be done with a file; does it at once where there is one thing only.

        pixel: the place of the menu. at: the place on the canvas for what is added. within: the definition shown.
        """
        given = offers(found)
        if not given:
            self._popups.tell(found.words, "fault")
        elif len(given) == 1:
            self.do(given[0], found, at, within)
        else:
            head = Item(found.words, enabled=False)
            self._popups.menu(pixel, (head, *(Item(o.title, partial(self.do, o, found, at, within)) for o in given)))

    def do(self, offer: Offer, found: Found, at: Point, within: str | None = None) -> None:
        """Does what is offered."""
        if offer.do == "open" and found.files:
            self._popups.tell(f"{found.path.name} goes to the host.")
            self._send(found.pack, SUFFIX, lambda name: self._open(found, pack=name))
            return
        if offer.do in ("open", "merge"):
            self._send_all(found.files, partial(self._with_patch, offer.do, found, at, within))
            return
        try:
            content, suffix = sending.read(found.path)
        except DemonError as error:
            self._popups.tell(str(error), "fault")
            return
        self._popups.tell(f"{found.path.name} goes to the host.")
        self._send(content, suffix, partial(self._place, offer.do, found.path.stem, at, within))

    # -- patches -------------------------------------------------------------------------------------------------
    def _with_patch(self, do: str, found: Found, at: Point, within: str | None, names: Mapping[str, str]) -> None:
        assert found.patch is not None
        patch = renamed(found.patch, names)
        if do == "open":
            self._open(found, patch=dumps(patch))
            return
        try:
            command = edits.paste(self._link.patch, CATALOGUE, dumps(patch), at, within)
        except DemonError as error:
            self._popups.tell(str(error), "fault")
            return
        self._ask(Do(command=command, label=f"Add {patch.meta.title or found.path.name}"[:LINE]))

    def _open(self, found: Found, *, patch: str = "", pack: str = "") -> None:
        """Opens a patch as the song; where edits would be let go of, asks first."""
        name = found.path.name

        def told(reply: object) -> None:
            self._popups.tell(f"{name} is prepared; it takes over on a bar.")

        def asked(fault: Fault) -> None:
            anyway = Item("Open it anyway; the edits stay as a version", lambda: self._ask(made(True), told))
            self._popups.menu(self.middle(), (Item(fault.text or fault.what, enabled=False), anyway, Item("Stay")))

        def made(discard: bool) -> Request:
            return Open(patch=patch, pack=pack, title=name[:LINE], discard=discard)

        self._link.ask(made(False), told, asked)

    # -- clips ---------------------------------------------------------------------------------------------------
    def _place(self, do: str, label: str, at: Point, within: str | None, name: str) -> None:
        patch = self._link.patch
        if do == "source" and (old := source_of(patch)) is not None:
            if patch.nodes[old].type == AUDIO:
                self._ask(Do(command=SetValue(old, "file", name), label="Use sound"))
            else:
                new = Node(AUDIO, values={"file": name}, at=patch.nodes[old].at, label=label[:80])
                self._ask(Exchange(node=old, new=new))
            return
        if do == "lora" and (cable := ring_cable(patch)) is not None:
            fresh = CommandBuilder(patch).fresh(set(patch.nodes))
            self._ask(
                Insert(cable=cable, type=LORA, node=fresh, at=at),
                lambda reply: self._ask(Do(command=SetValue(fresh, "file", name), label="Use LoRA")),
            )
            return
        draft = CommandBuilder(patch, within)
        kind = LORA if do == "lora" else AUDIO
        draft.do(
            AddNode(draft.fresh(set(draft.graph.nodes)), Node(kind, values={"file": name}, at=at, label=label[:80]))
        )
        self._ask(Do(command=draft.command, label="Add clip" if kind == AUDIO else "Add LoRA"))

    # -- sending -------------------------------------------------------------------------------------------------
    def _send_all(self, files: Mapping[str, bytes], then: Then) -> None:
        """Sends files one after the other; `then` gets the names that the host gave them, by their own."""
        left, names = [name for name in files if not name.endswith(".tempo.json")], {}

        def following(given: str = "") -> None:
            if given:
                names[left.pop(0)] = given
            if not left:
                then(names)
                return
            suffix = "." + left[0].rsplit(".", 1)[-1].lower()
            self._send(files[left[0]], suffix, following)

        following()

    def _send(self, content: bytes, suffix: str, named: Callable[[str], object]) -> None:
        self.under_way = [each for each in self.under_way if not each.over]
        self.under_way.append(sending.Sending(self._link, content, suffix, named, self._refused))

    def _refused(self, fault: Fault) -> None:
        self._popups.tell(fault.text or fault.what, "fault")

    def _ask(self, request: Request, then: Callable[[Any], object] | None = None) -> None:
        self._link.ask(request, then, self._refused)


def source_of(patch: Patch) -> str | None:
    """Returns the node whose clip the Scheduler covers; None for none."""
    for id, node in sorted(patch.nodes.items()):
        if node.type == SCHEDULER:
            for cable in patch.cables_into(id, "source"):
                return cable.src
    return None


def ring_cable(patch: Patch) -> CableKey | None:
    """Returns the cable of the ring chain into which a LoRA fits: the one that leaves the Scheduler; None for none."""
    for id, node in sorted(patch.nodes.items()):
        if node.type == SCHEDULER:
            for cable in patch.cables_from(id, "ring"):
                return cable.key
    return None
