"""Prompts and clips as things that are modulated: blends, sequences, feedback."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate, MixInput
from demon_patch.codegen.vocabulary import clamp, cos, floor, pi, sin
from demon_patch.nodes.language.mixes import MOST_TAPS, mix
from demon_patch.nodes.language.ports import curve, gate, mix_input, option, value
from demon_patch.nodes.language.shared_arithmetic import MOVED_BY, grid_offset, shift_sum


@mix(
    "prompt_blend",
    "Prompt Blend",
    "Glides from one description of the music to another.",
    out="prompt",
    doc="Both prompts, for a Scheduler or another mix.",
    category="conditioning",
    display="shares",
    tags=("mix", "crossfade", "morph", "text", "words"),
)
def prompt_blend(
    t: Frame,
    a: MixInput = mix_input(doc="The prompt at 0."),
    b: MixInput = mix_input(doc="The prompt at 1."),
    blend: float = curve(0, 0, 1, doc="How far from the first to the second."),
    per: str = option(
        "generation", "generation", "frame",
        doc="Once a generation; or for every frame of the song, at twice the work, straight to the Scheduler's prompt.",
    ),
):  # fmt: skip
    """Generation: the prompts are mixed before the model reads them. Frame: the model answers both, and its answers are
    mixed frame by frame (the engine's condition weight), so that a blend moves within what is already being made."""
    return 1 - blend, blend


@mix(
    "source_crossfade",
    "Source Crossfade",
    "Fades from one clip to another as what the music covers.",
    out="source",
    doc="Both clips, for a Scheduler or another mix.",
    category="conditioning",
    display="shares",
    tags=("mix", "blend", "morph", "clip", "cover", "deck"),
)
def source_crossfade(
    t: Frame,
    a: MixInput = mix_input(doc="The clip at 0; it sets tempo and length."),
    b: MixInput = mix_input(doc="The clip at 1, cut or repeated to the song's length."),
    position: float = value(0, 0, 1, doc="How far from the first to the second."),
    law: str = option(
        "linear", "linear", "power", "cut", doc="A mean; equal power, fuller half way; or one or the other."
    ),
):
    """Gives the weights of the two clips, by which latents, structure hints and sound are summed: 1 - p and p; cos
    and sin of 90 degrees * p (hints: by their shares); or 1 and 0 below p = 0.5, 0 and 1 from there on."""
    p = (1 if position >= 0.5 else 0) if law == "cut" else position
    return (cos(p * pi / 2) if law == "power" else 1 - p), (sin(p * pi / 2) if law == "power" else p)


@mix(
    "feedback",
    "Feedback",
    "Feeds the music back into its source, so that it drifts away from where it began.",
    out="source",
    doc="The clip with what was played in it, for a Scheduler or another mix.",
    category="conditioning",
    display="shares",
    tags=("drift", "loop", "echo", "evolve", "memory"),
    feeds=True,
)
def feedback(
    t: Frame,
    clip: MixInput = mix_input(doc="The clip; the music keeps its structure."),
    amount: float = value(0.3, 0, 1, doc="Share of what was played; at 1 nothing of the clip's own sound is left."),
    tap: float = value(1, 1, MOST_TAPS, taper="int", doc="How many generations ago it was finished."),
):
    """(1 - amount) * clip + amount * the latent finished `tap` completions ago, the oldest there is while there are
    fewer; before the first it is the clip alone."""
    return 1 - amount, amount, tap


def _turns(
    t: Frame,
    part_1: MixInput = mix_input(doc="Plays first; parts that are not wired are left out."),
    part_2: MixInput = mix_input(doc="Plays second."),
    part_3: MixInput = mix_input(doc="Plays third."),
    part_4: MixInput = mix_input(doc="Plays fourth."),
    part_5: MixInput = mix_input(doc="Plays fifth."),
    part_6: MixInput = mix_input(doc="Plays sixth."),
    part_7: MixInput = mix_input(doc="Plays seventh."),
    part_8: MixInput = mix_input(doc="Plays last; then it begins again."),
    bars: float = value(4, 0.25, 64, unit="bars", taper="log", doc="Length of a part (transport)."),
    glide: float = value(0, 0, 16, unit="bars", doc="Time from one part to the next; at 0 it is cut on the bar."),
    step: Gate = gate(doc="Plays the next part (gate)."),
    reset: Gate = gate(doc="Begins again with the first part."),
    by: str = MOVED_BY,
    *, before: float = -1.0, free: float = 0.0, off: float = 0.0,
    n: float = 0.0, left: float = 0.0, age: float = 1e9, origin: float = 0.0,
):  # fmt: skip
    """Transport: part floor(bar / bars) after the last reset. Gate: every rise at `step` moves on by one.

    A length that moves is taken as by Clock: the parts go on from where they are, and are on the bar again within two
    parts after it rests.
    """
    shift = grid_offset(t.bar, t.dbar, before, bars, free, off)
    turn = floor(t.bar / bars + shift + 1e-9)
    begin = turn if reset.rises > 0 else origin
    now = turn - begin if by == "transport" else (0 if reset.rises > 0 else n + step.rises)
    many = max(part_8.rank + part_8.wired, 1)
    c = now - floor(now / many) * many
    was = n - floor(n / many) * many
    o = left if c == was else was
    since = age + t.dbar if c == was else 0
    g = clamp(since / max(glide, 1e-9), 0, 1) if glide > 0 else 1
    return (
        (g if c == part_1.rank else 0) + (1 - g if o == part_1.rank else 0),
        (g if c == part_2.rank else 0) + (1 - g if o == part_2.rank else 0),
        (g if c == part_3.rank else 0) + (1 - g if o == part_3.rank else 0),
        (g if c == part_4.rank else 0) + (1 - g if o == part_4.rank else 0),
        (g if c == part_5.rank else 0) + (1 - g if o == part_5.rank else 0),
        (g if c == part_6.rank else 0) + (1 - g if o == part_6.rank else 0),
        (g if c == part_7.rank else 0) + (1 - g if o == part_7.rank else 0),
        (g if c == part_8.rank else 0) + (1 - g if o == part_8.rank else 0),
        bars, shift_sum(free, t.bar, before, bars), shift, now, o, since, begin,
    )  # fmt: skip


prompt_sequence = mix(
    "prompt_sequence",
    "Prompt Sequence",
    "Takes the music through up to eight descriptions in turn, changing on the bar.",
    out="prompt",
    doc="The prompt whose turn it is, for a Scheduler or another mix.",
    category="conditioning",
    display="switch",
    tags=("form", "song", "sections", "steps", "text", "words"),
)(_turns)

source_sequence = mix(
    "source_sequence",
    "Source Sequence",
    "Covers up to eight clips in turn, changing on the bar.",
    out="source",
    doc="The clip whose turn it is, for a Scheduler or another mix.",
    category="conditioning",
    display="switch",
    tags=("form", "song", "sections", "steps", "clip", "switch"),
)(_turns)
