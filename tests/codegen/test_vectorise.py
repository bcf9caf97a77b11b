"""How bodies run over many frames: which states need a loop, what stands before it, where a last bit matters."""

from __future__ import annotations

from demon_patch.codegen.discontinuities import discontinuities
from demon_patch.codegen.vectorise import Vectorised, split_steady_lines, vectorise
from demon_patch.nodes.catalogue import CATALOGUE

FREE = frozenset({"reset"})


def stages(id: str, values: dict[str, str] | None = None, unwired: frozenset[str] = frozenset()) -> Vectorised:
    body = CATALOGUE[id].body_for(values or {}, unwired)
    return vectorise(body, tuple(True for pair in body.outputs for _ in pair))


def kinds(unrolled: Vectorised) -> dict[str, str | None]:
    return {state: stage.kind for stage in unrolled.stages for state in stage.states}


def test_a_phase_is_a_running_sum_and_what_never_changes_stays() -> None:
    assert kinds(stages("lfo", unwired=FREE)) == {
        "cycles": "sum", "lost": "sum", "origin": "still", "shown": "held",
    }  # fmt: skip
    assert kinds(stages("lfo"))["cycles"] == "loop"  # a reset may set it to 0


def test_the_number_of_the_last_tick_is_held_for_a_frame() -> None:
    assert kinds(stages("clock"))["last"] == "held"


def test_a_recurrence_runs_over_the_lines_that_need_it_alone() -> None:
    unrolled = stages("slew")
    (loop,) = (stage for stage in unrolled.stages if stage.kind == "loop")
    assert loop.states == ("y",)
    assert {name for name, _ in loop.before} >= {"up", "down"}
    assert {name for name, _ in loop.lines} == {"d", "z"}
    assert unrolled.next_state_names == (("z", "y"),)
    assert unrolled.stages[-1].before == ()  # the output is the state's next value, which the loop leaves behind


def test_every_state_of_the_library_is_settled_once() -> None:
    for declaration in CATALOGUE.values():
        if declaration.kind != "computed" or declaration.write is not None:
            continue
        body = declaration.body_for({})
        unrolled = vectorise(body, tuple(True for pair in body.outputs for _ in pair))
        settled = [state for stage in unrolled.stages for state in stage.states]
        assert sorted(settled) == sorted(body.state_names), declaration.id


def test_what_knobs_alone_decide_is_taken_out() -> None:
    ahead, rest = split_steady_lines(CATALOGUE["slew"].body_for({}), frozenset({"rise", "fall", "t.dt"}))
    assert {name for name, _ in ahead} == {"up", "down"}
    assert {name for name, _ in rest.lines} == {"d", "z"}
    nothing, _ = split_steady_lines(CATALOGUE["slew"].body_for({}), frozenset({"t.dt"}))
    assert {name for name, _ in nothing}.isdisjoint({"up", "down"})


def test_jumps_are_found_where_cables_lead_to_them() -> None:
    scale = CATALOGUE["scale"].body_for({})
    assert not discontinuities(scale, frozenset({"x"})).ports
    assert discontinuities(scale, frozenset({"in_lo"})).ports
    assert discontinuities(CATALOGUE["slew"].body_for({}), frozenset({"x"})).ports
    own = CATALOGUE["expression"].body_for({"formula": "floor(sin(t) * 4)"})
    assert discontinuities(own, frozenset()).rounding
    assert not discontinuities(CATALOGUE["expression"].body_for({"formula": "sin(floor(t))"}), frozenset()).rounding
