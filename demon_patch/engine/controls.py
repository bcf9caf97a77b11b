"""The table of controls: one row a control. Ports, checks, units, pages and the choice in the palette follow from it.

To add a control:

1. Add its row to `TABLE`, under the engine node that has its port. Where its default is FAMILY, each family names one.
   `lo` and `hi` are 0 and 1 where they are not given. Its shape is `scalar` where one number holds for a whole
   generation or step, `curve` where each latent frame of the song may have its own. Make a step control optional
   unless it is to act, and cost time, in every patch with a Step State.
2. Write its effect where the engine acts. A control that a generation is made with is `request.controls.number(name)`
   (or `.whole`, `.is_on`, `.option`, `.curve`). One that every step reads is read from the rows of a chunk
   (`engine/step/chunk_rows.py`), with one of four readers: `value` is None while it is off, `fader` is None at 0 too,
   `setting` is its default while it is absent, `option` is the name of a choice. The places in `engine/step`:
   - what the denoiser sees: `Velocity._as_seen`;
   - conditions and guidance, the velocity that they make: `Velocity.predict`;
   - the scale of that velocity: `ChunkStep._step`;
   - the clean prediction: a function in `effects.py`, in its list `EFFECTS`;
   - noise, solver and wavelet correction: `ChunkStep._step`.
   Each step control, wherever it acts, also has its line in the plain sampler (`engine/step/reference.py`), a case in
   `VALUES` of tests/engine/ring/test_ring_surface.py, which compares the two, and one in `STEP` of
   tests/engine/ring/test_ring_propagation.py; tests demand them.
3. Run `demon-patch bench control NAME`: it measures the control, keeps the figures in docs/measured, and makes
   docs/controls.md and docs/nodes.md again. How it is tried is in `bench/trials.py`, where its whole range will not do.

Nothing else knows the control: it is a port, a row of the pages, an argument of `Session.request`, and `check` holds it
to its range. A control needs no new version of its node and no migration. tests/engine/test_a_new_control.py does steps
1 and 2 for a control of each kind. Torch-free.
"""

from __future__ import annotations

from demon_patch.engine.control import FAMILY, Carrier, Control, Part, Propagation, Shape, Taper

__all__ = [
    "CONTROLS", "FAMILY", "MOST_LORAS", "MOST_STEERS", "TABLE", "Carrier", "Control", "Part", "Propagation", "Shape",
    "Taper", "carried_by",
]  # fmt: skip

MOST_LORAS = 8
"""The largest number of LoRAs that may play at once."""
MOST_STEERS = 4
"""The largest number of steering vectors that may play at once."""


# fmt: off
# A table reads best as rows.
TABLE: tuple[Control, ...] = (
    # -- Scheduler: what a new generation starts from ---------------------------------------------------
    Control(
        name="prompt", title="Prompt", carrier="scheduler", shape="prompt", propagation="request",
        doc="What the music should sound like.",
    ),
    Control(
        name="source", title="Source", carrier="scheduler", shape="source", propagation="request",
        doc="The clip that is covered.",
    ),
    Control(
        name="strength", title="Strength", carrier="scheduler", shape="scalar", propagation="request",
        doc="How far the sound leaves its source: 0 plays the source, 1 keeps only its structure.",
        default=0.7, lo=0.0, hi=1.0, taper="family", of_source=True,
    ),
    Control(
        name="structure", title="Structure", carrier="scheduler", shape="scalar", propagation="request",
        doc="How firmly rhythm and harmony follow the source's hints.",
        default=1.0, lo=0.0, hi=1.0,
    ),
    Control(
        name="seed", title="Seed", carrier="scheduler", shape="integer", propagation="request",
        doc="Which noise the generation starts from; equal seeds give one continuous song.",
        default=42, lo=0, hi=4294967295, taper="int",
    ),
    Control(
        name="steps", title="Steps", carrier="scheduler", shape="integer", propagation="request",
        doc="Denoising steps of a generation: more are cleaner and slower.",
        default=FAMILY, lo=1, hi=16, taper="int", most=100,
    ),
    Control(
        name="shift", title="Shift", carrier="scheduler", shape="scalar", propagation="request",
        doc="Where along the noise the steps gather: high values spend them on form, low ones on detail.",
        default=FAMILY, lo=1.0, hi=6.0, taper="log",
    ),
    Control(
        name="initial_noise", title="Initial noise", carrier="scheduler", shape="curve", propagation="request",
        doc="Per frame, the share of noise that a generation begins with, in place of strength's; the times of its "
        "steps stay those of strength.",
        default=1.0, lo=0.0, hi=1.0, optional=True, of_source=True,
    ),
    Control(
        name="depth", title="Depth", carrier="scheduler", shape="integer", propagation="ring",
        doc="Generations in flight: more complete more often, each control answers later.",
        default=FAMILY, lo=1, hi=8, taper="int", measured=False,
    ),
    Control(
        name="steps_mode", title="Steps mode", carrier="scheduler", shape="choice", propagation="request",
        doc="Whether a low strength keeps all its steps or takes proportionally fewer.",
        default="fixed", options=("fixed", "proportional"),
    ),
    Control(
        name="timesteps", title="Timesteps", carrier="scheduler", shape="choice", propagation="request",
        doc="Whether strength is continuous, snapped to the trained timesteps, or the published staircase.",
        default=FAMILY, options=("continuous", "trained", "staircase"),
    ),
    Control(
        name="noise_drift", title="Noise drift", carrier="scheduler", shape="scalar", propagation="request",
        doc="How fast the seed glides into the next: new takes of the song, without a cut.",
        default=0.0, lo=0.0, hi=4.0, unit="keys/bar", becomes="noise_position", heard=False,
    ),
    Control(
        name="focus", title="Focus", carrier="scheduler", shape="choice", propagation="request",
        doc="How much of the song is generated round the coming playhead: less answers faster. Auto is, live, "
            "what the machine makes within 400 ms of a touch, growing to the whole song when nothing is touched.",
        default="auto", options=("auto", "song", "20 s", "8 s"), becomes="stretch", measured=False,
    ),
    Control(
        name="prompt_b", title="Prompt B", carrier="scheduler", shape="prompt", propagation="request",
        doc="A second prompt to blend in or composite.",
    ),
    Control(
        name="prompt_blend", title="Prompt blend", carrier="scheduler", shape="scalar", propagation="request",
        doc="Glides from prompt A to prompt B in one forward.",
        default=0.0, lo=0.0, hi=1.0, needs="prompt_b",
    ),
    Control(
        name="condition_weight", title="Condition weight", carrier="scheduler", shape="curve", propagation="step",
        doc="Per frame, how much the second prompt's velocity counts against the first's.",
        default=0.0, lo=0.0, hi=1.0, optional=True, needs="prompt_b",
    ),
    Control(
        name="condition_from", title="Condition from", carrier="scheduler", shape="scalar", propagation="step",
        doc="The share of the steps after which the second prompt speaks.",
        default=0.0, lo=0.0, hi=1.0, optional=True, needs="prompt_b",
    ),
    Control(
        name="condition_to", title="Condition to", carrier="scheduler", shape="scalar", propagation="step",
        doc="The share of the steps before which the second prompt speaks.",
        default=1.0, lo=0.0, hi=1.0, optional=True, needs="prompt_b",
    ),
    Control(
        name="timbre_source", title="Timbre source", carrier="scheduler", shape="source", propagation="request",
        doc="A clip whose sound colour is borrowed.",
        part="timbre",
    ),
    Control(
        name="timbre", title="Timbre", carrier="scheduler", shape="scalar", propagation="request",
        doc="How much of the timbre source's colour is taken.",
        default=1.0, lo=0.0, hi=1.0, needs="timbre_source",
    ),
    Control(
        name="structure_source", title="Structure source", carrier="scheduler", shape="source", propagation="request",
        doc="A clip whose rhythm and harmony are followed instead of the source's.",
    ),
    Control(
        name="score", title="Score", carrier="scheduler", shape="score", propagation="request",
        doc="Notes that the music is to play, frame by frame.",
        part="score", stops=False,
    ),
    Control(
        name="score_mode", title="Score mode", carrier="scheduler", shape="choice", propagation="request",
        doc="Whether the notes stand in place of the notes of the clip, or beside them.",
        default="replace", options=("replace", "add"), needs="score", part="score",
        stops=False,
    ),
    Control(
        name="feedback", title="Feedback", carrier="scheduler", shape="scalar", propagation="request",
        doc="Mixes finished generations back into the source: the music drifts away from where it began.",
        default=0.0, lo=0.0, hi=1.0, optional=True, becomes="source_latent",
    ),
    Control(
        name="feedback_tap", title="Feedback tap", carrier="scheduler", shape="integer", propagation="request",
        doc="How many completions ago the fed-back generation is.",
        default=1, lo=1, hi=8, taper="int", needs="feedback", becomes="source_latent",
    ),
    Control(
        name="mask", title="Mask", carrier="scheduler", shape="curve", propagation="request",
        doc="Per frame, 1 generates and 0 keeps the source untouched.",
        default=1.0, lo=0.0, hi=1.0, optional=True, of_source=True,
    ),
    Control(
        name="mask_growth", title="Mask growth", carrier="scheduler", shape="scalar", propagation="request",
        doc="Lets the mask open over the steps instead of at once.",
        default=0.0, lo=0.0, hi=1.0, optional=True, needs="mask", of_source=True,
    ),
    Control(
        name="target", title="Target", carrier="scheduler", shape="source", propagation="request",
        doc="A clip that the clean prediction is pulled toward.",
    ),
    Control(
        name="target_curve", title="Target curve", carrier="scheduler", shape="curve", propagation="step",
        doc="Per frame, how far the prediction is pulled to the target once its gate has opened.",
        default=0.0, lo=0.0, hi=1.0, optional=True, needs="target",
    ),
    Control(
        name="target_gate", title="Target gate", carrier="scheduler", shape="scalar", propagation="request",
        doc="The share of the steps after which the target curve begins to pull.",
        default=0.0, lo=0.0, hi=1.0, needs="target",
    ),
    Control(
        name="guidance_mode", title="Guidance mode", carrier="scheduler", shape="choice", propagation="request",
        doc="Where the opposite of the prompt comes from: nowhere, the noise, the first step, or every step.",
        default=FAMILY, options=("off", "self", "initialize", "full"),
    ),
    # -- Source Blend: per-frame source blending on the re-noise step -----------------------------------
    Control(
        name="source_blend", title="Source blend", carrier="source_blend", shape="curve", propagation="step",
        doc="Per frame, 1 is pure generation and 0 the source; moves every generation in flight.",
        default=1.0, lo=0.0, hi=1.0, of_source=True,
    ),
    # -- Step State: shared by all generations in flight, read at every step ----------------------------
    Control(
        name="velocity_scale", title="Velocity scale", carrier="step_state", shape="curve", propagation="step",
        doc="Scales each step: below 1 leaves noise and blur, above 1 overshoots into grit.",
        default=1.0, lo=0.0, hi=2.0, optional=True,
    ),
    Control(
        name="ode_noise", title="ODE noise", carrier="step_state", shape="curve", propagation="step",
        doc="Fresh noise after each step, fading as the generation ripens: restless detail.",
        default=0.0, lo=0.0, hi=1.0, optional=True,
    ),
    Control(
        name="solver", title="Solver", carrier="step_state", shape="choice", propagation="step",
        doc="Euler steps along the flow, steps of second order that also use the last velocity (ab2), or re-noised "
            "steps that forgive and blur.",
        default=FAMILY, options=("ode", "ab2", "sde"),
    ),
    Control(
        name="guidance", title="Guidance", carrier="step_state", shape="curve", propagation="step",
        doc="How strongly the prompt is pushed away from its opposite.",
        default=FAMILY, lo=0.0, hi=15.0, optional=True, needs="guidance_mode", rest=1.0,
    ),
    Control(
        name="guidance_momentum", title="Guidance momentum", carrier="step_state", shape="scalar", propagation="step",
        doc="Carries the guidance direction over the steps; negative values calm it.",
        default=-0.75, lo=-1.0, hi=1.0, needs="guidance_mode",
    ),
    Control(
        name="guidance_clip", title="Guidance clip", carrier="step_state", shape="scalar", propagation="step",
        doc="The longest guidance step allowed, as a norm.",
        default=2.5, lo=0.1, hi=10.0, taper="log", needs="guidance_mode",
    ),
    Control(
        name="guidance_rescale", title="Guidance rescale", carrier="step_state", shape="scalar", propagation="step",
        doc="Restores the loudness that guidance adds.",
        default=0.0, lo=0.0, hi=1.0, needs="guidance_mode",
    ),
    Control(
        name="guidance_axis", title="Guidance axis", carrier="step_state", shape="choice", propagation="step",
        doc="Whether guidance norms are taken over time, as the model was tuned, or frame by frame.",
        default="time", options=("time", "frame"), needs="guidance_mode",
    ),
    Control(
        name="channel_gain", title="Channel gain", carrier="step_state", shape="surface", propagation="step",
        doc="Gains of latent channel groups as the denoiser sees them: colours without a filter.",
        default=1.0, lo=0.0, hi=3.0, optional=True,
    ),
    Control(
        name="target_strength", title="Target strength", carrier="step_state", shape="curve", propagation="late step",
        doc="Pulls the second half of the steps toward the target clip.",
        default=0.0, lo=0.0, hi=1.0, needs="target",
    ),
    Control(
        name="live_strength", title="Live strength", carrier="step_state", shape="switch", propagation="step",
        doc="Lets a jump of strength move the generations already in flight.",
        default=1.0, lo=0.0, hi=1.0, taper="int", heard=False, measured=False,
    ),
    Control(
        name="dcw", title="Wavelet correction", carrier="step_state", shape="choice", propagation="step",
        doc="Corrects each step in the wavelet domain: low band, high band, both, or plain.",
        default=FAMILY, options=("off", "low", "high", "double", "pix"),
    ),
    Control(
        name="dcw_wavelet", title="Wavelet", carrier="step_state", shape="choice", propagation="step",
        doc="Which wavelet splits the bands.",
        default=FAMILY, options=("haar", "db4"), needs="dcw",
    ),
    Control(
        name="dcw_low", title="Low correction", carrier="step_state", shape="curve", propagation="step",
        doc="How much of the slow band's step is amplified.",
        default=FAMILY, lo=0.0, hi=0.5, needs="dcw", rest=0.0,
    ),
    Control(
        name="dcw_high", title="High correction", carrier="step_state", shape="curve", propagation="step",
        doc="How much of the fast band's step is amplified.",
        default=FAMILY, lo=0.0, hi=0.5, needs="dcw", rest=0.0,
    ),
    Control(
        name="dcw_multiply", title="Multiplied correction", carrier="step_state", shape="scalar", propagation="step",
        doc="Turns the correction from adding to the slow band into stretching it.",
        default=0.0, lo=0.0, hi=1.0, needs="dcw",
    ),
    Control(
        name="dcw_phase", title="Phase correction", carrier="step_state", shape="scalar", propagation="step",
        doc="Corrects magnitude and phase of the slow band apart.",
        default=0.0, lo=0.0, hi=1.0, needs="dcw",
    ),
    Control(
        name="dcw_soft", title="Correction threshold", carrier="step_state", shape="scalar", propagation="step",
        doc="Leaves out corrections smaller than this.",
        default=0.0, lo=0.0, hi=0.3, needs="dcw",
    ),
    # -- Decoder: from latents to sound -----------------------------------------------------------------
    Control(
        name="window", title="Window", carrier="decoder", shape="scalar", propagation="decode",
        doc="The stretch decoded at a time: shorter answers sooner and costs more.",
        default=0.32, lo=0.08, hi=1.0, taper="log", unit="s", heard=False, measured=False,
    ),
    Control(
        name="gain", title="Gain", carrier="decoder", shape="scalar", propagation="decode",
        doc="Loudness of the decoded sound.",
        default=0.0, lo=-40.0, hi=12.0, unit="dB",
    ),
    Control(
        name="dry", title="Dry", carrier="decoder", shape="scalar", propagation="decode",
        doc="How much of the recording itself is heard where the music is still its source.",
        default=1.0, lo=0.0, hi=1.0, heard=False, measured=False,
    ),
    Control(
        name="match", title="Match", carrier="decoder", shape="switch", propagation="decode",
        doc="Keeps the music as loud as the source that it covers.",
        default=1.0, lo=0.0, hi=1.0, taper="int", heard=False, measured=False,
    ),
    Control(
        name="lead", title="Lead", carrier="decoder", shape="scalar", propagation="decode",
        doc="From the loudspeaker to the next window: fixed in a rendering; live it begins there, then adapts.",
        default=0.4, lo=0.05, hi=2.0, taper="log", unit="s", heard=False, measured=False,
    ),
    Control(
        name="preview", title="Preview", carrier="decoder", shape="switch", propagation="decode",
        doc="Plays a nearly finished generation when a live control has just moved.",
        default=1.0, lo=0.0, hi=1.0, taper="int", heard=False, measured=False,
    ),
    Control(
        name="bypass", title="Bypass", carrier="decoder", shape="gate", propagation="decode",
        doc="While it is high, the source is heard in place of what is generated. A gate that is known ahead acts in "
            "its control frame; one that is played acts from the next window on.",
        optional=True, heard=False, measured=False,
    ),
    Control(
        name="limiter", title="Limiter ceiling", carrier="decoder", shape="scalar", propagation="decode",
        doc="Where the safety limiter holds the peaks.",
        default=-0.3, lo=-12.0, hi=0.0, unit="dB", measured=False,
    ),
    # -- LoRA -------------------------------------------------------------------------------------------
    Control(
        name="lora_strength", title="LoRA strength", carrier="lora", shape="scalar", propagation="step",
        doc="How much of the adapter is added to the model, by generation: 1 is as it was trained.",
        default=1.0, lo=0.0, hi=2.0, rest=0.0,
    ),
    # -- steering ---------------------------------------------------------------------------------------
    Control(
        name="steer_depth", title="Steer depth", carrier="steer", shape="scalar", propagation="step",
        doc="How far each generation is moved along the direction of a steering vector; below 0, the other way.",
        default=1.0, lo=-2.0, hi=2.0, rest=0.0,
    ),
)
# fmt: on

CONTROLS: dict[str, Control] = {row.name: row for row in TABLE}


def carried_by(carrier: str) -> tuple[Control, ...]:
    """Returns the rows whose ports the engine node `carrier` has, in the table's order."""
    return tuple(row for row in TABLE if row.carrier == carrier)
