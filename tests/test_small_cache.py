from __future__ import annotations

from collections.abc import Hashable

from demon_patch.small_cache import Same, SmallCache


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    recent: SmallCache[int] = SmallCache(2)
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


def test_room_is_counted_by_size_and_the_latest_always_stays() -> None:
    kept: SmallCache[str] = SmallCache(10, len)
    for key, value in (("a", "four"), ("b", "three"), ("a", "other")):
        kept.put(key, value)
    assert (kept.find("a"), kept.find("b")) == ("other", "three")  # 10: what was replaced counts no more
    kept.put("c", "x")
    assert [kept.find(key) for key in "abc"] == [None, "three", "x"]
    kept.put("d", "larger than all the room")
    assert [kept.find(key) for key in "abcd"] == [None, None, None, "larger than all the room"]


def test_an_object_as_a_key_is_equal_to_itself_alone() -> None:
    one, other = [1], [1]
    assert Same(one) == Same(one)
    assert hash(Same(one)) == hash(Same(one))
    assert Same(one) != Same(other)
    assert Same(one) != one


def test_a_cache_that_gets_less_room_drops_the_oldest() -> None:
    kept: SmallCache[int] = SmallCache(10)
    for key in "abcd":
        kept.put(key, 1)
    kept.fit(2)
    assert [kept.find(key) for key in "abcd"] == [None, None, 1, 1]
    kept.put("e", 1)
    assert [kept.find(key) for key in "cde"] == [None, 1, 1]


class Value:
    """What a cache keeps, of a size."""

    def __init__(self, size: int) -> None:
        self.size = size


def test_values_that_nothing_else_holds_are_dropped_when_asked() -> None:
    kept: SmallCache[Value] = SmallCache(10, lambda value: value.size)
    held = Value(3)
    kept.put("held", held)
    kept.put("unheld", Value(6))
    kept.drop_unheld()
    assert kept.find("held") is held
    assert kept.find("unheld") is None
    kept.put("next", Value(7))  # 3 + 7: what was dropped counts no more
    assert kept.find("held") is held
    kept.put("last", Value(8))
    assert kept.find("held") is None
