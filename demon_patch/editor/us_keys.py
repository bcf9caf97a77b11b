"""The characters of an American keyboard, for systems that tell us keys only. Pure."""

from __future__ import annotations

_SHIFTED = dict(zip("1234567890-=[];'\\,./`", '!@#$%^&*()_+{}:"|<>?~', strict=True))


def char_of(name: str, shift: bool) -> str:
    """Returns the character of a key; empty where it has none."""
    if name == "space":
        return " "
    if len(name) != 1:
        return ""
    if name.isalpha():
        return name.upper() if shift else name
    return _SHIFTED.get(name, name) if shift else name
