"""LoRA nodes as they are heard, on the exact toy family: its one layer is what they change."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetBypass, SetValue, apply
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import QUIET, patch, play, square

SECONDS = 12.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two LoRAs of the toy family."""
    for seed, name in enumerate(("tint", "shade")):
        draw = torch.Generator().manual_seed(seed)
        halves = {"lora_A": torch.randn(2, 4, generator=draw), "lora_B": torch.randn(4, 2, generator=draw)}
        save_file(
            {f"colour.{key}.weight": 0.3 * half for key, half in halves.items()}, tmp_path / f"{name}.safetensors"
        )
    return tmp_path


def with_loras(*strengths: float, files: tuple[str, ...] = ("tint", "shade"), extra: Any = ((), ())) -> Patch:
    """The chain Scheduler -> LoRA 0 -> LoRA 1 ... -> Decoder, and what else is wired."""
    nodes = {
        f"lora{n}": Node("lora", values={"file": f"{file}.safetensors", "lora_strength": strength})
        for n, (strength, file) in enumerate(zip(strengths, files, strict=False))
    }
    document = patch({**nodes, **dict(extra[0])}, list(extra[1]), strength=0.8)
    chain = ["scheduler", *nodes, "decoder"]
    wires = [Cable(a, "ring", b, "ring") for a, b in itertools.pairwise(chain)]
    return replace_cables(document, [c for c in document.cables if c.port != "ring"] + wires)


def replace_cables(document: Patch, cables: list[Cable]) -> Patch:
    return Patch(song=document.song, nodes=document.nodes, cables=tuple(cables))


def heard(document: Patch, folder: Path, seconds: float = SECONDS) -> tuple[Performer, NDArray[np.float32]]:
    """The performer after so many seconds, and its sound."""
    performer = perform(document, Session(toy_family()), folder=folder)
    return performer, render(performer, seconds)


def test_held_loras_sound_as_a_generation_under_their_weights(folder: Path) -> None:
    performer, sound = heard(with_loras(0.6, 1.5), folder)
    session = Session(toy_family())
    session.set_loras(
        [(session.lora(folder / f"{name}.safetensors"), s) for name, s in (("tint", 0.6), ("shade", 1.5))]
    )
    expected = session.generate(performer.prompt, performer.source, strength=0.8).numpy()
    got = performer.session.encode(sound).numpy() * np.float32(10 ** (-QUIET / 20))
    np.testing.assert_allclose(got, expected[np.arange(len(got)) % len(expected)], atol=1e-5)
    assert performer.session.executor.weights_epoch == 1


def test_strength_zero_bypass_and_no_lora_are_the_same_sound(folder: Path) -> None:
    without = heard(with_loras(), folder)[1]
    assert np.array_equal(heard(with_loras(0.0), folder)[1], without)
    bypassed = apply(SetBypass("lora0", True), with_loras(1.0))[0]
    assert np.array_equal(heard(bypassed, folder)[1], without)
    assert not np.array_equal(heard(with_loras(1.0), folder)[1], without)


def test_a_performance_leaves_nothing_behind_in_its_session(folder: Path) -> None:
    session = Session(toy_family())
    sounds = [render(perform(d, session, folder=folder), 4.0) for d in (with_loras(), with_loras(1.0), with_loras())]
    assert np.array_equal(sounds[0], sounds[2])
    assert not np.array_equal(sounds[0], sounds[1])


def lfo(shape: str, rate: float) -> tuple[dict[str, Node], list[Cable]]:
    values = {"shape": shape, "sync": "lock", "rate": rate}
    return {"lfo": Node("lfo", values=values)}, [Cable("lfo", "out", "lora0", "lora_strength", mode="add", depth=0.5)]


def strengths(performer: Performer) -> NDArray[np.float32]:
    """What the next tick tells the generations in flight, [1 | n, LoRAs]."""
    value = performer.admission.step_controls(performer.now)["lora_strength"]
    assert isinstance(value, torch.Tensor)
    return value[:, 0].numpy()


def test_each_generation_has_the_strength_of_the_moment_at_which_it_is_heard(folder: Path) -> None:
    performer = perform(with_loras(1.0, 0.5, extra=lfo("sine", 1 / 16)), Session(toy_family()), folder=folder)
    sink = performer.program.engine_port("lora0", "lora_strength")
    told: list[float] = []
    while performer.now < 200:
        play(performer)
        if moments := performer.admission.moments():
            given = np.broadcast_to(strengths(performer), (len(moments), 2))
            wanted = [performer.forecast.port_value(sink, moment) for moment in moments]
            np.testing.assert_allclose(given, np.column_stack([wanted, np.full(len(moments), 0.5)]), atol=1e-6)
            told += given[:, 0].tolist()
    assert max(told) > 1.8
    assert min(told) < 0.2
    assert performer.session.executor.weights_epoch == 1
    control = performer.curve("lora_strength", 200)
    np.testing.assert_allclose(control, np.full(200, 0.5))  # of the last LoRA


def test_a_square_is_cut_where_it_jumps(folder: Path) -> None:
    """As for every step control, each completion is heard from the jump on and has what comes after it."""
    extra = square(0.5, "lora0", "lora_strength")
    performer = perform(with_loras(1.0, extra=extra), Session(toy_family()), folder=folder)
    render(performer, SECONDS)
    jumps = np.flatnonzero(np.diff(performer.curve("lora_strength", 250))) + 1
    starts = {heard_at for heard_at, _ in performer.trace.as_made}
    assert len(jumps) > 3
    assert sum(int(jump) in starts for jump in jumps[1:]) >= len(jumps) - 2


def test_the_same_patch_gives_the_same_samples(folder: Path) -> None:
    document = with_loras(1.0, 0.5, extra=lfo("triangle", 0.2))
    np.testing.assert_array_equal(*(heard(document, folder)[1] for _ in range(2)))


def test_another_strength_reaches_what_is_in_flight(folder: Path) -> None:
    performer = perform(with_loras(0.5), Session(toy_family()), folder=folder)
    play(performer)
    for strength in (0.51, 1.0, 0.0):
        document = apply(SetValue("lora0", "lora_strength", strength), with_loras(0.5))[0]
        performer.swap(compiled(performer, document))
        np.testing.assert_allclose(strengths(performer), [[strength]], atol=1e-7)
        play(performer)
    assert performer.session.executor.weights_epoch == 1


def test_loras_of_a_scheduled_edit_play_from_its_moment_on(folder: Path) -> None:
    """Its LoRA is there before; generations that are heard earlier have it at 0."""
    performer = perform(with_loras(0.5), Session(toy_family()), folder=folder)
    for _ in range(12):
        play(performer)
    at = performer.next_free_frame
    performer.swap(compiled(performer, with_loras(0.7, 1.25)), at=at)
    seen = set[tuple[float, ...]]()
    while performer.now < at + 10:
        play(performer)
        moments = performer.admission.moments()
        if performer.soundings.waiting and moments:
            rows = np.broadcast_to(strengths(performer), (len(moments), 2))
            wanted = [[0.5, 0.0] if moment < at else [0.7, 1.25] for moment in moments]
            np.testing.assert_allclose(rows, wanted, atol=1e-6)
            seen |= {tuple(row) for row in wanted}
    assert len(seen) == 2
    np.testing.assert_allclose(strengths(performer), [[0.7, 1.25]], atol=1e-6)


def compiled(performer: Performer, document: Patch) -> Any:
    program = compile(document, CATALOGUE, Geometry.of_family(performer.spec), previous=performer.program)
    program.use_song(performer.source.frames)
    return program


def test_a_bad_lora_in_a_live_edit_is_told_and_the_music_goes_on(folder: Path) -> None:
    performer = perform(with_loras(0.5), Session(toy_family()), folder=folder)
    play(performer)
    performer.swap(compiled(performer, with_loras(0.5, files=("gone",))))
    assert str(performer.loras.faults["lora0"]).startswith(
        "node lora0: port file: there is no such file: gone.safetensors"
    )
    play(performer)
    assert [lora.changes for lora, _ in performer.session.executor.loras] == [{}]
    performer.swap(compiled(performer, with_loras(0.5)))
    play(performer)
    assert performer.loras.faults == {}
    assert [lora.title for lora, _ in performer.session.executor.loras] == ["tint"]


@pytest.mark.parametrize(
    ("file", "message"),
    [("gone", "there is no such file"), ("../tint", "outside the patch's folder")],
)
def test_a_file_that_cannot_serve_names_its_node(file: str, message: str, folder: Path) -> None:
    with pytest.raises(DemonError, match=message) as caught:
        perform(with_loras(1.0, files=(file,)), Session(toy_family()), folder=folder)
    assert (caught.value.node, caught.value.port) == ("lora0", "file")


def mistakes(document: Patch) -> list[tuple[str | None, str]]:
    return [(error.node, error.what) for error in problems(document, CATALOGUE)]


def test_mistakes_in_the_patch() -> None:
    unnamed = apply(SetValue("lora0", "file", " "), with_loras(1.0))[0]
    assert mistakes(unnamed) == [("lora0", "no LoRA is named")]
    assert mistakes(with_loras(*[1.0] * 8, files=("tint",) * 8)) == []
    assert mistakes(with_loras(*[1.0] * 9, files=("tint",) * 9)) == [("lora8", "the chain has 9 LoRAs")]
    good = with_loras(1.0)
    nodes = {**good.nodes, "blend": Node("source_blend"), "state": Node("step_state")}
    chain = ["scheduler", "state", "lora0", "blend", "decoder"]
    wires = [Cable(a, "ring", b, "ring") for a, b in itertools.pairwise(chain)]
    crossed = Patch(nodes=nodes, cables=(*(c for c in good.cables if c.port != "ring"), *wires))
    assert mistakes(crossed) == [("blend", "step_state cannot come before source_blend")]


def test_a_lora_off_the_chain_has_no_effect(folder: Path) -> None:
    good = with_loras()
    aside = Node("lora", values={"file": "tint.safetensors"})
    off = Patch(
        song=good.song,
        nodes={**good.nodes, "aside": aside},
        cables=(*good.cables, Cable("scheduler", "ring", "aside", "ring")),
    )
    assert compile(off, CATALOGUE, Geometry(25)).ring.loras == {}
    assert np.array_equal(heard(off, folder, 3.0)[1], heard(good, folder, 3.0)[1])


def test_a_patch_with_a_lora_goes_round_the_file_unchanged() -> None:
    document = with_loras(0.25, 2.0, extra=square(0.5, "lora0", "lora_strength"))
    assert loads(dumps(document)) == document


def test_what_a_lora_does_is_told_by_its_node(folder: Path) -> None:
    performer = perform(with_loras(0.6, 0.0), Session(toy_family()), folder=folder)
    assert performer.loras.told.keys() == {"lora0", "lora1"}
    for notes in performer.loras.told.values():
        assert any("at strength 1 it moves the model by" in note for note in notes)
    assert perform(patch({}, []), Session(toy_family()), folder=folder).loras.told == {}
