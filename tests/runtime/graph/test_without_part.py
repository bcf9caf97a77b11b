"""A text that needs a part of the model is remarked on its port where the model lacks it, and is no prompt."""

from __future__ import annotations

from msgspec import structs

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.warnings import unknown_words, warnings_of

WORDS = {"text": "acid house", "lyrics": "[verse]\nqwertz asdfgh", "language": "en"}


def patch(model: str) -> Patch:
    nodes = {
        "p": Node("prompt", values=WORDS), "c": Node("composed_source", 2), "s": Node("scheduler"),
        "d": Node("decoder"), "o": Node("speaker"),
    }  # fmt: skip
    cables = (
        Cable("p", "prompt", "s", "prompt"), Cable("c", "source", "s", "source"), Cable("s", "ring", "d", "ring"),
        Cable("d", "audio", "o", "audio"),
    )  # fmt: skip
    made = Patch(nodes=nodes, cables=cables)
    return structs.replace(made, meta=structs.replace(made.meta, model=model))


def test_a_model_without_lyrics_says_so_on_each_port_that_is_filled() -> None:
    remarks = [each for each in warnings_of(patch("nano"), CATALOGUE) if each.node == "p"]
    assert [(each.port, each.what) for each in remarks] == [
        ("lyrics", "the model nano has no lyrics"),
        ("language", "the model nano has no lyrics"),
    ]
    assert all(each.mend for each in remarks)


def test_a_model_with_lyrics_says_nothing() -> None:
    assert [each for each in warnings_of(patch("acestep-v15-turbo"), CATALOGUE) if each.node == "p"] == []


def test_lyrics_are_not_read_as_words_of_a_prompt() -> None:
    assert unknown_words(patch("nano"), CATALOGUE) == []
