"""What each node costs: microseconds in a control frame, as a list that can be ordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.telemetry import Profile, Watch

RATE = 1.0
ORDERS = ("dearest first", "by name", "by kind")
Order = Literal[0, 1, 2]


class Costs:
    """The microseconds of each node, watched while anybody wants them.

    micros: by id, inside a subpatch by the path of ids. changes: counts the messages.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wanted: set[str] = set()
        self.micros: Mapping[str, float] = {}
        self.changes = 0

    def want(self, who: str, on: bool) -> None:
        """Watches for somebody, or no longer."""
        before = bool(self._wanted)
        (self._wanted.add if on else self._wanted.discard)(who)
        if before != bool(self._wanted):
            self._link.ask(Watch(what="profile", rate=RATE if on else 0.0), refused=lambda fault: None)

    def hear(self, event: object) -> None:
        """Takes a message."""
        if isinstance(event, Profile):
            self.micros = event.micros
            self.changes += 1

    def of(self, node: str) -> float | None:
        """Returns the microseconds of a node, with all that is inside it; None where they are not known."""
        inside = [micros for id, micros in self.micros.items() if id.startswith(f"{node}/")]
        own = self.micros.get(node)
        return None if own is None and not inside else (own or 0.0) + sum(inside)


def titled(patch: Patch, path: str, titles: Callable[[str], str]) -> tuple[str, str]:
    """Returns the title of a node by its path of ids, with those of the subpatches around it, and its type. titles: the
    title of a node type."""
    words, within, type = [], None, ""
    for id in path.split("/"):
        node = patch.graph(within).nodes.get(id)
        if node is None:
            return path, ""
        type, within = node.type, node.definition or None
        known = patch.definitions.get(node.definition)
        words.append(node.label or (known.title if known is not None else "") or titles(type))
    return " / ".join(words), type


def cost_rows(
    micros: Mapping[str, float],
    patch: Patch,
    titles: Callable[[str], str],
    order: int,
    jump: Callable[[str], object],
    turn: Callable[[], object],
) -> list[Row]:
    """Returns the lines of the list. turn: takes the next order."""
    whole = sum(micros.values())
    found = [Row("Order", ORDERS[order], "label", do=turn)]
    if not micros:
        return [*found, Row("The host has not said it yet.", tone="faint")]
    found.append(Row("All nodes together", f"{whole:.0f} µs", bold=True, bright=True))
    listed = [(id, cost, *titled(patch, id, titles)) for id, cost in micros.items()]
    keys: tuple[Callable[[tuple[str, float, str, str]], tuple[object, ...]], ...] = (
        lambda each: (-each[1], each[2]), lambda each: (each[2].lower(), each[0]), lambda each: (each[3], -each[1]),
    )  # fmt: skip
    for id, cost, title, type in sorted(listed, key=keys[order]):
        share = f"{100 * cost / whole:.0f} %" if whole else ""
        detail = f"{type.replace('_', ' ')} · {share}" if share else type
        found.append(Row(title, f"{cost:.1f} µs", detail=detail, bright=True, do=lambda id=id: jump(id.split("/")[0])))
    return found


class CostsPanel(SidePanel):
    """Lists the costs. titles: the title of a node type. jump: looks at a node."""

    title, hint = "Cost of each node", "in a control frame"

    def __init__(
        self, paper: Paper, link: Link, costs: Costs, titles: Callable[[str], str], jump: Callable[[str], object]
    ) -> None:
        super().__init__(paper)
        self._link, self._costs, self._titles, self._jump = link, costs, titles, jump
        self.order = 0

    def opened(self) -> None:
        """It is shown now."""
        super().opened()
        self._costs.want("costs", True)

    def closed(self) -> None:
        """It is hidden now."""
        super().closed()
        self._costs.want("costs", False)

    def _turn(self) -> None:
        self.order = (self.order + 1) % len(ORDERS)

    def rows(self) -> Sequence[Row]:
        """Returns the nodes."""
        return cost_rows(self._costs.micros, self._link.patch, self._titles, self.order, self._jump, self._turn)

    def face(self) -> object:
        """Returns what the rows come from."""
        return self._costs.changes, self.order, self._lit
