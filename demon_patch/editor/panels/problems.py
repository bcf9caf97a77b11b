"""The list of what is wrong or odd; a click goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from demon_patch.editor.panels.notices import NoticeList
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.documents import Problems


class ProblemsPanel(SidePanel):
    """Lists the problems, remarks and faults of the document, then what was said lately.

    found: returns the newest problems. jump: looks at a node. said: the notices. costs: shows what each node costs.
    title: the title of a node.
    """

    title, hint = "Problems", "F8: the next one"

    def __init__(
        self, paper: Paper, found: Callable[[], Problems], jump: Callable[[str], object], said: NoticeList,
        costs: Callable[[], object] | None = None, title: Callable[[str], str] = lambda id: id,
    ) -> None:  # fmt: skip
        super().__init__(paper)
        self._costs, self._title = costs, title
        self._found, self._jump, self._said = found, jump, said

    def rows(self) -> Sequence[Row]:
        """Returns the problems."""
        listed = list(rows(self._found(), self._jump, self._said, self._title))
        return [*listed, Row("Cost of each node", "µs", "accent", do=self._costs)] if self._costs else listed

    def face(self) -> object:
        """Returns what the rows come from."""
        return self._lit, self._found(), len(self._said.log), self._said.log[-1].text if self._said.log else ""


def rows(
    found: Problems, jump: Callable[[str], object], said: NoticeList, title: Callable[[str], str] = lambda id: id
) -> Iterator[Row]:
    """Yields the lines of the list."""
    groups = (
        ("Stands still", "fault", found.faults), ("Does not play", "fault", found.problems),
        ("Worth knowing", "warning", found.remarks),
    )  # fmt: skip
    nothing = True
    for heading, tone, faults in groups:
        if faults:
            nothing = False
            yield Row(heading, heading=True)
        for fault in faults:
            yield Row(_words(fault, title), "", tone, do=None if not fault.node else lambda id=fault.node: jump(id))
            if fault.mend:
                yield Row(fault.mend, "", "label")
    if nothing:
        yield Row("Nothing is wrong.", "", "good")
    if said.log:
        yield Row("Lately", heading=True)
        for each in reversed(said.log[-30:]):
            tone = "label" if each.tone == "plain" else each.tone
            yield Row(each.text, "", tone)


def _words(fault: Fault, title: Callable[[str], str]) -> str:
    place = " ".join(part for part in (fault.node and title(fault.node), fault.port.replace("_", " ")) if part)
    return f"{place}: {fault.what}" if place and fault.what else fault.what or fault.text
