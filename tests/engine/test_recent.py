from __future__ import annotations

from collections.abc import Hashable

from demon_patch.engine.recent import Recent


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    recent: Recent[int] = Recent(2)
    made: list[Hashable] = []

    def ask(key: str) -> int:
        def make() -> int:
            made.append(key)
            return len(made)

        return recent.get(key, make)

    assert [ask(key) for key in "abab"] == [1, 2, 1, 2]
    assert ask("c") == 3  # a goes
    assert [ask("b"), ask("a"), ask("c")] == [2, 4, 5]
    assert made == ["a", "b", "c", "a", "c"]
