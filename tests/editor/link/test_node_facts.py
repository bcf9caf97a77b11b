"""Words of prompts, curves over the song, and transfer curves, as displays are given them."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.node_facts import AFTER, AGAIN, NodeFacts, transfer
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.showing import Curve, CurveValues, PromptList, Prompts, Wording
from tests.support.noting_link import FakeLink


def test_a_scale_is_drawn_by_its_own_function() -> None:
    made = transfer(CATALOGUE["scale"], {"in_lo": 0.0, "in_hi": 2.0, "out_lo": 5.0, "out_hi": 1.0})
    assert made["ranges"] == {"in": [(0.0, 2.0)], "value": [(1.0, 5.0)]}
    assert made["curve"][0] == 5.0
    assert made["curve"][-1] == 1.0
    assert (np.diff(made["curve"]) <= 0).all()


@pytest.mark.parametrize("type", [d.id for d in CATALOGUE.values() if d.display == "transfer" and not d.states])
def test_every_shaper_without_a_state_has_a_curve(type: str) -> None:
    made = transfer(CATALOGUE[type], {})
    assert len(made["curve"]) > 50
    assert np.ptp(made["curve"]) > 0


def test_words_and_curves_are_asked_for_once_and_given() -> None:
    patch = Patch(nodes={"p": Node("prompt", values={"text": "zzz"}), "c": Node("drawn_curve", at=(400.0, 0.0))})
    boxes, _ = boxes_of(patch, None, Facts())
    link = FakeLink(patch=patch, status={})
    facts = NodeFacts(link, CATALOGUE)
    facts.look(list(boxes.values()), "", 0.0)
    facts.look(list(boxes.values()), "", AFTER)
    facts.look(list(boxes.values()), "", AFTER + 0.1)
    assert [type(request) for request in link.asked] == [Curve, Prompts]
    facts.look(list(boxes.values()), "", AGAIN + 0.1)
    assert len(link.asked) == 3
    facts._take_words(PromptList(prompts=(Wording(node="p", port="text", text="zzz", unread=(("zzz", ""),)),)))
    facts._take("c", CurveValues(columns=2, values=np.array([0, 1], "<f4").tobytes()))
    assert facts.data(boxes["p"], patch.nodes["p"], "p", {"p": 0.7}, 0.0) == {"unknown": ["zzz"], "playing": True}
    assert facts.data(boxes["p"], patch.nodes["p"], "p", {}, 0.0)["playing"] is False
    assert facts.data(boxes["c"], patch.nodes["c"], "c", {}, 0.25)["curve"].tolist() == [0.0, 1.0]
