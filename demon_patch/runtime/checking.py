"""What is wrong or odd about a patch file or a pack, and about the files that it names, without playing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.update import updated
from demon_patch.patch import names, whole
from demon_patch.patch.data import place
from demon_patch.patch.document import Patch
from demon_patch.patch.pack import SIZE, unpacked
from demon_patch.runtime.assets import is_pack, loaded
from demon_patch.runtime.files import look
from demon_patch.runtime.graph.check import no_source, problems
from demon_patch.runtime.graph.nesting import promoted
from demon_patch.runtime.graph.remarks import remarks, unknown_words
from demon_patch.runtime.graph.ring_plan import ring_plan
from demon_patch.runtime.graph.wiring import Wiring

MISTAKE, REMARK = "mistake", "remark"


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake, for which a patch does not play or pack, or a remark. file: the patch. node: by its path in
    subpatches; node and port are None where it is about the whole."""

    file: str
    node: str | None
    port: str | None
    what: str
    mend: str
    severity: str

    def __str__(self) -> str:
        return str(DemonError(self.what, file=self.file, node=self.node, port=self.port, mend=self.mend))


def findings(path: Path) -> list[Finding]:
    """All findings of a patch file or pack: mistakes first, each with its mend. Raises nothing."""
    try:
        with _opened(path) as (patch, folder, assets):
            return _of_patch(patch, folder, assets, path)
    except DemonError as error:
        return [_finding(error, path, MISTAKE)]
    except Exception as error:
        what = f"it cannot be checked: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return [Finding(str(path), None, None, what, "report this, with the file", MISTAKE)]


def _of_patch(patch: Patch, folder: Path, assets: Path | None, path: Path) -> list[Finding]:
    wrong: list[DemonError] = [*problems(patch, CATALOGUE)]
    odd: list[DemonError] = []
    if not wrong:
        wiring = Wiring(patch, CATALOGUE)
        plan = ring_plan(wiring)
        wrong += [no_source(plan.scheduler)] if plan.source is None else []
        wrong += promoted(patch, CATALOGUE)
        odd += [*remarks(patch, CATALOGUE), *unknown_words(patch, CATALOGUE)]
    seen = look(patch, folder, CATALOGUE, assets)
    told = {(error.node, error.port, error.what) for error in wrong}
    wrong += [error for error in seen.mistakes if (error.node, error.port, error.what) not in told]
    found = [_finding(error, path, MISTAKE) for error in wrong]
    return [*found, *(_finding(error, path, REMARK) for error in (*odd, *seen.remarks))]


def _finding(error: DemonError, path: Path, severity: str) -> Finding:
    what = error.what if error.file in (None, path, str(path)) else f"{error.file}: {error.what}"
    return Finding(str(path), error.node, error.port, what, error.mend, severity)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Patch, Path, Path | None]]:
    """A patch, the folder of its files, and the folder of a pack's own assets: a pack is laid out in a temporary
    folder, and the asset store stays as it is."""
    if path.exists() and not path.is_file():
        what = "this is a folder, not a patch file" if path.is_dir() else "this is no ordinary file"
        raise DemonError(what, file=path, mend="name a *.dpatch.json or *.dpatch file")
    if not is_pack(path):
        yield loaded(path), path.parent, None
        return
    with place(path):
        patch, contents = unpacked(whole.read(path, SIZE))
        patch = updated(patch)
    with TemporaryDirectory(prefix="demon-patch-", ignore_cleanup_errors=True) as made:
        folder, assets = Path(made, "patch"), Path(made, "assets")
        with place(path):
            _lay_out(contents, folder, assets)
        yield patch, folder, assets


def _lay_out(contents: Mapping[str, bytes], folder: Path, assets: Path) -> None:
    folder.mkdir()
    assets.mkdir()
    for name, content in contents.items():
        stored = names.hash_in(names.checked(name)) is not None
        target = assets / name.removeprefix("sha256:") if stored else folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        whole.write(target, content, follow=False)
