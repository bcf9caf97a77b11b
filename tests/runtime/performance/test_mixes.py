"""Prompts and clips that are modulated, on the exact toy family: what the weights say at the moment that is heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from demon_patch.engine.contracts import Conditioning
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.admission import held_controls
from demon_patch.runtime.performance.mixes import clips_of, shares
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import parts_of, perform
from demon_patch.runtime.performance.resources import Resources, fitted
from demon_patch.runtime.render import render
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import BAR, QUIET, generated, likeness, patch, play, played

RAMP = Node("lfo", values={"shape": "triangle", "rate": 0.11})


def words(*texts: str) -> dict[str, Node]:
    return {text: Node("prompt", values={"text": text}) for text in texts}


def clip(seed: int, seconds: float = 8.0) -> Node:
    return Node("composed_source", 2, values={"style": "toy", "seconds": seconds, "seed": seed})


def mixed(
    nodes: dict[str, Node], wires: list[tuple[str, str]], cables: list[Cable] | None = None, **scheduler: Any
) -> Patch:
    """A patch in which the wires (node, node.port) carry prompts, clips or surfaces, in place of the stage's own."""
    base = patch(nodes, [], **scheduler)
    made = [_wire(base, start, *end.split(".")) for start, end in wires]
    ends = {(cable.dst, cable.port) for cable in made}
    kept = [cable for cable in base.cables if (cable.dst, cable.port) not in ends]
    return Patch(song=base.song, nodes=base.nodes, cables=(*kept, *made, *(cables or [])))


def _wire(base: Patch, start: str, node: str, port: str) -> Cable:
    return Cable(start, CATALOGUE[base.nodes[start].type].outs[0].name, node, port)


def moved(node: str, port: str, source: str = "ramp") -> Cable:
    return Cable(source, "uni", node, port, mode="add", depth=1.0)


def made(performer: Performer, count: int) -> list[tuple[Mapping[str, float], torch.Tensor]]:
    """Some generations as they finish: the request controls as they were taken, and the latent."""
    found: list[tuple[Mapping[str, float], torch.Tensor]] = []
    while len(found) < count:
        flying = performer.ring.slots
        known = len(performer.trace.as_admitted)
        play(performer)
        if len(performer.trace.as_admitted) > known:
            done = next(slot for slot in flying if slot not in performer.ring.slots)
            found.append((held_controls(done).values, performer.queued[-1].latent))
    return found


# -- shares -----------------------------------------------------------------------------------------------------
def test_shares_add_up_and_nothing_at_all_is_the_first() -> None:
    assert shares(np.array([1.0, 3.0])).tolist() == [0.25, 0.75]
    assert shares(np.array([3.0, 4.0]), "power").tolist() == [0.6, 0.8]
    assert shares(np.array([0.0, 0.0, 0.0])).tolist() == [1, 0, 0]
    assert shares(np.array([-1.0, 2.0])).tolist() == [0, 1]
    assert shares(np.array([[0.0, 1.0], [0.0, 1.0]])).tolist() == [[1, 0.5], [0, 0.5]]


# -- prompts ----------------------------------------------------------------------------------------------------
BLEND = {"ramp": RAMP, "mix": Node("prompt_blend", values={"blend": 0.0}), **words("hot", "cold")}
BLEND_WIRES = [("hot", "mix.a"), ("cold", "mix.b"), ("mix", "scheduler.prompt")]


def test_a_blend_is_taken_at_the_moment_of_the_other_request_controls() -> None:
    cables = [moved("mix", "blend"), moved("scheduler", "structure")]  # both go from 0 to 1
    performer = perform(mixed(BLEND, BLEND_WIRES, cables, depth=2, structure=0.0), Session(toy_family()))
    hot, cold = (performer.session.prompt(text) for text in ("hot", "cold"))
    found = made(performer, 8)
    for values, latent in found:
        given = {"prompt_b": cold, "prompt_blend": values["structure"], "structure": values["structure"]}
        expected = performer.session.generate(hot, performer.source, **given)
        torch.testing.assert_close(latent, expected, atol=1e-5, rtol=0)
    assert np.ptp([values["structure"] for values, _ in found]) > 0.3


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_a_sequence_is_cut_on_its_bar_at_any_depth(depth: int) -> None:
    nodes = {"turns": Node("prompt_sequence", values={"bars": 1.0}), **words("hot", "cold", "dry")}
    wires = [("hot", "turns.part_1"), ("cold", "turns.part_4"), ("dry", "turns.part_7"), ("turns", "scheduler.prompt")]
    performer, heard = played(mixed(nodes, wires, depth=depth), 24.0)
    session = performer.session
    sides = [session.generate(session.prompt(text), performer.source) for text in ("hot", "cold", "dry")]
    which = likeness(heard, sides)
    expected = (np.arange(len(heard)) // BAR) % 3
    found, edges = (np.flatnonzero(np.diff(line)) + 1 for line in (which, expected))
    # A join is half a frame long on either side of the edge, so the frame before it may already sound new.
    assert len(found) == len(edges)
    assert np.abs(found - edges).max() <= 1
    assert performer.trace.missed == 0


def test_nested_mixes_weigh_by_the_product_of_their_shares() -> None:
    nodes = {
        "outer": Node("prompt_blend", values={"blend": 0.5}),
        "inner": Node("prompt_blend", values={"blend": 0.25}),
        **words("hot", "cold", "dry"),
    }
    wires = [("hot", "inner.a"), ("cold", "inner.b"), ("inner", "outer.a"), ("dry", "outer.b")]
    performer, heard = played(mixed(nodes, [*wires, ("outer", "scheduler.prompt")]), 8.0)
    tokens = [performer.session.prompt(text).tokens for text in ("hot", "cold", "dry")]
    whole = 0.375 * tokens[0] + 0.125 * tokens[1] + 0.5 * tokens[2]
    expected = performer.session.generate(Conditioning(whole, "all three"), performer.source).numpy()
    np.testing.assert_allclose(heard, expected, atol=1e-5)


def test_a_bypassed_mix_and_one_with_a_single_wire_give_that_prompt_itself() -> None:
    plain, _ = played(mixed(words("hot"), [("hot", "scheduler.prompt")]), 4.0)
    for mix in (Node("prompt_blend", values={"blend": 0.7}, bypass=True), Node("prompt_blend", values={"blend": 0.7})):
        wires = [("hot", "mix.a"), ("mix", "scheduler.prompt"), *([("cold", "mix.b")] if mix.bypass else [])]
        performer, _ = played(mixed({"mix": mix, **words("hot", "cold")}, wires), 4.0)
        assert torch.equal(performer.queued[-1].latent, plain.queued[-1].latent)


def test_every_prompt_of_a_mix_is_prepared_before_it_plays() -> None:
    session = Session(toy_family())
    performer = perform(mixed(BLEND, BLEND_WIRES), session)
    asked: list[str] = []
    session.executor.prepare = lambda prompt: asked.append(prompt.text)  # type: ignore[method-assign, assignment, return-value]
    play(performer, 10)
    assert asked == []


@pytest.mark.parametrize("depth", [1, 4])
def test_a_blend_per_frame_moves_within_what_is_in_flight(depth: int) -> None:
    square = Node("lfo", values={"shape": "square", "sync": "lock", "rate": 0.125})
    nodes = {**BLEND, "ramp": square, "mix": Node("prompt_blend", values={"per": "frame"})}
    performer, heard = played(mixed(nodes, BLEND_WIRES, [moved("mix", "blend")], strength=1.0, depth=depth), 20.0)
    sides = [
        performer.session.generate(performer.session.prompt(text), performer.source, strength=1.0)
        for text in ("cold", "hot")
    ]
    np.testing.assert_array_equal(likeness(heard, sides), (np.arange(len(heard)) // BAR) % 2)
    assert performer.trace.missed == 0


def test_a_blend_per_frame_of_one_prompt_is_that_prompt() -> None:
    nodes = {**BLEND, "mix": Node("prompt_blend", values={"per": "frame", "blend": 0.5})}
    del nodes["cold"]
    performer, heard = played(mixed(nodes, [BLEND_WIRES[0], BLEND_WIRES[2]]), 8.0)
    expected = performer.session.generate(performer.session.prompt("hot"), performer.source).numpy()
    np.testing.assert_allclose(heard, expected, atol=1e-5)


# -- clips ------------------------------------------------------------------------------------------------------
FADE_WIRES = [("one", "fade.a"), ("two", "fade.b"), ("fade", "scheduler.source")]


def fade(law: str = "linear", position: float = 0.0) -> dict[str, Node]:
    values = {"law": law, "position": position}
    return {"ramp": RAMP, "one": clip(1), "two": clip(2, 9.0), "fade": Node("source_crossfade", values=values)}


def test_a_crossfade_sums_latents_and_hints_by_weight() -> None:
    cables = [moved("fade", "position"), moved("scheduler", "structure")]
    performer = perform(mixed(fade(), FADE_WIRES, cables, strength=0.6, structure=0.0), Session(toy_family()))
    one, two = (performer.session.compose("toy", seconds=s, seed=n) for s, n in ((8.0, 1), (9.0, 2)))
    two = fitted(two, one.frames, SPEC.samples_per_frame)
    found = made(performer, 6)
    for values, latent in found:
        p = values["structure"]
        summed = type(one)((1 - p) * one.latent + p * two.latent, (1 - p) * one.hints + p * two.hints, one.audio)
        expected = performer.session.generate(performer.prompt, summed, strength=0.6, structure=p)
        torch.testing.assert_close(latent, expected, atol=1e-5, rtol=0)
    assert np.ptp([values["structure"] for values, _ in found]) > 0.3


@pytest.mark.parametrize("law", ["linear", "power", "cut"])
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_clip_with_all_the_weight_is_that_clip_bit_for_bit(law: str, end: float) -> None:
    performer, _ = played(mixed(fade(law, end), FADE_WIRES, strength=0.6), 4.0)
    expected = generated(performer, strength=0.6)
    if end:
        two = fitted(performer.session.compose("toy", seconds=9.0, seed=2), 200, SPEC.samples_per_frame)
        expected = performer.session.generate(performer.prompt, two, strength=0.6)
    assert torch.equal(performer.queued[-1].latent, expected)


def test_equal_power_keeps_the_size_of_latents_and_the_shares_of_hints() -> None:
    performer, _ = played(mixed(fade("power", 0.5), FADE_WIRES, strength=0.0), 4.0)
    one, two = (performer.session.compose("toy", seconds=s, seed=n) for s, n in ((8.0, 1), (9.0, 2)))
    expected = np.sqrt(0.5) * (one.latent + two.latent[:200])
    torch.testing.assert_close(performer.queued[-1].latent, expected, atol=1e-6, rtol=0)


def test_a_bypassed_decoder_plays_the_mix_of_the_raw_clips() -> None:
    decoder = {"decoder": Node("decoder", values={"gain": QUIET}, bypass=True)}
    performer, heard = played(mixed({**fade(position=0.25), **decoder}, FADE_WIRES), 8.0)
    one, two = (performer.session.compose("toy", seconds=s, seed=n) for s, n in ((8.0, 1), (9.0, 2)))
    np.testing.assert_allclose(heard, 0.75 * one.latent + 0.25 * two.latent[:200], atol=1e-5)


def test_a_source_sequence_covers_each_clip_in_its_bars() -> None:
    nodes = {"one": clip(1), "two": clip(2), "turns": Node("source_sequence", values={"bars": 2.0})}
    wires = [("one", "turns.part_1"), ("two", "turns.part_2"), ("turns", "scheduler.source")]
    performer, heard = played(mixed(nodes, wires, strength=0.3, depth=2), 16.0)
    clips = [performer.session.compose("toy", seconds=8.0, seed=seed) for seed in (1, 2)]
    sides = [performer.session.generate(performer.prompt, each, strength=0.3) for each in clips]
    expected = (np.arange(len(heard)) // (2 * BAR)) % 2
    assert np.sum(likeness(heard, sides) != expected) <= 3  # at each of three joins a frame


def test_feedback_as_a_source_is_the_feedback_of_the_scheduler() -> None:
    nodes = {"one": clip(1), "back": Node("feedback", values={"amount": 0.5, "tap": 2})}
    wires = [("one", "back.clip"), ("back", "scheduler.source")]
    node = perform(mixed(nodes, wires, strength=0.6, depth=1), Session(toy_family()))
    own = {"one": clip(1)}
    row = perform(
        mixed(own, [("one", "scheduler.source")], strength=0.6, depth=1, feedback=0.5, feedback_tap=2),
        Session(toy_family()),
    )
    latents = [[latent for _, latent in made(performer, 4)] for performer in (node, row)]
    for a, b in zip(*latents, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)
    assert (latents[0][3] - latents[0][0]).abs().max() > 0.01


def test_feedback_within_a_crossfade_counts_by_its_share() -> None:
    nodes = {**fade(position=0.4), "two": clip(2), "back": Node("feedback", values={"amount": 0.5})}
    wires = [("one", "back.clip"), ("back", "fade.a"), ("two", "fade.b"), ("fade", "scheduler.source")]
    performer = perform(mixed(nodes, wires, strength=0.6, depth=1), Session(toy_family()))
    (_, before), (_, after) = made(performer, 2)
    one, two = (performer.session.compose("toy", seconds=8.0, seed=seed) for seed in (1, 2))
    summed = type(one)(one.latent, 0.6 * one.hints + 0.4 * two.hints, one.audio)
    covered = 0.3 * one.latent + 0.3 * before + 0.4 * two.latent
    expected = performer.session.generate(performer.prompt, summed, strength=0.6, source_latent=covered)
    torch.testing.assert_close(after, expected, atol=1e-5, rtol=0)


def test_other_clips_can_be_mixes_too() -> None:
    nodes = {**fade(position=0.5), "aim": Node("source_crossfade", values={"position": 0.5})}
    wires = [("one", "aim.a"), ("two", "aim.b"), ("aim", "scheduler.target"), ("one", "scheduler.source")]
    performer = perform(mixed(nodes, wires), Session(toy_family()))
    play(performer)
    target = performer.ring.slots[0].request.target
    one, two = (performer.session.compose("toy", seconds=s, seed=n) for s, n in ((8.0, 1), (9.0, 2)))
    assert target is not None
    torch.testing.assert_close(target, (one.latent + two.latent[:200]) / 2)


# -- as a whole -------------------------------------------------------------------------------------------------
def test_a_patch_of_mixes_gives_the_same_samples_again() -> None:
    document = mixed(
        {**BLEND, **fade()}, [*BLEND_WIRES, *FADE_WIRES], [moved("mix", "blend"), moved("fade", "position")]
    )
    np.testing.assert_array_equal(*(render(perform(document, Session(toy_family())), 6.0) for _ in range(2)))


def test_an_edited_mix_takes_over_while_it_plays() -> None:
    session = Session(toy_family())
    performer = perform(mixed(BLEND, BLEND_WIRES), session)
    play(performer, 20)
    turned = {**BLEND, "mix": Node("prompt_blend", values={"blend": 1.0})}
    program = compile(mixed(turned, BLEND_WIRES), CATALOGUE, Geometry.of_family(SPEC, 200), performer.program)
    performer.swap(program)
    play(performer, 20)
    expected = session.generate(session.prompt("cold"), performer.source)
    torch.testing.assert_close(performer.queued[-1].latent, expected, atol=1e-5, rtol=0)


def test_a_staged_mix_takes_over_in_its_frame_with_prompts_of_its_own() -> None:
    session = Session(toy_family())
    resources = Resources(session)
    performer = perform(mixed(BLEND, BLEND_WIRES), session)
    nodes = {"mix": Node("prompt_sequence", values={"bars": 1.0}), **words("dry", "wet")}
    wires = [("dry", "mix.part_1"), ("wet", "mix.part_2"), ("mix", "scheduler.prompt")]
    program = compile(mixed(nodes, wires), CATALOGUE, Geometry.of_family(SPEC, 200), performer.program)
    performer.swap(program, parts_of(program, resources, performer.source), at=200)
    latent = session.encode(render(performer, 14.0)).numpy() * np.float32(10 ** (-QUIET / 20))
    sides = [session.generate(session.prompt(text), performer.source) for text in ("hot", "dry", "wet")]
    frames = np.arange(len(latent))
    expected = np.where(frames < 200, 0, 1 + (frames // BAR) % 2)
    assert np.sum(likeness(latent, sides) != expected) <= 3  # a frame at each of three joins


@pytest.mark.parametrize(
    ("nodes", "wires", "where", "message"),
    [
        (BLEND, [("mix", "scheduler.prompt")], ("mix", "a"), "no prompt is wired to it"),
        (BLEND, [("source", "mix.a"), *BLEND_WIRES[1:]], ("mix", "a"), "does not fit a prompt input"),
        (
            {**BLEND, "mix": Node("prompt_blend", values={"per": "frame"})},
            [*BLEND_WIRES, ("hot", "scheduler.prompt_b")],
            ("scheduler", "prompt_b"),
            "but another is wired",
        ),
        (
            {**BLEND, "mix": Node("prompt_blend", values={"per": "frame"}), "outer": Node("prompt_blend")},
            [*BLEND_WIRES[:2], ("mix", "outer.a"), ("outer", "scheduler.prompt")],
            ("mix", "per"),
            "cannot go to outer.a",
        ),
    ],
)
def test_mistakes_of_mixes_are_named(nodes: Any, wires: Any, where: tuple[str, str], message: str) -> None:
    found = problems(mixed(nodes, wires), CATALOGUE)
    assert [(error.node, error.port) for error in found] == [where]
    assert message in str(found[0])
    assert found[0].mend


def test_a_mix_that_nothing_takes_from_may_be_empty() -> None:
    assert problems(patch({"mix": Node("prompt_blend")}, []), CATALOGUE) == []


def test_a_loop_of_mixes_is_refused() -> None:
    nodes = {"a": Node("prompt_blend"), "b": Node("prompt_blend"), **words("hot")}
    wires = [("hot", "a.a"), ("b", "a.b"), ("a", "b.a"), ("b", "scheduler.prompt")]
    with pytest.raises(PatchError, match="a loop leads through the prompt cable"):
        compile(mixed(nodes, wires), CATALOGUE, Geometry.of_family(SPEC))


def test_a_clip_that_is_missing_in_a_mix_names_its_node() -> None:
    nodes = {**fade(), "two": Node("audio_source", values={"file": "gone.wav"})}
    with pytest.raises(DemonError, match="node two"):
        perform(mixed(nodes, FADE_WIRES), Session(toy_family()))


@pytest.mark.parametrize(("position", "leads"), [(0.3, 0), (0.5, 0), (0.7, 1)])
def test_the_clip_of_the_larger_share_leads_a_mix(position: float, leads: int) -> None:
    performer = perform(mixed(fade(position=position), FADE_WIRES), Session(toy_family()))
    clips = [*clips_of(performer.soundings.now.parts["source"])]
    source = performer.soundings.now.parts_at(0, performer.admission.feedback)["source"]
    assert source.leader is clips[leads]
    assert source.audio is clips[0].audio
