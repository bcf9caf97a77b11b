"""Whatever is done to a ring, every admitted slot finishes after exactly its steps."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.engine.ring.focus import focused
from tests.support.effort import examples
from tests.support.toy_family import SPEC, Bench

STEP_COUNTS = st.sampled_from([1, 2, 3, 5, 8, 16])
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("submit"),
            STEP_COUNTS,
            st.sampled_from([0.0, 0.6, 1.0]),
            st.sampled_from([8, 12, 20]),
            st.sampled_from(["fixed", "proportional"]),
        ),
        st.tuples(st.just("move_strength"), st.integers(0, 7), st.sampled_from([0.0, 0.3, 0.8, 1.0])),
        st.tuples(st.just("resize"), st.integers(1, 8)),
        st.tuples(st.just("tick"), st.integers(1, 6)),
    ),
    max_size=60,
)


@settings(max_examples=examples(150), deadline=None)
@given(OPERATIONS, st.integers(1, 8), st.sampled_from(["latest", "queue"]), st.sampled_from([1, 3]), st.booleans())
def test_any_sequence_of_operations(operations: list[tuple], depth: int, mode: str, bucket: int, watch: bool) -> None:
    """Steps of any number, songs of two lengths and a stretch of one (20: 8 frames round its seam), moved strengths."""
    bench = Bench(depth, bucket, frames=8, mode=mode)
    sources = {8: bench.source, 12: Bench(1, frames=12).source, 20: Bench(1, frames=20).source}
    bench.ring.watch = watch
    ring, submitted, admitted, finished = bench.ring, 0, [], []

    def tick() -> None:
        open_before, in_flight = ring.admits(), len(ring.slots)
        waiting = ring.waiting
        new = ring.admit()
        assert len(ring.slots) == in_flight + len(new)
        assert not new or len(ring.slots) <= ring.depth
        assert [slot.request for slot in new] == list(waiting[: len(new)])
        if mode == "latest" and waiting:
            assert bool(new) == open_before
        rows = [slot.rows[0] for slot in ring.slots]
        assert len(set(rows)) == len(rows)
        assert all(0 <= row < 24 for row in rows)
        admitted.extend(new)
        assert list(ring.slots) == [slot for slot in admitted if slot.remaining > 0]
        done = ring.advance({})
        assert all(item.tick == ring.tick_index - 1 for item in done)
        finished.extend(done)

    for operation in operations:
        if operation[0] == "submit":
            _, steps, strength, frames, steps_mode = operation
            bench.source = sources[frames]
            request = bench.request(steps=steps, strength=strength, tag=submitted, steps_mode=steps_mode)
            ring.submit(focused(request, 15, 8, SPEC) if frames == 20 else request)
            submitted += 1
        elif operation[0] == "move_strength":
            if operation[1] < len(ring.slots):
                ring.move_strength(ring.slots[operation[1]], operation[2])
        elif operation[0] == "resize":
            ring.resize(operation[1])
        else:
            for _ in range(operation[1]):
                tick()
    while ring.slots or ring.waiting:
        tick()

    assert sorted(item.slot.admitted for item in finished) == [slot.admitted for slot in admitted]
    for item in finished:
        assert item.tick == item.slot.admitted + item.request.count - 1
        assert item.latent.shape == (item.request.frames, 4)
        assert bool(item.latent.isfinite().all())
    assert [item.tick for item in finished] == sorted(item.tick for item in finished)
    tags = [slot.request.tag for slot in admitted]
    assert tags == sorted(tags)
    if mode == "queue":
        assert tags == list(range(submitted))
