"""All measurements of one control, from which its row of docs/controls.md is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demon_patch.bench import modulation
from demon_patch.bench.propagation import COUNTED, SEEN, measure, measure_shares
from demon_patch.bench.trials import SECONDS, due
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.session import Session


def measured(
    name: str, exact: Session, session: Session, seeds: int = modulation.SEEDS, seconds: float = SECONDS
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yields the reports that a control has, each as its name (`page.TITLES`) and its rows: those that fit the
    control's propagation class and the families. A control that is not `measured` has none.

    exact: a session of the family on which forwards are counted.
    session: a session of the family that is heard.
    """
    row = CONTROLS[name]
    counted, heard = (any(trial.control == name for trial in due(each.spec)) for each in (exact, session))
    if counted and row.propagation in COUNTED:
        yield "propagation", measure(exact, controls=(name,))
    if heard and row.propagation in SEEN:
        yield "seen", measure_shares(session, (name,), seconds)
    if heard:
        yield "modulation", list(modulation.measure(session, (name,), seeds))
