"""The one table of keys: handlers, the keys shown in menus, and the cheat sheet all come from it.

A key is written as it is read: modifiers in the order ctrl, alt, shift, then a character or a name, joined by `+`:
"ctrl+shift+z", "?", "f8", "left". Characters are meant, not places on the keyboard; so the shift that a sign needs is
not written, and that of a letter is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from platformdirs import user_config_path

from demon_patch.nearest import did_you_mean

Where = Literal["anywhere", "inside", "knob", "cable", "nodes", "selection", "cables or nodes"]
"""Where a key holds: anywhere; inside a subpatch; over a knob; over a cable, or with one selected; over a node, or with
one selected; with anything selected; over a node or a cable, or with one selected."""

WORDS: Mapping[Where, str] = {
    "anywhere": "",
    "inside": "inside a subpatch",
    "knob": "over a knob",
    "cable": "on a cable",
    "nodes": "on nodes",
    "selection": "with a selection",
    "cables or nodes": "on nodes and cables",
}
"""How the cheat sheet says where a key holds."""

NAMED = frozenset(
    {"escape", "tab", "space", "enter", "delete", "backspace", "insert", "home", "end", "pageup", "pagedown"}
    | {"left", "right", "up", "down"}
    | {f"f{n}" for n in range(1, 13)}
)
"""The names of keys that make no character."""
MODIFIERS = ("ctrl", "alt", "shift")
NAME = "keys.json"


@dataclass(frozen=True, slots=True)
class Key:
    """A command and its keys.

    command: its name; `commands.Commands` has a method of that name. title: what menus and lists call it.
    keys: all keys that call it. where: where they hold. group: under which heading the cheat sheet has it.
    held: whether it lasts for as long as the key is down.
    """

    command: str
    title: str
    keys: tuple[str, ...]
    where: Where = "anywhere"
    group: str = "Edit"
    held: bool = False


# fmt: off
TABLE: tuple[Key, ...] = (
    Key("palette", "Add a node", ("tab",), "anywhere", "Add"),
    Key("all_commands", "All commands", ("ctrl+shift+p",), "anywhere", "Add"),
    Key("next_item", "Next node or cable", ("tab",), "selection", "Select"),
    Key("previous_item", "Previous node or cable", ("shift+tab",), "selection", "Select"),
    Key("undo", "Undo", ("ctrl+z",)),
    Key("redo", "Redo", ("ctrl+shift+z", "ctrl+y")),
    Key("history", "History", ("ctrl+h",)),
    Key("copy", "Copy", ("ctrl+c",), "nodes"),
    Key("cut", "Cut", ("ctrl+x",), "nodes"),
    Key("paste", "Paste", ("ctrl+v",)),
    Key("duplicate", "Duplicate", ("ctrl+d",), "nodes"),
    Key("reset_value", "Default value", ("backspace",), "knob"),
    Key("type_value", "Type the value", ("enter",), "knob"),
    Key("delete", "Delete and heal", ("delete", "backspace"), "selection"),
    Key("delete_unhealed", "Delete without healing", ("ctrl+delete",), "selection"),
    Key("save", "Save", ("ctrl+s",), "anywhere", "File"),
    Key("open", "Open", ("ctrl+o",), "anywhere", "File"),
    Key("select_all", "Select all", ("ctrl+a",), "anywhere", "Select"),
    Key("select_upstream", "Select what leads here", ("ctrl+left",), "nodes", "Select"),
    Key("select_downstream", "Select what this leads to", ("ctrl+right",), "nodes", "Select"),
    Key("only_cables", "Only cables can be hit", ("c",), "cables or nodes", "Select", held=True),
    Key("find", "Find in the patch", ("ctrl+f",), "anywhere", "Select"),
    Key("next_problem", "Next problem", ("f8",), "anywhere", "Select"),
    Key("other_end", "Other end of the cable", ("j",), "cable", "Select"),
    Key("cancel", "Cancel", ("escape",), "anywhere", "Select"),
    Key("bypass", "Bypass", ("b",), "nodes", "Nodes"),
    Key("mute", "Mute", ("m",), "cables or nodes", "Nodes"),
    Key("replace", "Replace", ("r",), "nodes", "Nodes"),
    Key("rename", "Rename", ("f2",), "nodes", "Nodes"),
    Key("fold", "Hide or show ports", ("h",), "nodes", "Nodes"),
    Key("connect", "Wire the selected nodes", ("l",), "nodes", "Nodes"),
    Key("mute_cable", "Mute the cable while held", ("x",), "cable", "Nodes", held=True),
    Key("subpatch", "Make a subpatch", ("ctrl+g",), "nodes", "Nodes"),
    Key("unpack", "Unpack the subpatch", ("ctrl+shift+g",), "nodes", "Nodes"),
    Key("enter", "Into the subpatch", ("enter",), "nodes", "Nodes"),
    Key("leave", "Out of the subpatch", ("u",), "inside", "Nodes"),
    Key("frame", "Frame the selection", ("ctrl+j",), "nodes", "Canvas"),
    Key("note", "Write a note", ("ctrl+t",), "anywhere", "Canvas"),
    Key("align_left", "Align left", ("shift+left",), "nodes", "Canvas"),
    Key("align_right", "Align right", ("shift+right",), "nodes", "Canvas"),
    Key("align_top", "Align tops", ("shift+up",), "nodes", "Canvas"),
    Key("align_bottom", "Align bottoms", ("shift+down",), "nodes", "Canvas"),
    Key("distribute_across", "Distribute across", ("shift+h",), "nodes", "Canvas"),
    Key("distribute_down", "Distribute down", ("shift+v",), "nodes", "Canvas"),
    Key("tidy", "Tidy", ("shift+t",), "nodes", "Canvas"),
    Key("nudge_left", "Move left", ("left",), "nodes", "Canvas"),
    Key("nudge_right", "Move right", ("right",), "nodes", "Canvas"),
    Key("nudge_up", "Move up", ("up",), "nodes", "Canvas"),
    Key("nudge_down", "Move down", ("down",), "nodes", "Canvas"),
    Key("see_selection", "Look at the selection", ("f",), "selection", "View"),
    Key("see_all", "Look at everything", ("home",), "anywhere", "View"),
    Key("full_size", "100 %", ("ctrl+0",), "anywhere", "View"),
    Key("back", "Previous view", ("[",), "anywhere", "View"),
    Key("forward", "Next view", ("]",), "anywhere", "View"),
    *(Key(f"go_{n}", f"Go to bookmark {n}", (str(n),), "anywhere", "View") for n in range(1, 10)),
    *(Key(f"keep_{n}", f"Set bookmark {n}", (f"ctrl+{n}",), "anywhere", "View") for n in range(1, 10)),
    Key("play", "Play or stop", ("space",), "anywhere", "Play"),
    Key("store", "Store a snapshot", ("ctrl+shift+s",), "anywhere", "Play"),
    Key("notes", "Computer keys as notes", ("ctrl+k",), "anywhere", "Play"),
    Key("panic", "Silence at once", ("ctrl+.",), "anywhere", "Play"),
    Key("inspector", "Inspector", ("i",), "cables or nodes", "View"),
    Key("theme", "Light or dark colours", ("ctrl+shift+t",), "anywhere", "View"),
    Key("settings", "Settings", ("ctrl+,",), "anywhere", "View"),
    Key("problems", "Problems and notices", ("shift+f8",), "anywhere", "View"),
    Key("versions", "Versions and recent files", ("ctrl+shift+h",), "anywhere", "File"),
    Key("costs", "Cost of each node", ("ctrl+u",), "anywhere", "View"),
    Key("clients", "Who is on this host", ("ctrl+shift+c",), "anywhere", "View"),
    Key("cheat_sheet", "Keys", ("?", "f1"), "anywhere", "View"),
)
# fmt: on


def combination(name: str, char: str, ctrl: bool = False, shift: bool = False, alt: bool = False) -> str:
    """Returns a key as the table writes it.

    name: of the key, in small letters. char: the character that it makes with shift, if any.
    """
    plain = char if len(char) == 1 and char.isprintable() and char != " " else ""
    base = plain or name
    letter = base.lower() != base.upper() and len(base) == 1
    with_shift = shift and (letter or not plain or base == name)
    held = (ctrl, alt, with_shift)
    return "+".join([m for m, down in zip(MODIFIERS, held, strict=True) if down] + [base.lower()])


def plain_letter(key: str) -> bool:
    """Whether a key is a letter without ctrl and alt."""
    base = key.removeprefix("shift+")
    return len(base) == 1 and base.isalpha()


def parts(key: str) -> tuple[list[str], str]:
    """Returns the modifiers of a key, and its character or name."""
    base = "+" if key.endswith("+") else key.rsplit("+", 1)[-1]
    return key[: len(key) - len(base)].split("+")[:-1], base


def valid(key: object) -> bool:
    """Whether a text writes a key as the table does."""
    if not isinstance(key, str) or not key:
        return False
    held, base = parts(key)
    letter = len(base) == 1 and base.isprintable() and base != " " and base == base.lower()
    return held == [m for m in MODIFIERS if m in held] and (base in NAMED or letter)


class Keys:
    """The keys in use: the table, with the keys that the user has chosen.

    chosen: by command, its keys in place of those of the table.
    """

    def __init__(self, chosen: Mapping[str, tuple[str, ...]] | None = None) -> None:
        chosen = chosen or {}
        self.table = tuple(replace(row, keys=chosen.get(row.command, row.keys)) for row in TABLE)
        self._by_command = {row.command: row for row in self.table}
        self._by_key: dict[str, list[Key]] = {}
        for row in self.table:
            for key in row.keys:
                self._by_key.setdefault(key, []).append(row)

    def find(self, key: str, holds: Set[Where]) -> Key | None:
        """Returns the command of a key where it holds; one for a place before one for anywhere."""
        rows = [row for row in self._by_key.get(key, ()) if row.where in holds]
        return min(rows, key=lambda row: _ORDER[row.where], default=None)

    def shown(self, command: str) -> str:
        """Returns the first key of a command as people read it: "Ctrl+Shift+Z"; empty for none."""
        row = self._by_command.get(command)
        return said(row.keys[0]) if row and row.keys else ""

    def title(self, command: str) -> str:
        """Returns what a command is called."""
        return self._by_command[command].title

    def sheet(self) -> dict[str, list[tuple[str, str]]]:
        """Returns the cheat sheet: by heading, lines of keys and what they do."""
        sheet: dict[str, list[tuple[str, str]]] = {}
        for row in self.table:
            where = WORDS[row.where]
            title = f"{row.title} ({where})" if where else row.title
            if row.keys:
                sheet.setdefault(row.group, []).append((" or ".join(map(said, row.keys)), title))
        return sheet

    @classmethod
    def loaded(cls, file: Path | None = None) -> tuple[Keys, list[str]]:
        """Returns the keys with the user's choices, and what is wrong with the file. What is wrong does not count; no
        file is no mistake. file: `keys.json` in the user's folder of settings by default."""
        file = file or keys_file()
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(), []
        except (OSError, UnicodeError) as error:
            return cls(), [f"{file.name} cannot be read: {error}"]
        chosen, problems = read(text)
        return cls(chosen), problems


_ORDER: Mapping[Where, int] = {
    "knob": 0, "cable": 1, "nodes": 2, "cables or nodes": 3, "selection": 4, "inside": 5, "anywhere": 6,
}  # fmt: skip
assert _ORDER.keys() == {*get_args(Where)}


def keys_file() -> Path:
    """The file with the user's keys: {"command": ["key", ...]}."""
    return user_config_path("demon-patch") / NAME


def read(text: str) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Returns the choices in a file of keys, and a sentence for each thing that is wrong."""
    try:
        given = json.loads(text)
    except ValueError as error:
        return {}, [f"{NAME} is no JSON: {error}"]
    if not isinstance(given, dict):
        return {}, [f"{NAME} is no object: write {{command: [key, ...]}}"]
    chosen: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    commands = {row.command: row for row in TABLE}
    for command, keys in given.items():
        if command not in commands:
            mend = did_you_mean(command, commands, "see the list of keys")
            problems.append(f"there is no command {command!r}: {mend}")
        elif not isinstance(keys, list) or not all(map(valid, keys)):
            problems.append(f"the keys of {command} are {keys!r}: write a list such as ['ctrl+shift+z']")
        else:
            chosen[command] = tuple(keys)
    taken: dict[tuple[str, Where], str] = {}
    for row in TABLE:
        for key in chosen.get(row.command, row.keys):
            if (other := taken.setdefault((key, row.where), row.command)) != row.command:
                problems.append(f"{key} is the key of both {other} and {row.command}: the first one has it")
    return chosen, problems


def said(key: str) -> str:
    """Returns a key as people read it: "Ctrl+Shift+Z"."""
    names = {"escape": "Esc", "pageup": "Page Up", "pagedown": "Page Down"}
    held, base = parts(key)
    shown = names.get(base, base.upper() if len(base) == 1 else base.capitalize())
    return "+".join([*(m.capitalize() for m in held), shown])


def matching(text: str, table: Iterable[Key]) -> list[Key]:
    """Returns the commands whose title has all words of a text, those that begin with it first."""
    words = text.lower().split()
    found = [row for row in table if all(word in row.title.lower() for word in words)]
    return sorted(found, key=lambda row: not row.title.lower().startswith(text.lower().strip()))
