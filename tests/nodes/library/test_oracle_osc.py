"""OSC In, fed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.model.document import Node
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.fed_nodes import gates, noise, play_fed, pole, rises
from tests.support.node_bench import BENCH, playable


def test_numbers_between_low_and_high_are_0_to_1() -> None:
    number, message = noise(-5, 15), gates()
    node = Node("osc_in", values={"low": 10.0, "high": 0.0, "smooth": 0.2})
    value, gate, level = play_fed(node, {"number": number, "message": message}, "value", "gate*", "gate**")
    x = np.clip(1 - np.array(number) / 10, 0, 1)
    np.testing.assert_allclose(value, pole(x.tolist(), 0.2), atol=1e-9)
    np.testing.assert_array_equal(gate, rises(message))
    open, opens = False, []
    for wanted, rising in zip(x >= 0.5, gate, strict=True):
        open = bool(wanted) and (open or rising > 0)  # the level goes up only with a message
        opens.append(open)
    np.testing.assert_array_equal(level, opens)


def test_equal_ends_give_0() -> None:
    (value,) = play_fed(Node("osc_in", values={"low": 1.0, "high": 1.0}), {"number": noise(0, 2)}, "value")
    assert not value.any()


def test_an_address_begins_with_a_slash() -> None:
    with pytest.raises(PatchError, match=r"node n: port address: 'fader' does not begin with '/' \(write a text that"):
        compile(playable({"n": Node("osc_in", values={"address": "fader"})}), BENCH, Geometry(25, 100))
