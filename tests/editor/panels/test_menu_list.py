"""Menus: what is lit, opened and done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.panels.menu_list import MenuList
from demon_patch.editor.panels.protocol import Item

SIZE = (1280.0, 800.0)


def made(log: list[str]) -> list[Item]:
    def act(name: str) -> Item:
        return Item(name, lambda: log.append(name))

    return [act("One"), Item(""), Item("Off", lambda: log.append("Off"), enabled=False),
            Item("More", items=(act("Two"), act("Three")))]  # fmt: skip


@given(st.floats(0, 1280), st.floats(0, 800))
def test_it_lies_in_the_window(x: float, y: float) -> None:
    menu = MenuList(made([]), (x, y), SIZE)
    menu.hover(menu.columns[0].x + 5, menu.columns[0].top(3) + 5)
    assert len(menu.columns) == 2
    for col in menu.columns:
        assert col.x >= 0
        assert col.x + col.w <= SIZE[0]
        assert col.y >= 0
        assert col.y + col.h <= SIZE[1]


def test_a_click_does_what_the_line_does() -> None:
    log: list[str] = []
    menu = MenuList(made(log), (100, 100), SIZE)
    act = menu.click(110, menu.columns[0].top(0) + 5)
    assert act is not None
    act()
    assert log == ["One"]
    assert menu.click(110, menu.columns[0].top(1) + 2) is None
    assert menu.click(110, menu.columns[0].top(2) + 5) is None
    assert menu.click(110, menu.columns[0].top(3) + 5) is None
    assert menu.click(5, 5) is None


def test_arrows_pass_over_rules_and_disabled_lines_and_open_submenus() -> None:
    log: list[str] = []
    menu = MenuList(made(log), (100, 100), SIZE)
    for name in ("down", "down", "right", "down"):
        assert menu.key(name) is None
    act = menu.key("enter")
    assert act is not None
    act()
    assert log == ["Three"]
    menu.key("left")
    assert [col.lit for col in menu.columns] == [3, -1]
