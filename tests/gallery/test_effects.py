"""What patches are about: the file that says it, the patch at rest, and the measure of agreement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.gallery.effects import FILE, Effect, read_effects, stilled
from demon_patch.gallery.measure import agreement
from demon_patch.gallery.page import Entry, page
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.update import load
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.warnings import warnings_of
from tests.support.paths import PATCHES
from tests.support.toy_family import toy_family

EFFECT = Effect("scheduler", "strength", "distance to source", "An idea.")
EFFECTS = read_effects(PATCHES)


def test_every_patch_says_what_it_is_about() -> None:
    assert {path.name.split(".")[0] for path in PATCHES.glob("*.dpatch.json")} == EFFECTS.keys()
    assert len(EFFECTS) >= 12


@pytest.mark.parametrize("name", EFFECTS)
def test_every_patch_is_right_and_its_effect_moves(name: str) -> None:
    patch, effect = load(PATCHES / f"{name}.dpatch.json"), EFFECTS[name]
    assert problems(patch, CATALOGUE) == []
    assert warnings_of(patch, CATALOGUE) == []
    assert patch.meta.title
    assert patch.meta.description
    assert patch.meta.licence
    assert len(patch.meta.tags) >= 2
    program = compile(patch, CATALOGUE, Geometry(25.0, 400))
    program.engine_port(effect.node, effect.trace or effect.port)
    held = (effect.node, effect.trace or effect.port) in program.held
    assert held == effect.held
    resting = stilled(patch, effect)
    assert problems(resting, CATALOGUE) == []
    assert resting.nodes[effect.node].values[effect.port] == effect.still
    assert all(cable.muted for cable in resting.cables if (cable.dst, cable.port) == (effect.node, effect.port))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\nnode = 1", "[a] is no effect"),
        ("a = 3", "[a] is no effect"),
        ('[a]\nnode = "n"\nport = "p"\nidea = "i"\ndescriptor = "smell"', "[a] is heard in smell"),
        ("[a", "cannot be read"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(DemonError, match=said.replace("[", r"\[").replace("]", r"\]")):
        read_effects(tmp_path)


def test_agreement_finds_lag_and_sign() -> None:
    session = Session(toy_family())
    k = np.arange(800)
    control = np.sin(2 * np.pi * k / 100)
    later = -np.tanh(3 * np.sin(2 * np.pi * (k - 5.0) / 100)) + 0.05 * np.random.default_rng(1).standard_normal(800)
    correlation, lag, timely = agreement(control, later, EFFECT, session)
    assert correlation < -0.97
    assert not timely
    assert agreement(control, -control, EFFECT, session) == (pytest.approx(-1), pytest.approx(0), True)
    assert lag == pytest.approx(5 / session.spec.frame_rate, abs=0.02)
    assert abs(agreement(control, np.random.default_rng(2).standard_normal(800), EFFECT, session)[0]) < 0.4


def test_the_page_shows_what_was_measured_and_escapes_what_patches_say() -> None:
    from demon_patch.gallery.measure import Figures

    patch = load(PATCHES / "first-light.dpatch.json")
    patch = structs.replace(patch, meta=structs.replace(patch.meta, title="<b>"))
    figures = Figures("x", "<b>", "loudness", "a.b", -0.91, 0.02, False, -18.0, 0, 0, True)
    text = page([Entry("x", "x.dpatch.json", patch, EFFECT, figures)], "a machine")
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "correlation -0.91, 20 ms late" in text
    assert 'src="x.flac"' in text
