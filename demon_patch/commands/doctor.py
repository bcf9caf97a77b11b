"""The command that looks at this machine and writes a report to attach to an issue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from demon_patch.console import JsonFlag, Switch, examples, show, writable
from demon_patch.console import out as terminal

if TYPE_CHECKING:
    from demon_patch.doctor.findings import Check

EXAMPLES = examples(
    "demon-patch doctor",
    "demon-patch doctor --out report.txt",
    "demon-patch doctor --model acestep-v15-turbo --dry-run",
    "demon-patch doctor --model acestep-v15-turbo --taper --out report.txt",
)


def doctor(
    *,
    out: Path | None = None,
    model: str | None = None,
    model_dir: Path | None = None,
    executor: str = "torch",
    dry_run: Switch = False,
    taper: Switch = False,
    as_json: JsonFlag = False,
) -> None:
    """Looks at sound, MIDI, display, files, versions and speed, and says what does not work and how to mend it.

    It takes some seconds, plays nothing that can be heard, and changes nothing. The report holds no password, no name
    of this machine, and the home folder as ~. Exit status 1 where a fault keeps the program from playing.

    Parameters:
        out: Writes the report with every detail into this file, to attach to an issue.
        model: Also looks at this model: files, tensors, memory, and a rendering of 8 steps.
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
        executor: What runs the model: torch (PyTorch), onnx, tensorrt, or auto, which says what it takes and why.
        dry_run: Looks at executor, files and memory alone: the model is not loaded.
        taper: Also measures how far the knob of Strength moves the sound of the model; it takes minutes, or hours.
        as_json: Prints JSON: version, warnings, faults, and checks with their findings.
    """
    from demon_patch.doctor import report
    from demon_patch.doctor.apart import examine
    from demon_patch.doctor.checks import CHECKS
    from demon_patch.runtime.assets.text_pages import check_page, write_page

    if out is not None:
        check_page(out)
        writable(out)
    found: list[report.Found] = []
    for each in examine((*CHECKS, *_of_model(model, model_dir, executor, dry_run, taper))):
        found.append(each)
        if not as_json:
            for line in [*report.section(each), Text()]:
                terminal.print(line, soft_wrap=True)
    if as_json:
        print(json.dumps(report.as_json(found), indent=2))
    else:
        show(report.summary(found))
    if out is not None:
        write_page(out, report.page(found))
        if not as_json:
            show(f"wrote {out}; attach it to an issue")
    if report.counts(found)[1]:
        raise SystemExit(1)


def _of_model(model: str | None, model_dir: Path | None, executor: str, dry: bool, taper: bool) -> tuple[Check, ...]:
    """Returns the checks of a model; none without one. Raises DemonError for an unknown model or executor."""
    if model is None:
        return ()
    from demon_patch.doctor.chosen_model import checks_of
    from demon_patch.engine.executors import check_name
    from demon_patch.engine.families import spec_of
    from demon_patch.engine.model_folder import use_model_folder

    spec_of(model)
    check_name(executor)
    if model_dir is not None:
        use_model_folder(model_dir)
    return checks_of(model, executor, dry, taper)
