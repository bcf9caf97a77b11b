"""The command `demon-patch bench control`: measures one control, and makes the pages that show it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from demon_patch.bench.commands import pages
from demon_patch.console import Threads, err, examples
from demon_patch.errors import DemonError

EXAMPLES = examples("demon-patch bench control shift")


def control(
    name: str,
    *,
    measured: Path = Path("docs/measured"),
    page: Path = Path("docs/controls.md"),
    performance: Path = Path("docs/performance.md"),
    nodes: Path = Path("docs/nodes.md"),
    threads: Threads = None,
) -> None:
    """Measures one control in every way, keeps the figures, and makes the pages again that show it: a minute or two.

    It is what bench propagation, bench seen, bench modulation, bench page and nodes --page do, for one control.

    Parameters:
        name: A control of the table.
        measured: The folder of kept measurements, where its rows take the place of its old ones.
        page: The page of all controls, which is written.
        performance: The page of performance, whose tables are made again.
        nodes: The page of all nodes, which is written with its pictures; they need matplotlib.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.gaussian import gaussian
    from demon_patch.bench.machine import MODEL, machine
    from demon_patch.bench.one_control import measured as reports
    from demon_patch.bench.page import TITLES, keep
    from demon_patch.engine.controls import CONTROLS
    from demon_patch.engine.session import Session
    from demon_patch.nearest import did_you_mean
    from demon_patch.nodes.catalogue import CATALOGUE

    if name not in CONTROLS:
        mend = did_you_mean(name, CONTROLS, "docs/controls.md lists all")
        raise DemonError(f"there is no control {name!r}", mend=mend)
    none = True
    for report, rows in reports(name, Session(gaussian()), Session.load(MODEL, threads=threads)):
        none = False
        path = measured / f"{report}.json"
        keep({"title": TITLES[report], "machine": machine(), "rows": rows}, path)
        err.print(f"measured {report}, kept in {path}", soft_wrap=True)
    if none:
        err.print(f"{name} has no measurement: its row says measured=False, or no family here has it", soft_wrap=True)
    pages(measured=measured, out=page, performance=performance, reliability=None)
    if find_spec("matplotlib") is None:
        err.print("pictures need matplotlib: pip install 'demon-patch[plots]'", markup=False, soft_wrap=True)
        err.print(f"then this remains: demon-patch nodes --page {nodes}", markup=False, soft_wrap=True)
        return
    from demon_patch.gallery.library import write

    write(CATALOGUE, nodes)
    err.print(f"wrote {nodes} and its pictures", soft_wrap=True)
