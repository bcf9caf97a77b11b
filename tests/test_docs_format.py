"""docs/format.md names every field of a patch file, and its numbers are those of the program."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from demon_patch.engine.families import spec_of
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.format1 import DEFAULTS, DEPTH
from demon_patch.patch.files.format import loads
from demon_patch.patch.files.migrations import FORMAT
from demon_patch.patch.model.dashboard import MAPPING_MODES, TAKEOVERS
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.record import Record
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.ring_plan import ring_plan
from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
from demon_patch.runtime.graph.wiring import USUAL_DEPTH, Wiring
from tests.support.paths import DOCS

PAGE = (DOCS / "format.md").read_text(encoding="utf-8")


def kinds(kind: type[Record] = Record) -> Iterator[type[Record]]:
    """The records of which a file is made."""
    for special in kind.__subclasses__():
        if special.__module__.startswith("demon_patch.patch.model") and special.__name__ != "FlatCable":
            yield special
            yield from kinds(special)


@pytest.mark.parametrize("kind", sorted(set(kinds()), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_the_page_names_every_field(kind: type[Record]) -> None:
    assert len({*kinds()}) > 12
    missing = [field for field in kind.known_keys() if f"`{field}`" not in PAGE]
    assert missing == []


def test_the_example_is_a_whole_patch_and_has_what_the_page_says() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    example = loads(text)
    assert problems(example, CATALOGUE) == []
    assert warnings_of(example, CATALOGUE) == []
    assert [*unknown_words(example, CATALOGUE)] == []
    assert ring_plan(Wiring(example, CATALOGUE)).source == "source"
    assert [cable.src for cable in example.cables if cable.muted] == ["lfo2"]
    assert example.nodes["lfo"].label
    assert example.nodes["scheduler"].ranges["strength"] == (0.2, 0.8)
    (mapping,) = example.mappings.values()
    assert (mapping.source.kind, mapping.source.number) == ("cc", 1)


def test_its_numbers_are_those_of_the_program() -> None:
    assert Patch in {*kinds()}
    assert f"**format {FORMAT}**" in PAGE
    assert f"has {USUAL_DEPTH:g} into a port with a range" in PAGE
    assert f"had {DEPTH:g} into a port with a range" in PAGE
    steps, shift, depth, strength = (f"{DEFAULTS[name]:g}" for name in ("steps", "shift", "depth", "strength"))
    assert f"had {steps} steps, shift {shift}, ring depth {depth}, strength {strength}" in PAGE
    assert all(f"`{word}`" in PAGE for word in (*MAPPING_MODES, *TAKEOVERS))
    (row,) = re.findall(r"^\| strength \|(.*)\|$", PAGE, re.MULTILINE)
    found = [float(cell) for cell in row.split("|")]
    assert found == pytest.approx(spec_of("nano2").strength_taper, abs=6e-4)
