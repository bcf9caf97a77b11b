"""Who is on the host, and what each of them has done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from demon_patch.editor.link.host_link import Connected
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.history import ago
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.edits import History, Steps
from demon_patch.runtime.remote.messages.session import Clients

SHOWN = 12  # steps of one client


class Company:
    """The clients of the host.

    names: of those who are there. own: of this window. steps: the histories that were asked for, by name.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.names: tuple[str, ...] = ()
        self.own = ""
        self.steps: dict[str, Steps] = {}
        self.open: set[str] = set()
        self._asked: object = None

    def hear(self, event: object) -> None:
        """Takes an event."""
        if isinstance(event, Connected):
            self.names, self.own = event.welcome.clients, event.welcome.client
            self.steps.clear()
            self._asked = None
        elif isinstance(event, Clients):
            self.names = event.clients
            self.steps = {name: steps for name, steps in self.steps.items() if name in self.names}

    def look(self) -> None:
        """Asks for the histories that are open, if the document is another one since."""
        wanted = (self._link.revision, frozenset(self.open & set(self.names)))
        if wanted == self._asked:
            return
        self._asked = wanted
        for name in sorted(wanted[1]):
            self._link.ask(History(client=name), partial(self._take, name), self._nothing)

    def _take(self, name: str, reply: Reply) -> None:
        if isinstance(reply, Steps):
            self.steps[name] = reply

    @staticmethod
    def _nothing(fault: Fault) -> None:
        """A client that has gone meanwhile has no history to show."""

    def turn(self, name: str) -> None:
        """Opens or closes a history."""
        self.open.symmetric_difference_update({name})


def client_rows(
    names: Sequence[str], own: str, steps: Mapping[str, Steps], opened: set[str], company: Company
) -> list[Row]:
    """Returns the lines: each client, and below it its steps, the newest first."""
    found: list[Row] = []
    for name in sorted(names, key=lambda name: (name != own, name)):
        shown = "−" if name in opened else "+"
        found.append(
            Row(name, shown, bold=True, marked=name == own, detail="this window" if name == own else "",
                do=partial(company.turn, name))
        )  # fmt: skip
        if name not in opened:
            continue
        done = steps[name].done if name in steps else ()
        found += [Row(step.label or "Edit", ago(step.seconds), "label") for step in reversed(done[-SHOWN:])]
        if len(done) > SHOWN:
            found.append(Row(f"and {len(done) - SHOWN} before them", "", "faint"))
        if name in steps and not done:
            found.append(Row("It has edited nothing yet.", "", "faint"))
    return found or [Row("There is no connection.", "", "faint")]


class ClientsPanel(SidePanel):
    """Lists the clients; a click opens a history."""

    title, hint = "On this host", "click: what they did"

    def __init__(self, paper: Paper, company: Company) -> None:
        super().__init__(paper)
        self._company = company

    def opened(self) -> None:
        """It is shown now, with the histories of the others where there are few."""
        super().opened()
        self._company.open |= set(self._company.names) if len(self._company.names) <= 3 else {self._company.own}

    def rows(self) -> Sequence[Row]:
        """Returns the clients."""
        one = self._company
        return client_rows(one.names, one.own, one.steps, one.open, one)

    def face(self) -> object:
        """Returns what the rows come from; asks for what is missing."""
        one = self._company
        one.look()
        return one.names, one.own, frozenset(one.open), tuple(one.steps.items()), self._lit
