"""The table of controls: one row a control, from which ports, checks, units, palette and docs are derived.

Torch-free. Rows follow the engine node that carries them; propagation classes are those of the design, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Shape = Literal["scalar", "integer", "switch", "choice", "curve", "surface", "prompt", "source"]
Part = Literal["timbre"]
Propagation = Literal["request", "step", "late step", "weights", "decode", "ring"]
Taper = Literal["linear", "log", "int", "family"]
Carrier = Literal["scheduler", "source_blend", "step_state", "decoder", "lora"]

FAMILY: Final = "the family's"
"""In place of a default: each model family has its own, which `FamilySpec.default` tells."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control of the engine.

    name: as in files, messages and code; title and doc: as shown. carrier: the engine node whose port it is.
    shape: what it carries (`curve` takes a number too). lo, hi, taper, unit: the declared range of a number;
    default: a number, an option's name, None for prompts and sources, or FAMILY. options: of a choice.
    optional: has no effect, and costs nothing, unless its port is wired or set. needs: the control without which it
    has no effect: a prompt or clip that must be wired, a choice that must not be "off", or an optional control that
    must be wired or set. rest: the value at which it does nothing, where its default does something. part: what a
    family must have for it (`FamilySpec.has`).
    """

    name: str
    title: str
    carrier: Carrier
    shape: Shape
    propagation: Propagation
    doc: str
    default: float | str | None = None
    lo: float = 0.0
    hi: float = 1.0
    taper: Taper = "linear"
    unit: str = ""
    options: tuple[str, ...] = ()
    optional: bool = False
    needs: str | None = None
    rest: float | None = None
    part: Part | None = None

    @property
    def per_frame(self) -> bool:
        """Whether the engine takes one value per latent frame."""
        return self.shape in ("curve", "surface")

    @property
    def numeric(self) -> bool:
        """Whether a value cable can move it."""
        return self.shape in ("scalar", "integer", "switch", "curve")


MOST_LORAS = 4
"""LoRAs that may be in the weights at once."""


# fmt: off
# A table reads best as rows.
TABLE: tuple[Control, ...] = (
    # -- Scheduler: what a new generation starts from ---------------------------------------------------
    Control("prompt", "Prompt", "scheduler", "prompt", "request", "What the music should sound like."),
    Control("source", "Source", "scheduler", "source", "request", "The clip that is covered."),
    Control("strength", "Strength", "scheduler", "scalar", "request",
            "How far the sound leaves its source: 0 plays the source, 1 keeps only its structure.", 0.7,
            0.0, 1.0, "family"),
    Control("structure", "Structure", "scheduler", "scalar", "request",
            "How firmly rhythm and harmony follow the source's hints.", 1.0),
    Control("seed", "Seed", "scheduler", "integer", "request",
            "Which noise the generation starts from; equal seeds give one continuous song.", 42, 0,
            4294967295, "int"),
    Control("steps", "Steps", "scheduler", "integer", "request",
            "Denoising steps of a generation: more are cleaner and slower.", FAMILY, 1, 16, "int"),
    Control("shift", "Shift", "scheduler", "scalar", "request",
            "Where along the noise the steps gather: high values spend them on form, low ones on detail.",
            FAMILY, 1.0, 6.0, "log"),
    Control("initial_noise", "Initial noise", "scheduler", "curve", "request",
            "Per frame, how much of the start is noise; replaces the start that strength sets.",
            1.0, optional=True),
    Control("depth", "Depth", "scheduler", "integer", "ring",
            "Generations in flight: more complete more often, each control answers later.", FAMILY,
            1, 8, "int"),
    Control("steps_mode", "Steps mode", "scheduler", "choice", "request",
            "Whether a low strength keeps all its steps or takes proportionally fewer.", "fixed",
            options=("fixed", "proportional")),
    Control("timesteps", "Timesteps", "scheduler", "choice", "request",
            "Whether strength is continuous, snapped to the trained timesteps, or the published staircase.",
            "continuous", options=("continuous", "trained", "staircase")),
    Control("noise_drift", "Noise drift", "scheduler", "scalar", "request",
            "How fast the seed glides into the next: new takes of the song, without a cut.", 0.0, 0.0,
            4.0, unit="keys/bar"),
    Control("focus", "Focus", "scheduler", "choice", "request",
            "How much of the song is generated round the coming playhead: less answers faster. Auto is, live, what the "
            "machine makes within 400 ms of a touch, growing to the whole song when nothing is touched.",
            "auto", options=("auto", "song", "20 s", "8 s")),
    Control("prompt_b", "Prompt B", "scheduler", "prompt", "request",
            "A second prompt to blend in or composite."),
    Control("prompt_blend", "Prompt blend", "scheduler", "scalar", "request",
            "Glides from prompt A to prompt B in one forward.", 0.0, needs="prompt_b"),
    Control("condition_weight", "Condition weight", "scheduler", "curve", "step",
            "Per frame, how much the second prompt's velocity counts against the first's.", 0.0,
            optional=True, needs="prompt_b"),
    Control("condition_from", "Condition from", "scheduler", "scalar", "step",
            "The share of the steps after which the second prompt speaks.", 0.0, optional=True, needs="prompt_b"),
    Control("condition_to", "Condition to", "scheduler", "scalar", "step",
            "The share of the steps before which the second prompt speaks.", 1.0, optional=True, needs="prompt_b"),
    Control("timbre_source", "Timbre source", "scheduler", "source", "request",
            "A clip whose sound colour is borrowed.", part="timbre"),
    Control("timbre", "Timbre", "scheduler", "scalar", "request",
            "How much of the timbre source's colour is taken.", 1.0, needs="timbre_source"),
    Control("structure_source", "Structure source", "scheduler", "source", "request",
            "A clip whose rhythm and harmony are followed instead of the source's."),
    Control("feedback", "Feedback", "scheduler", "scalar", "request",
            "Mixes finished generations back into the source: the music drifts away from where it began.",
            0.0, optional=True),
    Control("feedback_tap", "Feedback tap", "scheduler", "integer", "request",
            "How many completions ago the fed-back generation is.", 1, 1, 8, "int", needs="feedback"),
    Control("mask", "Mask", "scheduler", "curve", "request",
            "Per frame, 1 generates and 0 keeps the source untouched.", 1.0, optional=True),
    Control("mask_growth", "Mask growth", "scheduler", "scalar", "request",
            "Lets the mask open over the steps instead of at once.", 0.0, optional=True, needs="mask"),
    Control("target", "Target", "scheduler", "source", "request",
            "A clip that the clean prediction is pulled toward."),
    Control("target_curve", "Target curve", "scheduler", "curve", "step",
            "Per frame, how far the prediction is pulled to the target once its gate has opened.", 0.0,
            optional=True, needs="target"),
    Control("target_gate", "Target gate", "scheduler", "scalar", "request",
            "The share of the steps after which the target curve begins to pull.", 0.0, needs="target"),
    Control("guidance_mode", "Guidance mode", "scheduler", "choice", "request",
            "Where the opposite of the prompt comes from: nowhere, the noise, the first step, or every step.",
            "off", options=("off", "self", "initialize", "full")),
    # -- Source Blend: per-frame source blending on the re-noise step -----------------------------------
    Control("source_blend", "Source blend", "source_blend", "curve", "step",
            "Per frame, 1 is pure generation and 0 the source; moves every generation in flight.", 1.0),
    # -- Step State: shared by all generations in flight, read at every step ----------------------------
    Control("velocity_scale", "Velocity scale", "step_state", "curve", "step",
            "Scales each step: below 1 leaves noise and blur, above 1 overshoots into grit.", 1.0, 0.0,
            2.0, optional=True),
    Control("ode_noise", "ODE noise", "step_state", "curve", "step",
            "Fresh noise after each step, fading as the generation ripens: restless detail.", 0.0, 0.0,
            1.0, optional=True),
    Control("solver", "Solver", "step_state", "choice", "step",
            "Euler steps along the flow, or re-noised steps that forgive and blur.", "ode",
            options=("ode", "sde")),
    Control("guidance", "Guidance", "step_state", "curve", "step",
            "How strongly the prompt is pushed away from its opposite.", 1.0, 0.0, 15.0, optional=True,
            needs="guidance_mode"),
    Control("guidance_momentum", "Guidance momentum", "step_state", "scalar", "step",
            "Carries the guidance direction over the steps; negative values calm it.", -0.75, -1.0, 1.0,
            needs="guidance_mode"),
    Control("guidance_clip", "Guidance clip", "step_state", "scalar", "step",
            "The longest guidance step allowed, as a norm.", 2.5, 0.1, 10.0, "log",
            needs="guidance_mode"),
    Control("guidance_rescale", "Guidance rescale", "step_state", "scalar", "step",
            "Restores the loudness that guidance adds.", 0.0, needs="guidance_mode"),
    Control("guidance_axis", "Guidance axis", "step_state", "choice", "step",
            "Whether guidance norms are taken over time, as the model was tuned, or frame by frame.",
            "time", options=("time", "frame"), needs="guidance_mode"),
    Control("channel_gain", "Channel gain", "step_state", "surface", "step",
            "Gains of latent channel groups as the denoiser sees them: colours without a filter.", 1.0,
            0.0, 3.0, optional=True),
    Control("target_strength", "Target strength", "step_state", "curve", "late step",
            "Pulls the second half of the steps toward the target clip.", 0.0, needs="target"),
    Control("live_strength", "Live strength", "step_state", "switch", "step",
            "Lets a jump of strength move the generations already in flight.", 1.0, 0.0, 1.0, "int"),
    Control("dcw", "Wavelet correction", "step_state", "choice", "step",
            "Corrects each step in the wavelet domain: low band, high band, both, or plain.", "off",
            options=("off", "low", "high", "double", "pix")),
    Control("dcw_wavelet", "Wavelet", "step_state", "choice", "step", "Which wavelet splits the bands.",
            "haar", options=("haar", "db4"), needs="dcw"),
    Control("dcw_low", "Low correction", "step_state", "curve", "step",
            "How much of the slow band's step is amplified.", 0.05, 0.0, 0.5, needs="dcw", rest=0.0),
    Control("dcw_high", "High correction", "step_state", "curve", "step",
            "How much of the fast band's step is amplified.", 0.02, 0.0, 0.5, needs="dcw", rest=0.0),
    Control("dcw_multiply", "Multiplied correction", "step_state", "scalar", "step",
            "Turns the correction from adding to the slow band into stretching it.", 0.0, needs="dcw"),
    Control("dcw_phase", "Phase correction", "step_state", "scalar", "step",
            "Corrects magnitude and phase of the slow band apart.", 0.0, needs="dcw"),
    Control("dcw_soft", "Correction threshold", "step_state", "scalar", "step",
            "Leaves out corrections smaller than this.", 0.0, 0.0, 0.3, needs="dcw"),
    # -- Decoder: from latents to sound -----------------------------------------------------------------
    Control("window", "Window", "decoder", "scalar", "decode",
            "The stretch decoded at a time: shorter answers sooner and costs more.", 0.32, 0.08, 1.0,
            "log", unit="s"),
    Control("gain", "Gain", "decoder", "scalar", "decode", "Loudness of the decoded sound.", 0.0, -40.0,
            12.0, unit="dB"),
    Control("dry", "Dry", "decoder", "scalar", "decode",
            "How much of the recording itself is heard where the music is still its source.", 1.0),
    Control("match", "Match", "decoder", "switch", "decode",
            "Keeps the music as loud as the source that it covers.", 1.0, 0.0, 1.0, "int"),
    Control("lead", "Lead", "decoder", "scalar", "decode",
            "From the loudspeaker to the next window: fixed in a rendering; live it begins there, then adapts.",
            0.4, 0.05, 2.0, "log", unit="s"),
    Control("preview", "Preview", "decoder", "switch", "decode",
            "Plays a nearly finished generation when a live control has just moved.", 1.0, 0.0, 1.0,
            "int"),
    Control("limiter", "Limiter ceiling", "decoder", "scalar", "decode",
            "Where the safety limiter holds the peaks.", -0.3, -12.0, 0.0, unit="dB"),
    # -- LoRA -------------------------------------------------------------------------------------------
    Control("lora_strength", "LoRA strength", "lora", "scalar", "weights",
            "How much of the adapter is added to the weights.", 1.0, 0.0, 2.0),
)
# fmt: on

CONTROLS: dict[str, Control] = {row.name: row for row in TABLE}


def carried_by(carrier: str) -> tuple[Control, ...]:
    """The rows whose ports an engine node shows, in the table's order."""
    return tuple(row for row in TABLE if row.carrier == carrier)
