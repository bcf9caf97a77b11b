"""The keys of the view, each with its action and its text in the help."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

from textual.binding import Binding


class Keys(NamedTuple):
    """One entry of the key table.

    keys: names of the keys in Textual.
    action: the action of the view.
    shown: the keys in the help.
    help: what they do; empty where the next entry's help covers these keys too.
    """

    keys: str
    action: str
    shown: str
    help: str


KEYS = (
    Keys("space", "play", "space", "play/stop"),
    Keys("left", "seek(-1)", "←", ""),
    Keys("right", "seek(1)", "→", "bar"),
    Keys("home", "home", "home", "start"),
    Keys("l", "loop", "l", "loop 4 bars"),
    Keys("t", "tap", "t", "tap"),
    Keys("plus,equals_sign", "tempo(1)", "+", ""),
    Keys("minus", "tempo(-1)", "-", "tempo"),
    Keys("f", "follow", "f", "follow"),
    Keys("g", "grid", "g", "grid"),
    Keys("b", "source", "b", "source"),
    Keys("m", "mute", "m", "mute"),
    Keys("p,escape", "panic", "p", "panic"),
    Keys("up", "choose(-1)", "↑", ""),
    Keys("down", "choose(1)", "↓", "knob"),
    Keys("comma", "turn(-1)", ",", ""),
    Keys("full_stop", "turn(1)", ".", "turn"),
    Keys("shift+left,less_than_sign", "turn(-1, True)", "<", ""),
    Keys("shift+right,greater_than_sign", "turn(1, True)", ">", "far"),
    Keys("backspace", "reset", "⌫", "base"),
    Keys("k", "keep", "k", "keep"),
    Keys("w", "write", "w", "write patch"),
    Keys("r", "record", "r", "record"),
    Keys("s", "save", "s", "save 2 min"),
    Keys("q,ctrl+c", "leave", "q", "quit"),
)

BINDINGS = [Binding(each.keys, each.action, each.help, show=False, priority=True) for each in KEYS]


def help_text(width: int) -> str:
    """Returns all keys with what they do, wrapped to `width` cells."""
    groups, signs = [], ""
    for each in KEYS:
        signs += each.shown
        if each.help:
            groups.append(f"{signs} {each.help}".replace(" ", "\xa0"))
            signs = ""
    return "\n".join(wrap("  ".join(groups), max(width, 20))).replace("\xa0", " ")
