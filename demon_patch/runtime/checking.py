"""Finds mistakes and oddities of a patch file or a pack, and of the files that it names, without playing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from demon_patch.engine.families import DEFAULT_MODEL, SHIPPED, spec_of
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.library.engine.engine import LORA
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.walk import nodes_of
from demon_patch.runtime.assets.assets import files_of, load_patch
from demon_patch.runtime.assets.named_files import inspect_files, lora, lora_effect, own_files
from demon_patch.runtime.graph.check import no_source, problems
from demon_patch.runtime.graph.check_subpatches import promoted
from demon_patch.runtime.graph.ring_plan import ring_plan
from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
from demon_patch.runtime.graph.wiring import Wiring

MISTAKE, REMARK = "mistake", "remark"


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake, for which a patch cannot be played or packed, or a remark.

    file: the patch file.
    node: the node's path through subpatches; None where the finding is about the whole patch.
    port: the port; None where no port is meant.
    severity: MISTAKE or REMARK.
    """

    file: str
    node: str | None
    port: str | None
    what: str
    mend: str
    severity: str

    def __str__(self) -> str:
        return str(DemonError(self.what, file=self.file, node=self.node, port=self.port, mend=self.mend))


def findings(path: Path, measure: bool = False) -> list[Finding]:
    """Returns all findings of a patch file or pack: mistakes first, each with its mend. Raises nothing.

    measure: whether a LoRA's distance to off is measured where it is not known yet. That loads the model, so it is done
        for a model that ships with the program alone.
    """
    try:
        with _opened(path) as (patch, folder):
            if measure:
                _measure_loras(patch, folder)
            return _of_patch(patch, folder, path)
    except DemonError as error:
        return [_finding(error, path, MISTAKE)]
    except Exception as error:
        what = f"it cannot be checked: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return [Finding(str(path), None, None, what, "report this, with the file", MISTAKE)]


def _of_patch(patch: Patch, folder: Path, path: Path) -> list[Finding]:
    wrong: list[DemonError] = [*problems(patch, CATALOGUE)]
    odd: list[DemonError] = []
    if not wrong:
        wiring = Wiring(patch, CATALOGUE)
        plan = ring_plan(wiring)
        lacks = plan.source is None and spec_of(patch.meta.model or DEFAULT_MODEL).needs_source
        wrong += [no_source(plan.scheduler)] if lacks else []
        wrong += promoted(patch, CATALOGUE)
        odd += [*warnings_of(patch, CATALOGUE), *unknown_words(patch, CATALOGUE)]
    seen = inspect_files(patch, folder, CATALOGUE)
    told = {(error.node, error.port, error.what) for error in wrong}
    wrong += [error for error in seen.mistakes if (error.node, error.port, error.what) not in told]
    found = [_finding(error, path, MISTAKE) for error in wrong]
    return [*found, *(_finding(error, path, REMARK) for error in (*odd, *seen.remarks))]


def _measure_loras(patch: Patch, folder: Path) -> None:
    """Measures the distance to off of each LoRA whose file a patch names, where it is not known yet, and keeps it.
    Passes over what cannot be played: `inspect_files` says what is wrong with it."""
    model, session = patch.meta.model or DEFAULT_MODEL, None
    own = own_files(patch, LORA)
    for _, node in nodes_of(patch) if model in SHIPPED else ():
        name = str(node.values.get("file", ""))
        if node.type != LORA or not name.strip() or name in own:
            continue
        with suppress(DemonError):
            path = lora(name, folder, own)
            if lora_effect(path, model) is None:
                from demon_patch.engine.session import Session  # noqa: PLC0415 (torch: for a new LoRA alone)

                session = session or Session.load(model, threads=1)
                session.lora(path)


def _finding(error: DemonError, path: Path, severity: str) -> Finding:
    what = error.what if error.file in (None, path, str(path)) else f"{error.file}: {error.what}"
    return Finding(str(path), error.node, error.port, what, error.mend, severity)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Patch, Path]]:
    """Gives a patch and the folder of its files, as they are used when it is played."""
    if path.exists() and not path.is_file():
        what = "this is a folder, not a patch file" if path.is_dir() else "this is no ordinary file"
        raise DemonError(what, file=path, mend="name a *.dpatch.json or *.dpatch file")
    patch = load_patch(path)
    with files_of(path) as folder:
        yield patch, folder
