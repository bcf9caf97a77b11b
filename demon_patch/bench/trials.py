"""The trial of each control: between which ends it moves, beside which settings, and in which descriptor it is heard.

Each row of the table that is `measured` has a trial: its own in `_SPECIAL`, or the usual one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS, TABLE, Control
from demon_patch.errors import DemonError
from demon_patch.nodes.editing.format1 import position_of
from demon_patch.nodes.language.taper import norm
from demon_patch.nodes.library.engine.engine import CHAIN, LORA, STEER
from demon_patch.patch.model.document import Cable, Node, Patch, Song

BPM, BARS, BEATS = 120.0, 4, 4
SECONDS = BARS * BEATS * 60.0 / BPM  # of song, and of every performance
STEPS, DEPTH = 8, 4  # of every performance, so that figures of different days compare
ADAPTER = "tape"  # the LoRA of all trials
DIRECTION = "edge"  # the steering vector of all trials
CHOSEN = {"guidance_mode": "full", "dcw": "double"}  # options with which the controls that need them have an effect
PARTS: Mapping[str, Node] = {
    "prompt_b": Node("prompt", values={"text": "ambient pad, 120 bpm"}),
    "target": Node("composed_source", 2, values={"style": "drum and bass", "seconds": SECONDS, "seed": 9}),
    "structure_source": Node("composed_source", 2, values={"style": "dub", "seconds": SECONDS, "seed": 5}),
    "timbre_source": Node("composed_source", 2, values={"style": "dub", "seconds": SECONDS, "seed": 5}),
    "score": Node("notes"),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of a control, which moves between `lo` and `hi` and is heard in `descriptor`.

    lo, hi: in the port's unit; options of a choice; words of a prompt or a composed clip.
    settings: other values of the patch, as "node.port".
    port: where the control is moved, if not at its own port.
    gathers: the effect grows while the control is held, so that the mean over the second half counts, not the movement.
    """

    control: str
    descriptor: str
    lo: float | str
    hi: float | str
    settings: Mapping[str, Any] = field(default_factory=dict)
    port: str = ""
    gathers: bool = False

    @property
    def row(self) -> Control:
        """The control's row of the table."""
        return CONTROLS[self.control]

    @property
    def moves(self) -> bool:
        """Whether an LFO can move the control."""
        return not isinstance(self.lo, str)

    @property
    def end(self) -> tuple[str, str]:
        """The node and port at which the control is moved."""
        node, _, port = self.port.rpartition(".")
        return (node or self.row.carrier, port or self.control)


def at_strength(strength: float) -> float:
    """Returns the knob position, 0 to 1, at which nano has a strength, so that figures stay those of that strength."""
    return position_of(strength, CONTROLS["strength"])


_SPECIAL: tuple[Trial, ...] = (
    Trial("strength", "distance to source", at_strength(0.1), at_strength(0.9)),
    Trial("structure", "distance to source", 0.0, 1.0, {"scheduler.strength": 1.0}),
    Trial("seed", "departure", 42, 43),
    Trial("steps", "departure", 1, 8),
    Trial("initial_noise", "distance to source", 0.1, 0.9),
    Trial("steps_mode", "departure", "fixed", "proportional", {"scheduler.strength": at_strength(0.5)}),
    Trial("timesteps", "departure", "continuous", "staircase", {"scheduler.strength": at_strength(0.6)}),
    Trial("noise_drift", "departure", 0.0, 1.0, gathers=True),
    Trial("prompt", "departure", "acid, 120 bpm", "ambient pad, 120 bpm"),
    Trial("source", "departure", "house", "drum and bass"),
    Trial("prompt_b", "departure", "off", "on", {"scheduler.prompt_blend": 1.0}),
    Trial("condition_from", "departure", 0.0, 1.0, {"scheduler.condition_weight": 1.0}),
    Trial("condition_to", "departure", 0.0, 1.0, {"scheduler.condition_weight": 1.0}),
    Trial("structure_source", "departure", "off", "on", {"scheduler.strength": 1.0}),
    Trial("feedback", "distance to source", 0.0, 0.9, gathers=True),
    Trial("feedback_tap", "departure", 1, 8, {"scheduler.feedback": 0.8}, gathers=True),
    Trial("mask", "distance to source", 0.0, 1.0, {"scheduler.strength": 1.0}),
    Trial("mask_growth", "departure", 0.0, 1.0, {"scheduler.mask": 0.5, "scheduler.strength": 1.0}),
    Trial("target", "departure", "off", "on", {"step_state.target_strength": 1.0}),
    Trial("target_curve", "distance to target", 0.0, 1.0),
    Trial("target_gate", "distance to target", 0.0, 1.0, {"scheduler.target_curve": 0.5}),
    Trial("guidance_mode", "departure", "off", "full", {"step_state.guidance": 4.0}),
    Trial("source_blend", "distance to source", 0.0, 1.0, {"scheduler.strength": 1.0}),
    Trial("velocity_scale", "noisiness", 0.8, 1.2),
    Trial("guidance", "departure", 1.0, 8.0),
    Trial("guidance_momentum", "departure", -0.75, 0.75, {"step_state.guidance": 6.0}),
    Trial("guidance_clip", "departure", 0.1, 10.0, {"step_state.guidance": 6.0}),
    Trial("guidance_rescale", "departure", 0.0, 1.0, {"step_state.guidance": 6.0}),
    Trial("guidance_axis", "departure", "time", "frame", {"step_state.guidance": 6.0}),
    Trial("channel_gain", "departure", 0.0, 2.0, port="groups.group_1"),
    Trial("target_strength", "distance to target", 0.0, 1.0),
    Trial("dcw", "departure", "off", "double", {"step_state.dcw_low": 0.5, "step_state.dcw_high": 0.5}),
    Trial("dcw_wavelet", "departure", "haar", "db4", {"step_state.dcw_low": 0.5, "step_state.dcw_high": 0.5}),
    Trial("dcw_high", "noisiness", 0.0, 0.5),
    Trial("dcw_multiply", "departure", 0.0, 1.0, {"step_state.dcw_low": 0.5}),
    Trial("dcw_phase", "departure", 0.0, 1.0, {"step_state.dcw_low": 0.5}),
    Trial("dcw_soft", "departure", 0.0, 0.3, {"step_state.dcw_low": 0.5, "step_state.dcw_high": 0.5}),
    Trial("gain", "loudness", -24.0, 0.0),
    Trial("lora_strength", "brightness", 0.0, 1.0),
    Trial("steer_depth", "brightness", -2.0, 2.0),
)
"""Trials that differ from `_usual`: by another descriptor, a part of the range, or settings."""


def _usual(row: Control) -> Trial:
    """Returns the usual trial of a control, heard as departure: over its whole range, between its first and last
    option, or without and with its prompt or clip."""
    ends = (row.lo, row.hi) if row.numeric or row.shape == "surface" else ("off", "on")
    first, last = (row.options[0], row.options[-1]) if row.options else ends
    return Trial(row.name, "departure", first, last)


def _trials() -> tuple[Trial, ...]:
    special = {trial.control: trial for trial in _SPECIAL}
    return tuple(special.get(row.name) or _usual(row) for row in TABLE if row.measured)


TRIALS = _trials()


def due(spec: FamilySpec) -> tuple[Trial, ...]:
    """Returns the trials of the controls that a family has."""
    return tuple(trial for trial in TRIALS if spec.has(trial.row))


def chosen(spec: FamilySpec, names: Sequence[str] | None, classes: Sequence[str] = ()) -> tuple[Trial, ...]:
    """Returns the trials of the named controls, or of all that a family has; with `classes`, only those of these
    propagation classes. Raises DemonError for a name without a trial."""
    trials = {trial.control: trial for trial in due(spec) if not classes or trial.row.propagation in classes}
    for name in names or ():
        if name not in trials:
            what = f" of class {', '.join(classes)}" if classes else ""
            raise DemonError(f"{name} has no trial{what}", port=name, mend=f"choose of {', '.join(sorted(trials))}")
    return tuple(trial for name, trial in trials.items() if not names or name in names)


def trial_patch(
    trial: Trial,
    *,
    at: float | str | None = None,
    bars: float | None = None,
    seed: int = 42,
) -> Patch:
    """Returns the patch with which a control's effect is measured. The control is held at `at`, or, with `bars`, swept
    by a sine LFO between the trial's `lo` and `hi`, from `lo` on.

    at: a number in the unit of the control's port, or an option.
    bars: the period of the LFO, in bars.
    seed: of the noise.
    """
    row = trial.row
    given: dict[str, dict[str, Any]] = {
        "scheduler": {"strength": at_strength(0.7), "seed": seed, "steps": STEPS, "depth": DEPTH},
        "source": {"style": "house", "seconds": SECONDS, "seed": 3},
        "words": {"text": "acid, 120 bpm"},
        "decoder": {},
        "speaker": {},
    }
    node, port = trial.end
    wired = [need for need in (row.needs,) if need is not None and need in PARTS]
    if row.needs in CHOSEN:
        given.setdefault(CONTROLS[row.needs].carrier, {})[row.needs] = CHOSEN[row.needs]
    for key, setting in trial.settings.items():
        owner, _, name = key.partition(".")
        given.setdefault(owner, {})[name] = setting
        need = CONTROLS[name].needs
        wired += [need] if need is not None and need in PARTS and need != trial.control else []
    cables: list[Cable] = []
    if bars is not None:
        lo, hi = (float(norm(x, row.lo, row.hi, row.taper)) for x in (trial.lo, trial.hi))
        given.setdefault(node, {})[port] = trial.lo
        given["lfo"] = {"sync": "lock", "rate": 1.0 / (bars * BEATS), "phase": 0.75}
        cables.append(Cable("lfo", "uni", node, port, mode="add", depth=hi - lo))
    elif trial.control in PARTS:
        wired += [trial.control] if at == trial.hi else []
    elif row.shape in ("prompt", "source"):
        given["words" if row.shape == "prompt" else "source"]["text" if row.shape == "prompt" else "style"] = at
    else:
        given.setdefault(node, {})[port] = at
    return _wired(given, sorted(set(wired)), cables)


def _wired(given: Mapping[str, Mapping[str, Any]], parts: Sequence[str], cables: list[Cable]) -> Patch:
    """Returns the patch of nodes with these knobs and options, with the cables of the chain, of its parts, and
    `cables`."""
    types = {"source": "composed_source", "words": "prompt", "groups": "channel_groups"}
    for side, file in ((LORA, ADAPTER), (STEER, DIRECTION)):
        if side in given:
            given = {**given, side: {"file": file, **given[side]}}
    nodes = {id: Node(types.get(id, id), values=dict(values)) for id, values in given.items()}
    nodes |= {name: PARTS[name] for name in parts}
    if "groups" in nodes:
        nodes.setdefault("step_state", Node("step_state"))
        cables = [*cables, Cable("groups", "surface", "step_state", "channel_gain")]
    chain = [id for id in (*CHAIN[:-1], LORA, STEER, CHAIN[-1]) if id in nodes]
    ends = [Cable(name, CONTROLS[name].shape, "scheduler", name) for name in parts]
    ends += [Cable("source", "source", "scheduler", "source"), Cable("words", "prompt", "scheduler", "prompt")]
    ends += [Cable(a, "ring", b, "ring") for a, b in pairwise(chain)] + [Cable("decoder", "audio", "speaker", "audio")]
    return Patch(song=Song(bpm=BPM, beats_per_bar=BEATS), nodes=nodes, cables=(*cables, *ends))
