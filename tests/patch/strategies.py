"""Random pieces of documents."""

from __future__ import annotations

from hypothesis import strategies as st

from demon_patch.patch.document import MODES, Cable, Meta, Node, Patch, Song

IDS = ("a", "b-1", "c_2", "dddddddd")
PORTS = ("x", "rate", "value.2")

ids = st.sampled_from(IDS)
ports = st.sampled_from(PORTS)
lines = st.text(max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**63) + 1, 2**63 - 1)
positions = st.tuples(numbers, numbers)
ranges = positions.map(lambda pair: (min(pair), max(pair)))

values = st.recursive(
    st.none() | st.booleans() | integers | numbers | lines,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(lines, inner, max_size=3),
    max_leaves=6,
)
unknown = st.dictionaries(st.sampled_from(("extra", "hue", "♪", "a key")), values, max_size=2)
by_id = st.dictionaries(lines, values, max_size=2)

nodes = st.builds(
    Node,
    type=st.sampled_from(("lfo", "scheduler", "future.orchestra")),
    version=st.integers(1, 9),
    values=st.dictionaries(ports, values, max_size=2),
    ranges=st.dictionaries(ports, ranges, max_size=2),
    at=positions,
    label=lines,
    bypass=st.booleans(),
    extra=unknown,
)
settings_of_cables = {
    "mode": st.sampled_from(MODES),
    "depth": st.none() | numbers,
    "offset": numbers,
    "muted": st.booleans(),
}


def cables_among(taken: list[str]) -> st.SearchStrategy[Cable]:
    ends = st.sampled_from(taken)
    return st.builds(Cable, src=ends, out=ports, dst=ends, port=ports, extra=unknown, **settings_of_cables)


metas = st.builds(
    Meta,
    title=lines,
    author=lines,
    licence=lines,
    tags=st.lists(lines, max_size=3),
    description=lines,
    model=lines,
    extra=unknown,
)
songs = st.builds(Song, bpm=st.none() | st.floats(0.001, 1000), beats_per_bar=st.integers(1, 64), extra=unknown)


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    chosen = draw(st.dictionaries(ids, nodes, max_size=4))
    cables = st.lists(cables_among(sorted(chosen)), max_size=6, unique_by=lambda c: c.socket) if chosen else st.just([])
    return Patch(
        meta=draw(metas),
        song=draw(songs),
        nodes=chosen,
        cables=tuple(draw(cables)),
        snapshots=draw(by_id),
        notes=draw(by_id),
        extra=draw(unknown),
    )
