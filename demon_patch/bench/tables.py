"""Shows measured rows as tables or JSON, and keeps them in files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.table import Table

from demon_patch.console import out


def keep_rows(
    title: str,
    rows: Iterable[dict[str, Any]],
    save: Path | None,
    as_json: bool = False,
    quiet: bool = False,
    by: Sequence[str] = (),
) -> None:
    """Keeps measured rows in a file, where one is named, each as soon as it is measured, and shows them.

    by: the columns that say what a row is about; those of `page.BY` by default.
    """
    from demon_patch.bench.machine import machine
    from demon_patch.bench.page import BY, keep

    found: list[dict[str, Any]] = []
    for row in rows:
        found.append(row)
        if save is not None:
            keep({"title": title, "machine": machine(), "rows": [row]}, save, by or BY)
    if not quiet:
        show_rows(title, found, as_json)


def show_rows(title: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    """Shows measured rows as tables, or prints them as JSON with the machine they were measured on."""
    from demon_patch.bench.machine import machine

    if as_json:
        print(json.dumps({"title": title, "machine": machine(), "rows": rows}, indent=2))
        return
    out.print(f"[bold]{title}[/]\n{machine()}")
    for names, alike in groupby(rows, key=tuple):
        table = Table(*(name.replace("_", " ") for name in names))
        for row in alike:
            table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
        out.print(table)
