"""The nodes that stand for parts of the engine; their ports are the rows of the control table."""

from __future__ import annotations

from demon_patch.engine.controls import Carrier, Control, carried_by
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Out, Port, PortType

# The order of the ring chain; a patch may leave out the two in the middle. LoRAs, steering vectors and a step window
# stand anywhere between its ends.
CHAIN: tuple[str, ...] = ("scheduler", "source_blend", "step_state", "decoder")
LORA = "lora"
STEER = "steer"
STEP_WINDOW = "step_window"
LENGTH = "length"
"""The port of the Scheduler that has the length of a song without a source."""

_TYPES: dict[str, PortType] = {
    "scalar": "value",
    "integer": "value",
    "switch": "value",
    "gate": "gate",
    "choice": "option",
    "curve": "curve",
    "surface": "surface",
    "prompt": "prompt",
    "source": "source",
    "score": "score",
}
_SPEC = spec_of(DEFAULT_MODEL)
_RING = Port("ring", "ring", title="Ring", doc="From the node before it in the chain.")


def port_of(row: Control) -> Port:
    """The port of a row of the control table; a default that is the family's is shown as the first family has it."""
    return Port(
        row.name, _TYPES[row.shape], _SPEC.default(row), row.lo, row.hi, row.taper, row.unit, row.doc, row.title,
        row.options, control=row.name, optional=row.optional,
    )  # fmt: skip


def engine_node(
    carrier: Carrier,
    title: str,
    sentence: str,
    *,
    inputs: tuple[Port, ...],
    out: Out,
    display: str,
    tags: tuple[str, ...],
    settings: tuple[Port, ...] = (),
) -> Declaration:
    """The declaration of an engine node: `inputs`, one port for each row that `carrier` carries, then `settings`."""
    ports = (*inputs, *(port_of(row) for row in carried_by(carrier)), *settings)
    return Declaration(carrier, title, sentence, "engine", "engine", tags, ports, (out,), display=display)


_OUT = Out("ring", "ring", doc="To the next node of the chain.")

scheduler = engine_node(
    "scheduler",
    "Scheduler",
    "Starts new generations of the music and says what they begin with.",
    inputs=(),
    out=_OUT,
    display="ring",
    tags=("ring", "strength", "seed", "steps", "generate"),
    settings=(
        Port(
            LENGTH,
            "value",
            60.0,
            8.0,
            240.0,
            "log",
            "s",
            title="Length",
            fixed=True,
            doc="Length of the song where no source is wired, on a model that needs none, rounded to whole bars of the "
            "patch's tempo; else the source's holds.",
        ),
    ),
)
source_blend = engine_node(
    "source_blend",
    "Source Blend",
    "Fades between source and generation, frame by frame.",
    inputs=(_RING,),
    out=_OUT,
    display="lanes",
    tags=("ring", "fade", "mix", "cover"),
)
step_state = engine_node(
    "step_state",
    "Step State",
    "Shapes every denoising step of all generations in flight.",
    inputs=(_RING,),
    out=_OUT,
    display="lanes",
    tags=("ring", "velocity", "noise", "solver", "texture"),
)
lora = engine_node(
    LORA,
    "LoRA",
    "Bends the model itself toward a sound that it was trained on afterwards.",
    inputs=(
        _RING,
        Port(
            "file", "path", "", title="File",
            doc="A LoRA that comes with the model, by name, or a .safetensors file, relative to the patch.",
        ),
    ),
    out=_OUT,
    display="dial",
    tags=("ring", "adapter", "weights", "style", "fine-tune", "timbre"),
)  # fmt: skip
steer = engine_node(
    STEER,
    "Steer",
    "Moves the model along a direction of sound that was found by ear or by words.",
    inputs=(
        _RING,
        Port(
            "file", "path", "", title="File",
            doc="A steering vector that comes with the model, by name, or a file of one, relative to the patch.",
        ),
        Port("from", "value", 0.0, title="From", hi=1.0, lo=0.0,
             doc="The share of the steps after which it acts, read at the moment that is heard."),
        Port("to", "value", 1.0, title="To", hi=1.0, lo=0.0,
             doc="The share of the steps before which it acts; at or below From it never does."),
    ),
    out=_OUT,
    display="dial",
    tags=("ring", "direction", "vector", "concept", "brighter", "style"),
)  # fmt: skip
step_window = Declaration(
    STEP_WINDOW,
    "Step Window",
    "Lets the Step State shape only some of the steps: early ones move the form, late ones the detail.",
    "engine",
    "engine",
    ("ring", "range", "early", "late", "steps", "gate"),
    (
        _RING,
        Port("from", "value", 0.0, title="From", hi=1.0, lo=0.0,
             doc="The share of the steps after which the Step State works, read at the moment that is heard."),
        Port("to", "value", 1.0, title="To", hi=1.0, lo=0.0,
             doc="The share of the steps before which it works; at or below From it never does."),
    ),
    (_OUT,),
    doc="Stands anywhere in the chain. Outside its steps the Step State's numbers are at rest; its choices (solver, "
    "wavelet, guidance axis) hold for all.",
    display="ring",
)  # fmt: skip
decoder = engine_node(
    "decoder",
    "Decoder",
    "Turns the finished generations into sound.",
    inputs=(_RING,),
    out=Out("audio", "audio", doc="The sounding output."),
    display="meter",
    tags=("ring", "audio", "window", "gain"),
)
