"""What is offered in place of a mistyped name: the right one first, and nothing where none is like it."""

from __future__ import annotations

from time import process_time

import pytest

from demon_patch.nearest import chosen, did_you_mean, in_short, nearest, of_these
from demon_patch.nodes.catalogue import CATALOGUE

TYPOS = {
    "lfoo": "lfo", "flo": "lfo", "LFO": "lfo", "adrs": "adsr", "step-sequencer": "step_sequencer",
    "Step Sequencer": "step_sequencer", "schedular": "scheduler", "decodr": "decoder", "speakr": "speaker",
    "sampl_hold": "sample_hold", "quantize": "quantise", "euclidian": "euclid", "composed_sorce": "composed_source",
}  # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), TYPOS.items())
def test_a_mistyped_node_is_recognised(typed: str, meant: str) -> None:
    assert meant in CATALOGUE
    assert nearest(typed, CATALOGUE)[0] == meant


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_name_is_recognised_without_any_one_of_its_letters(name: str) -> None:
    for i in range(len(name)):
        assert name in nearest(name[:i] + name[i + 1 :], CATALOGUE) or len(name) < 4


@pytest.mark.parametrize("typed", ["", "xyzzy", "q", "  ", "_"])
def test_nothing_is_offered_where_no_name_is_like_it(typed: str) -> None:
    assert nearest(typed, ["strength", "seed", "prompt"]) == []
    assert nearest(typed, []) == []
    assert did_you_mean(typed, ["strength"], "look") == "look"


def test_mends_are_sentences() -> None:
    assert did_you_mean("strenght", ["seed", "strength"]) == "did you mean strength?"
    assert chosen("sin", ["sine", "saw", "random"]) == "did you mean sine? choose sine, saw or random"
    assert chosen(3, ["a", "b"]) == "choose a or b"
    assert of_these("zz", ["v1", "v2", "v3", "rate"]) == "it has v1-3, rate"
    assert of_these("zz", []) == "it has none"
    assert in_short(["a1", "a2", "b", "c1"]) == "a1, a2, b, c1"


def test_a_hundred_thousand_mistakes_take_seconds_and_not_minutes() -> None:
    began = process_time()
    for n in range(2000):
        nearest(f"no_such_node_{n}" * 5, CATALOGUE)
    assert process_time() - began < 5.0  # about 0.2 s
