"""Checks of the models: whether weights and LoRAs are whole, and whether prompts are understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import file_digest
from importlib.resources import files
from pathlib import Path

from demon_patch.doctor.findings import FAULT, FINE, WARNING, Finding
from demon_patch.engine import families
from demon_patch.errors import WeightsError

PROMPT = "house, 120 bpm"


def models() -> Iterator[Finding]:
    """Loads every model that ships with the program, which verifies its checksums, and reads its words and LoRAs."""
    for name in families.SHIPPED:
        yield from _family(name)


def _family(name: str) -> Iterator[Finding]:
    folder = Path(str(files(families) / name))
    stored = tuple(_digest(path, folder) for path in sorted(folder.rglob("*.safetensors")))
    try:
        family = families.load_family(name)
    except WeightsError as error:
        yield Finding(FAULT, f"{name}: {error.file}: {error.what}", error.mend, stored)
        return
    yield Finding(FINE, f"{name}: the weights are whole", details=stored)
    unread = families.unread(name, PROMPT)
    words = families.words_of(name).count("\n")
    if unread or not words:
        yield Finding(FAULT, f"{name}: the words of prompts are not understood", "install the program again")
    else:
        yield Finding(FINE, f"{name}: prompts are understood")
    yield from _loras(name, family.loras)


def _loras(name: str, loras: Mapping[str, Path]) -> Iterator[Finding]:
    from demon_patch.engine.lora.file import read

    shapes = families.layers_of(name)
    bad = 0
    for lora, path in loras.items():
        try:
            read(path, shapes)
        except WeightsError as error:
            bad += 1
            yield Finding(WARNING, f"{name}: the LoRA {lora} cannot be used: {error.what}", error.mend)
    if loras and not bad:
        yield Finding(FINE, f"{name}: LoRAs: {', '.join(loras)}")


def _digest(path: Path, folder: Path) -> str:
    """Returns a line about a file: name, size, and the first half of the SHA-256 of its bytes."""
    name = path.relative_to(folder.parent).as_posix()
    try:
        with path.open("rb") as stream:
            return f"{name}: {path.stat().st_size} bytes, sha256 {file_digest(stream, 'sha256').hexdigest()[:32]}"
    except OSError as error:
        return f"{name}: cannot be read: {error.strerror}"
