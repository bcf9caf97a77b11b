"""The command `demon-patch bench editor`."""

from __future__ import annotations

from pathlib import Path

from demon_patch.console import JsonFlag


def editor(*, save: Path | None = None, as_json: JsonFlag = False) -> None:
    """Measures what the canvas costs a frame, beside the node editor that Dear PyGui brings: half a minute, in windows.

    The patch has 200 nodes and 300 cables. The figures are processor time, medians of 40 frames, each canvas in a
    process of its own.

    Parameters:
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON in place of a table.
    """
    from demon_patch.bench.tables import keep_rows
    from demon_patch.editor.command import check_display
    from demon_patch.editor.measure.compare import rows

    check_display()
    keep_rows("editor: milliseconds a frame at 200 nodes and 300 cables", list(rows()), save, as_json)
