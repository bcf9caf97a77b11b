"""Analysis and telemetry in a performance: what was heard, one frame later; what a source is, in its own time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from demon_patch.engine.session import Session
from demon_patch.engine.sound.features import NAMES, Analyser, features, likeness
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.warnings import warnings_of
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.performance.self_feed import measured
from demon_patch.runtime.render import render
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_live import VirtualLive
from tests.support.virtual_stage import patch, play, square

PER = SPEC.samples_per_frame
LOUD = {"decoder": Node("decoder", values={"gain": -20.0, "limiter": 0.0})}
NODES = {
    **LOUD,
    "meter": Node("meter"),
    "bands": Node("bands"),
    "bright": Node("centroid"),
    "flux": Node("onset"),
    "lufs": Node("loudness"),
    "alike": Node("similarity"),
}
HEARD = {
    ("meter", "rms"): "level", ("meter", "top"): "peak", ("bands", "amplitudes3"): "band_3", ("bright", "brightness"):
    "brightness", ("flux", "flux"): "flux", ("lufs", "momentary"): "loudness",
}  # fmt: skip


def listening(source: str, extra: dict[str, Node] | None = None, *cables: Cable, **scheduler: Any) -> Patch:
    """A patch whose strength steps on the bar, with every analysis node wired to a node's audio."""
    lfo, wires = square(0.4, "scheduler", "strength")
    ears = [Cable(source, "audio", id, "audio") for id in NODES if id != "decoder"]
    return patch({**NODES, **lfo, **(extra or {})}, [*wires, *ears, *cables], strength=0.5, **scheduler)


def watched(performer: Performer) -> None:
    performer.forecast.scopes.watch([(node, port, "in") for node, port in (*HEARD, ("alike", "likeness"))])


def trails(performer: Performer) -> dict[tuple[str, str], tuple[int, np.ndarray]]:
    read = {key: performer.forecast.scopes.read((*key, "in")) for key in (*HEARD, ("alike", "likeness"))}
    return {key: (trail.first, trail.values) for key, trail in read.items()}


def test_the_sounding_output_is_analysed_one_frame_later() -> None:
    performer = perform(listening("decoder"), Session(toy_family()))
    watched(performer)
    sound = render(performer, 9.0) * np.float32(10.0)  # what is analysed is before the gain of -20 dB
    found = features(sound, SPEC.sample_rate, PER)
    shape = Analyser(SPEC.sample_rate, PER).push(sound)[1]
    own = measured(performer.source, SPEC)[1]
    found["likeness"] = likeness(shape, own[np.arange(len(shape)) % performer.source.frames])
    cuts = [start for start, _, _ in performer.trace.windows]
    for key, (first, values) in trails(performer).items():
        name = {**HEARD, ("alike", "likeness"): "likeness"}[key]
        frames = np.arange(max(first, 1), min(first + len(values), len(shape) + 1))
        fed = values[frames - first]
        # Joins, half a frame to either side of a window's edge, are not part of what is laid.
        near = np.isin(frames - 1, [cut + n for cut in cuts for n in range(-1, 1 + round(0.4 * 25) + 2)])
        assert np.abs(fed - found[name][frames - 1])[~near].max(initial=0.0) < 1e-3
        assert np.corrcoef(fed, found[name][frames - 1])[0, 1] > 0.9 or np.ptp(fed) < 1e-6


def test_offline_and_live_hear_the_same() -> None:
    document = listening("decoder")
    offline = perform(document, Session(toy_family()))
    watched(offline)
    render(offline, 6.0)
    live = VirtualLive(document, row=0.01)
    watched(live.performer)
    live.until(150)
    for key, (first, values) in trails(offline).items():
        start, other = trails(live.performer)[key]
        lo, hi = max(first, start), min(first + len(values), start + len(other))
        assert hi - lo > 100
        ours, theirs = values[lo - first : hi - first], other[lo - start : hi - start]
        assert np.corrcoef(ours, theirs)[0, 1] > 0.9 or np.ptp(ours) < 1e-6
        assert np.median(np.abs(ours - theirs)) < 0.02 * max(float(np.ptp(ours)), 1e-3)


def test_what_is_laid_is_kept_only_until_it_is_heard() -> None:
    performer = perform(listening("decoder"), Session(toy_family()))
    sizes = []
    for _ in range(60):
        play(performer)
        sizes.append(len(performer.self_feed._laid))
    assert max(sizes) <= performer.lead + performer.window_frames + 2 * performer.tick_frames


def test_a_sources_sound_is_known_beforehand_and_not_held() -> None:
    performer = perform(listening("source"), Session(toy_family()))
    assert not performer.program.held
    assert len(performer.program.live_inputs.heard_inputs) == 17
    watched(performer)
    render(performer, 12.0)
    found = measured(performer.source, SPEC)[0]
    for key, name in HEARD.items():
        first, values = trails(performer)[key]
        song = np.arange(first, first + len(values)) % performer.source.frames
        np.testing.assert_allclose(values, found[name][song], atol=1e-12)
    np.testing.assert_allclose(trails(performer)["alike", "likeness"][1], 1.0, atol=1e-9)


def test_the_forecast_of_a_sources_sound_is_what_comes() -> None:
    document = listening("source", {}, Cable("bright", "out", "decoder", "gain", depth=0.5))
    performer = perform(document, Session(toy_family()))
    forecast = Forecast(performer.program, performer.transport)
    forecast.advance(31)
    said = np.array([forecast.span(s, 31, 260) for s in range(len(performer.program.engine_ports))])
    forecast.advance(260)
    came = np.array([forecast.span(s, 31, 260) for s in range(len(performer.program.engine_ports))])
    assert np.abs(said - came).max() <= 1e-12 * np.abs(came).max()
    assert np.ptp(came[performer.program.engine_port("decoder", "gain")]) > 1.0


def test_the_features_of_a_clip_are_cyclic() -> None:
    source = perform(listening("source"), Session(toy_family())).source
    twice = Analyser(SPEC.sample_rate, PER).push(np.concatenate([source.audio, source.audio]))[0]
    once = measured(source, SPEC)[0]
    strokes = {name for name in NAMES if name.startswith("stroke")}  # which go on learning from the latest ones
    for name in set(NAMES) - {"loudness"}:  # whose filter remembers a little longer
        tolerance = 0.01 if name in strokes else 1e-6
        np.testing.assert_allclose(once[name], twice[name][source.frames :], atol=tolerance)
    np.testing.assert_allclose(once["loudness"], twice["loudness"][source.frames :], atol=0.1)


def test_sound_may_move_what_it_is_made_of() -> None:
    cables = (Cable("alike", "out", "scheduler", "strength", depth=0.3), Cable("bright", "out", "decoder", "gain"))
    document = listening("decoder", {}, *cables)
    assert not problems(document, CATALOGUE)
    performer = perform(document, Session(toy_family()))
    assert {("scheduler", "strength"), ("decoder", "gain")} <= performer.program.held
    sound = render(performer, 8.0)
    assert np.isfinite(sound).all()
    assert np.ptp(performer.curve("gain", 200)) > 0.5
    np.testing.assert_array_equal(sound, render(perform(document, Session(toy_family())), 8.0))


def test_the_ring_tells_of_its_work() -> None:
    lfo, wires = square(0.4, "scheduler", "strength")
    nodes = {**lfo, "tell": Node("ring_telemetry")}
    taps = [Cable("scheduler", "ring", "tell", "ring")]
    performer = perform(patch(nodes, [*wires, *taps], strength=0.5), Session(toy_family()))
    outs = ("ripeness", "slots", "error", "lead")
    performer.forecast.scopes.watch([("tell", out, "out") for out in (*outs, "completed")])
    before = performer.trace.completions
    render(performer, 8.0)
    rises = performer.forecast.scopes.read(("tell", "completed", "out")).values
    play(performer)  # the last tick's completions are told with the next
    assert performer.trace.completions > before
    assert rises.sum() in (performer.trace.completions - n for n in range(4))
    values = {out: performer.forecast.scopes.read(("tell", out, "out")).values for out in outs}
    assert 0.5 < values["ripeness"].max() <= 1.0
    assert set(values["slots"][20:]) <= {3.0, 4.0}  # one has just been finished, or none
    np.testing.assert_allclose(values["lead"], performer.lead / SPEC.frame_rate)
    assert values["error"].min() >= 0


def test_a_held_step_value_is_the_newest_for_all_generations_in_flight() -> None:
    nodes = {"cc": Node("midi_cc"), "env": Node("adsr", values={"attack": 2.0}), "state": Node("step_state")}
    cables = [
        Cable("cc", "gate", "env", "gate"),
        Cable("env", "out", "state", "guidance_rescale", mode="add", depth=1.0),
    ]
    performer = perform(patch(nodes, cables, strength=0.6, guidance_mode="self"), Session(toy_family()))
    play(performer, 16)
    performer.feed("cc", "position", 1.0)
    tops = []
    for _ in range(3):
        performer.begin(performer.now)
        rescale = performer.admission.step_controls(performer.now)["guidance_rescale"]
        assert not isinstance(rescale, str)
        assert rescale.shape == (1, 1, 1)
        tops.append(float(rescale))
        engine_port = performer.controls.port_numbers["guidance_rescale"]
        assert tops[-1] == pytest.approx(performer.forecast.port_value(engine_port, performer.now))
        performer.forward()
        performer.finish(performer.now + 3)
    assert tops[0] < tops[1]


@pytest.mark.parametrize("position", [0.0, 0.03, 0.6])
def test_a_controller_on_strength_moves_what_is_in_flight(position: float) -> None:
    nodes = {"cc": Node("midi_cc", values={"smooth": 0.0})}
    cables = [Cable("cc", "value", "scheduler", "strength", mode="add", depth=-1.0)]
    performer = perform(patch(nodes, cables, strength=0.9), Session(toy_family()))
    play(performer, 10)
    flying = list(performer.ring.slots)
    assert flying
    assert {slot.strength for slot in flying} == {0.9}
    performer.feed("cc", "position", position)
    for _ in range(2):  # the first tick only watches what generations in flight predict, the second moves them
        performer.begin(performer.now)
        assert performer.admission.changed_in_flight is (position > 0)
        performer.forward()
        performer.finish(performer.now + 3)
    assert all(slot.request.controls.number("strength") == 0.9 for slot in flying)  # what they began with
    moved = [slot.strength for slot in flying]
    np.testing.assert_allclose(moved, 0.9 - position, atol=1e-9)


def test_analysis_stirs_what_is_in_flight_only_by_an_edge() -> None:
    cable = Cable("lufs", "out", "state", "guidance_rescale", depth=0.05)
    document = listening("decoder", {"state": Node("step_state")}, cable, guidance_mode="self")
    performer = perform(document, Session(toy_family()))
    play(performer, 16)
    values = []
    for _ in range(10):
        play(performer)
        values.append(performer.controls.control_value("guidance_rescale", performer.forecast.now - 1))
        assert not performer.admission.changed_in_flight
    assert len(set(values)) > 5


def test_an_edit_on_the_bar_finds_what_was_fed_while_it_waited() -> None:
    nodes = {"cc": Node("midi_cc", values={"smooth": 0.0})}
    cables = [Cable("cc", "value", "decoder", "gain", mode="add", depth=-0.5)]
    document = patch(nodes, cables)
    performer = perform(document, Session(toy_family()))
    play(performer, 12)
    at = performer.next_free_frame + 60
    performer.swap(perform(document, Session(toy_family())).program, at=at)
    performer.feed("cc", "position", 0.5)
    play(performer)
    assert performer.soundings.next is not None
    staged = performer.soundings.next[1].forecast
    engine_port = staged.program.engine_port("decoder", "gain")
    assert staged.port_value(engine_port, at) == performer.forecast.port_value(
        performer.program.engine_port("decoder", "gain"), performer.now
    )
    while performer.soundings.next is not None:
        play(performer)
    assert performer.forecast is staged
    assert performer.controls.control_value("gain", performer.now) == staged.port_value(engine_port, at)


def test_what_still_waits_when_another_lands_is_begun_anew_only_for_what_is_fed_since() -> None:
    document = patch({"cc": Node("midi_cc", values={"smooth": 0.0})}, [])
    performer = perform(document, Session(toy_family()))
    play(performer, 12)
    performer.feed("cc", "position", 0.5)
    at = performer.next_free_frame + 20
    for later in (0, 100):
        performer.swap(perform(document, Session(toy_family())).program, at=at + later)
    play(performer)
    waits = performer.soundings.waiting[-1]
    while len(performer.soundings.waiting) == 2:
        play(performer)
    play(performer)
    assert performer.soundings.waiting == [waits]
    performer.feed("cc", "position", 0.7)  # one change here, as one before the other had landed
    play(performer)
    assert performer.soundings.waiting[0][1] is not waits[1]


def test_a_live_node_without_its_subject_is_remarked_on_and_rests() -> None:
    document = patch({"meter": Node("meter"), "tell": Node("ring_telemetry")}, [])
    assert [str(remark) for remark in warnings_of(document, CATALOGUE)] == [
        "node meter: port audio: it stays at rest: nothing is wired to it "
        "(wire the Decoder's audio to it, or a source's)",
        "node tell: port ring: it stays at rest: nothing is wired to it (wire the ring of any node of the chain)",
    ]
    performer = perform(document, Session(toy_family()))
    performer.forecast.scopes.watch([("meter", "rms", "in"), ("tell", "flying", "in")])
    render(performer, 4.0)
    for node, port in (("meter", "rms"), ("tell", "flying")):
        assert not performer.forecast.scopes.read((node, port, "in")).values.any()


def test_a_source_cannot_be_wired_to_the_speaker() -> None:
    document = patch({"tape": Node("recorder")}, [Cable("source", "audio", "tape", "audio")])
    assert [str(p) for p in problems(document, CATALOGUE)] == [
        "node tape: port audio: it plays what the model makes, not the sound of source "
        "(wire the Decoder's audio to it; bypass the Decoder to hear the source)"
    ]


def test_an_analysis_node_hears_one_sound() -> None:
    both = [Cable(id, "audio", "meter", "audio") for id in ("decoder", "source")]
    with pytest.raises(PatchError, match=r"port audio: decoder\.audio and source\.audio both end here"):
        perform(patch({"meter": Node("meter")}, both), Session(toy_family()))
