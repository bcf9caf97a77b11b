"""A node that runs frame by frame inside array code reads every field of the frame as float code does."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

from demon_patch.codegen.delay_line import DelayLine, line, past, push
from demon_patch.codegen.frame import Frame
from demon_patch.nodes.language.declare import Declaration, node
from demon_patch.nodes.language.ports import out
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph import compile as graph
from tests.support.compiled import GEOMETRY, TRANSPORT
from tests.support.node_bench import BENCH, playable

FRAMES = 120
SOURCE = """
def reads(t: Frame, *, memory: DelayLine = line(1.0)):
    late = past(memory, 2)
    return t.{field} + 0 * late, push(memory, t.{field})
"""


def delayed(field: str) -> Declaration:
    """A node with a delay line, so that it runs frame by frame, which gives a field of the frame."""
    source, name = SOURCE.format(field=field), f"<reads {field}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # a body is read from its file
    space = {"Frame": Frame, "DelayLine": DelayLine, "line": line, "past": past, "push": push}
    exec(compile(source, name, "exec"), space)
    declare = node("reads", "Reads", "Reads time.", out=out("out", doc="It."), category="test", tags=("a", "b", "c"))
    return declare(space["reads"])


@pytest.mark.parametrize("field", Frame._fields)
def test_a_node_with_a_delay_line_reads_it(field: str) -> None:
    patch = playable({"n": Node("reads")}, (Cable("n", "out", "zs", "strength"),))
    program = graph.compile(patch, {**BENCH, "reads": delayed(field)}, GEOMETRY)
    ahead = program._run_batch(program.state(), TRANSPORT.frames(0, FRAMES), FRAMES)
    assert ahead is not None, program.faults
    state = program.state()
    plain = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(FRAMES)]).T
    np.testing.assert_allclose(ahead[: len(plain)], plain, atol=1e-12)
