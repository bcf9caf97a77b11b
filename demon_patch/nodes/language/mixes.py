"""Declares nodes whose body computes weights or gains: mixes of prompts, clips or surfaces, and surfaces."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from demon_patch.codegen.body import DeclarationError
from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.language.declare import Declaration, body_of, signature
from demon_patch.nodes.language.ports import MIXED, Out, out

GROUPS = 8
MOST_CHANNELS = 128
MOST_TAPS = int(CONTROLS["feedback_tap"].hi)

_GAIN = CONTROLS["channel_gain"]
FED = (out("fed", 0, 1, doc="Weight of what is fed back."), out("tap", 1, MOST_TAPS, doc="Which generation it is."))
GAINS = tuple(
    out(f"group_{n}", _GAIN.lo, _GAIN.hi, doc=f"Gain of eighth {n} of the channels.") for n in range(1, GROUPS + 1)
)
SINGLE_CHANNEL = (
    out("channel", 0, MOST_CHANNELS, doc="One channel, counted from 1; 0 is none."),
    out("single", _GAIN.lo, _GAIN.hi, doc="The gain of that one, on top of its group's."),
)


def mix(
    id: str,
    title: str,
    sentence: str,
    *,
    out: Literal["prompt", "source", "surface"],
    doc: str,
    category: str,
    tags: tuple[str, ...],
    feeds: bool = False,
    display: str = "none",
) -> Callable[[Callable[..., Any]], Declaration]:
    """Declares a mix: a computed node whose body returns one weight for each mix input, in their order.

    Only wired inputs count. Surfaces are weighted in each control frame. Prompts and clips have shares: each weight is
    divided by the sum of all, or where an option `law` is "power", by the root of the summed squares. Weights below 0
    count as 0; where all are 0, the first wired input has the whole share. A jump of a prompt's or clip's weight is an
    edge.

    feeds: the body returns two more numbers: the weight of a finished generation, 0 to 1, and how many completions ago
        it was finished.

    Raises DeclarationError.
    """

    def declare(function: Callable[..., Any]) -> Declaration:
        head = signature(function, id)
        ports = tuple(replace(p, type=out) if p.type in MIXED else p for p in head.ports)
        weights = tuple(Out(p.name, "value", 0.0, 1.0, doc=p.doc) for p in ports if p.type == out)
        if not weights:
            raise DeclarationError("a mix has at least one input to mix", node=id)
        hidden = (*weights, *FED) if feeds else weights
        return Declaration(
            id, title, sentence, "mix", category, tags, ports, (Out(out, out, doc=doc),),
            doc=inspect.cleandoc(function.__doc__ or ""), states=head.states, function=function,
            body=body_of(function, id, head, hidden), hidden=hidden, banks=head.banks, display=display,
        )  # fmt: skip

    return declare


def surface(
    id: str, title: str, sentence: str, *, tags: tuple[str, ...], single: bool = False, display: str = "none"
) -> Callable[[Callable[..., Any]], Declaration]:
    """Declares a surface: a computed node whose body returns the gain of each eighth of the latent channels.

    single: the body returns two more numbers, a channel counted from 1 (0: none) and its gain on top of its group's.

    Raises DeclarationError.
    """

    def declare(function: Callable[..., Any]) -> Declaration:
        head = signature(function, id)
        hidden = (*GAINS, *SINGLE_CHANNEL) if single else GAINS
        return Declaration(
            id, title, sentence, "surface", "engine", tags, head.ports, (Out("surface", "surface", doc=_TO),),
            doc=inspect.cleandoc(function.__doc__ or ""), states=head.states, function=function,
            body=body_of(function, id, head, hidden), hidden=hidden, banks=head.banks, display=display,
        )  # fmt: skip

    return declare


_TO = "The gains, for a Step State or a Surface Mix."
