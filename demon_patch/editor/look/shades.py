"""Weaker versions of a theme, for nodes that are bypassed or muted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from demon_patch.editor.look.theme import Colour, Theme, mix


def weaker(theme: Theme, share: float, grey: bool = False) -> Theme:
    """Returns a theme whose nodes are mixed with the ground. share: of the ground, 0 to 1. grey: without colours."""

    def mixed(colour: Colour) -> Colour:
        return mix(colour, (*theme.ground[:3], colour[3]), share)

    def table(colours: Mapping[str, Colour]) -> Mapping[str, Colour]:
        return MappingProxyType({name: mixed(mix(c, theme.label, 0.75) if grey else c) for name, c in colours.items()})

    names = ("body", "well", "text", "label", "faint", "knob", "track")
    weak: dict[str, Any] = {name: mixed(getattr(theme, name)) for name in names}
    shadow = theme.shadow * (1 - 0.6 * share)
    return replace(theme, shadow=shadow, ports=table(theme.ports), categories=table(theme.categories), **weak)
