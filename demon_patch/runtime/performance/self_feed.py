"""Feeds a performance's own live nodes: with the sound that was just heard, and with the state of the ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from demon_patch.arrays import Array, Samples
from demon_patch.engine.contracts import FamilySpec, Source
from demon_patch.engine.ring.ring import Ring
from demon_patch.engine.sound.features import NAMES, Analyser, likeness
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.live_inputs import RING, SOUND, Fed
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.control_values import ControlValues
from demon_patch.runtime.performance.trace import Trace

LEAD_IN = (
    750  # frames of a song's end that its beginning is measured after: what is learnt of its strokes is known then
)
PIECE = 50  # frames that are measured at a time, so that the tick thread can run in between


@dataclass(frozen=True, slots=True)
class RingFeed:
    """The ring's state after its latest tick.

    completions: how many generations were finished since the performance began.
    ripeness: the largest share of its steps, 0 to 1, that a generation in flight has done.
    slots: the number of generations in flight.
    error: the heard error of the latest completion, in seconds.
    lead: the lead, in seconds.
    """

    completions: int
    ripeness: float
    slots: int
    error: float
    lead: float

    @classmethod
    def measured(cls, ring: Ring, trace: Trace, lead: int, rate: float) -> RingFeed:
        """Reads the present state. `lead` is in transport frames, `rate` in frames a second."""
        ripest = max((slot.step / max(slot.request.count, 1) for slot in ring.slots), default=0.0)
        error = abs(trace.errors[-1]) if trace.errors else 0
        return cls(trace.completions, ripest, len(ring.slots), error / rate, lead / rate)


class SelfFeed:
    """Feeds the live nodes of one performance. Owned by its thread.

    Control frame k gets the features of the sound laid for transport frame k - 1. Sound is kept only until it has
    been heard. A frame without laid sound leaves the nodes' numbers unchanged.

    touched: whether a device has sent something since the latest tick.
    """

    def __init__(self, spec: FamilySpec) -> None:
        self.touched = False
        self._spec, self._per = spec, spec.samples_per_frame
        self._analyser = Analyser(spec.sample_rate, self._per)
        self._laid: dict[int, Samples] = {}
        self._completions = 0
        self._readings: ControlValues | None = None
        self._values: list[float] = []
        self._looked = self._edge = -1  # the latest frames that were looked at for edges, and that had one

    def keep(self, start: int, sound: Samples, stop: int) -> None:
        """Keeps the sound [samples, channels] laid for the transport frames [start, stop). Samples after those frames
        are ignored."""
        for n, frame in enumerate(range(start, stop)):
            self._laid[frame] = sound[n * self._per : (n + 1) * self._per]

    def feed(self, forecast: Forecast, lo: int, hi: int, source: Source, ring: RingFeed) -> None:
        """Feeds the live nodes that are wired to the Decoder or the ring, at the control frames [lo, hi), which run
        next.

        source: the clip that `likeness` compares the sound with.
        """
        feeds = forecast.program.live_inputs
        frames = [frame for frame in range(lo - 1, hi - 1) if frame in self._laid]
        sound = feeds.of_kind(SOUND) if frames else {}
        if sound:
            found = self._heard(frames, forecast, source if "likeness" in sound else None)
            for name, ports in sound.items():
                for frame, number in zip(frames, found[name].tolist(), strict=True):
                    for feed in ports:
                        forecast.feed(feed.node, feed.port, number, at=frame + 1)
        self._laid = {frame: block for frame, block in self._laid.items() if frame >= hi - 1}
        facts: Mapping[str, Fed] = {
            "completed": (0.0, float(ring.completions - self._completions)),
            "ripeness": ring.ripeness,
            "slots": float(ring.slots),
            "error": ring.error,
            "lead": ring.lead,
        }
        for name, ports in feeds.of_kind(RING).items():
            for feed in ports:
                forecast.feed(feed.node, feed.port, facts[name], at=lo)
        self._completions = ring.completions

    def _heard(self, frames: list[int], forecast: Forecast, source: Source | None) -> dict[str, Array]:
        found, shape = self._analyser.push(np.concatenate([self._laid[frame] for frame in frames]))
        if source is not None:
            own = measured(source, self._spec)[1]
            found["likeness"] = likeness(shape, own[[forecast.transport.song_frame(frame) for frame in frames]])
        return found

    def has_jumped(self, readings: ControlValues, frame: int) -> bool:
        """Returns whether scalars that a live source reaches (`held_scalars`) have had an edge since the latest tick,
        or have moved at all after a device has sent something. Resets `touched`."""
        values = [readings.forecast.port_value(engine_port, frame) for engine_port in readings.held_scalars]
        before, touched, known = self._values, self.touched, readings is self._readings
        looked, self._looked = self._looked, frame  # the latest may get another value after it was looked at
        self._readings, self._values, self.touched = readings, values, False
        if not known:
            self._edge = frame
            return False
        edges = readings.forecast.edges(readings.held_scalars, max(looked, self._edge + 1), frame + 1)
        if len(edges):
            self._edge = int(edges[-1])
        return bool(len(edges)) or (touched and values != before)


def measured(source: Source, spec: FamilySpec) -> tuple[Mapping[str, Array], Array]:
    """Returns a clip's features by name, [T] each, and its spectra in dB for `likeness`; T: latent frames of the
    clip. The clip loops: what is measured at its beginning follows its end.

    Computed once for a clip. This takes a moment: `measure` does it off the tick thread.
    """
    return source.once("features", lambda: _measured(source, spec.sample_rate, spec.samples_per_frame))


def _measured(clip: Source, rate: int, samples_per_frame: int) -> tuple[Mapping[str, Array], Array]:
    analyser, audio = Analyser(rate, samples_per_frame), clip.audio
    analyser.push(audio[-min(LEAD_IN, clip.frames) * samples_per_frame :])
    size = PIECE * samples_per_frame
    pieces = [analyser.push(audio[at : at + size]) for at in range(0, len(audio), size)]
    found = {name: np.concatenate([piece[name] for piece, _ in pieces]) for name in NAMES}
    return found, np.concatenate([shape for _, shape in pieces])


def measure(program: Program, spec: FamilySpec, covered: Source, clips: Mapping[str, Source]) -> None:
    """Fills a program's tables with the features of its source nodes' sounds, and measures the covered source where
    `likeness` needs it.

    covered: the clip that the music covers, as long as the program's song.
    clips: by node, clips of any length; they are repeated.
    """
    if "likeness" in program.live_inputs.of_kind(SOUND):
        measured(covered, spec)
    at = np.arange(program.song_frames)
    for heard_input in program.live_inputs.heard_inputs:
        found, shape = measured(clips[heard_input.source], spec)
        here = at % clips[heard_input.source].frames
        if heard_input.feature == "likeness":
            table = likeness(shape[here], measured(covered, spec)[1][at % covered.frames])
        else:
            table = found[heard_input.feature][here]
        program.set_curve(heard_input.table, table)
