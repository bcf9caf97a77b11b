"""The state of a live performance for its clients: one value, published before every tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from demon_patch.patch.model.json_values import Value

if TYPE_CHECKING:
    from demon_patch.patch.model.graph import CableKey
    from demon_patch.runtime.audio.link import AudioLink
    from demon_patch.runtime.live.ramps import RampStatus
    from demon_patch.runtime.live.recording import RecordingStatus
    from demon_patch.runtime.live.scheduled_edits import NextEdit
    from demon_patch.runtime.live.tick_loop import TickLoop

HOLD_SECONDS = 0.5  # for which levels stand while nothing is measured
RECENT = 32  # completions from which the heard error is computed


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """A generation in flight.

    step: the denoising steps that are done.
    steps: all its steps.
    heard_in: the seconds until it is heard.
    heard_at: the transport frame from which it is heard.
    """

    step: int
    steps: int
    heard_in: float
    heard_at: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a live performance at one moment. Times are in seconds unless a name says otherwise.

    begun: whether the first generation is finished and the transport has started.
    frame: the transport frame at the loudspeaker, at least 0.
    next_frame: the first transport frame at which a generation that is not in flight yet can be heard.
    bypass: whether the source is heard in place of what is generated.
    follow: whether the transport's beats are the song's beats.
    recording: the names of the files that are being recorded; empty if there are none.
    song, song_length: the song position, and the length of the song.
    metre_beat, metre_bar: where the present metre began, in beats and bars.
    loop: (from, to) of the song; None for the whole song.
    making: (from, length) of the stretch of the song that the newest generation makes, which may go beyond the
        song's end to its beginning; None for the whole song.
    depth, slots: the ring's number of slots, and the generations in flight.
    heard_error_ms: median and largest heard error of the latest completions, without sign.
    late, missed, previews: see `Trace`.
    starved: seconds for which no window was ready, so that the last pass was heard.
    completions_per_second: for the generations in flight, at the present length of a tick; 0 before one was measured.
    device: the name of the sound device; "none" while the performance runs on a clock of its own.
    device_lost: whether a sound device is wanted and there is none.
    volume_db: the master volume.
    xruns: device buffers that were not filled in time, by the device's count and by ours.
    shortfalls: those of them that the feeder of the audio process had not ready.
    peak_db, rms_db: of all channels of `levels` together, in dBFS.
    levels: what was heard since the last status, after volume and limiter, by channel of the song: (peak, rms) in dBFS.
    faults: by node, the mistake that keeps it from running.
    live_values: by (node, port).
    live_mutes: the nodes (ids) and cables (their ends) that clients mute while they hold them.
    safe: whether the performance is in safe mode.
    recordings: the recordings that run: file, seconds of sound in it, and holes (samples that were no numbers).
    ramp: the ramp that waits or moves; None where there is none.
    waiting: edits and recalls that are not heard yet.
    messages: the latest ones, oldest first.
    """

    playing: bool = False
    begun: bool = False
    muted: bool = False
    bypass: bool = False
    follow: bool = False
    recording: str = ""
    frame: int = 0
    next_frame: int = 0
    seconds: float = 0.0
    song: float = 0.0
    song_length: float = 0.0
    beat: float = 0.0
    beats_per_bar: float = 4.0
    metre_beat: float = 0.0
    metre_bar: int = 0
    bpm: float = 120.0
    loop: tuple[float, float] | None = None
    making: tuple[float, float] | None = None
    depth: int = 0
    slots: tuple[SlotStatus, ...] = ()
    tick_ms: float = 0.0
    decode_ms: float = 0.0
    lead_ms: float = 0.0
    heard_error_ms: tuple[float, float] = (0.0, 0.0)
    completions: int = 0
    completions_per_second: float = 0.0
    late: int = 0
    missed: int = 0
    previews: int = 0
    starved: float = 0.0
    xruns: int = 0
    shortfalls: int = 0
    restarts: int = 0
    device: str = ""
    device_lost: bool = False
    volume_db: float = 0.0
    peak_db: float = -120.0
    rms_db: float = -120.0
    levels: tuple[tuple[float, float], ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    live_values: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    live_mutes: tuple[str | CableKey, ...] = ()
    safe: bool = False
    recordings: tuple[RecordingStatus, ...] = ()
    ramp: RampStatus | None = None
    waiting: tuple[NextEdit, ...] = ()
    messages: tuple[str, ...] = ()


def engine_fields(live: TickLoop) -> dict[str, object]:
    """On the tick thread. Returns the fields of `Status` that the tick thread knows, by name."""
    performer = live.performer
    transport, rate, now = performer.transport, performer.spec.frame_rate, live.now
    frame, metre = transport.frame(max(now, 0)), transport.metre(max(now, 0))
    lo, hi = transport.loop
    slots = [slot for slot in performer.ring.slots if slot.heard_at is not None]
    errors = np.abs(np.array([*performer.trace.errors][-RECENT:] or [0])) * 1e3 / rate
    done = len(performer.ring.slots) or 1
    making = performer.admission.stretch_in_flight
    steps = [slot.request.count for slot in slots] or [performer.admission.count(performer.now)]
    return {
        "playing": live.playing,
        "begun": live.begun,
        "bypass": performer.bypass or performer.soundings.bypasses(max(now, 0)),
        "follow": transport.follow,
        "frame": max(now, 0),
        "next_frame": performer.next_free_frame if live.begun else performer.lead,
        "seconds": float(frame.s),
        "song": float(frame.song),
        "song_length": float(frame.length),
        "beat": float(frame.beat),
        "beats_per_bar": float(metre.beats),
        "metre_beat": metre.beat,
        "metre_bar": metre.bar,
        "bpm": transport.tempo(max(now, 0)),
        "loop": None if (lo, hi) == (0, transport.song_frames) else (lo / rate, hi / rate),
        "making": None if making is None else (making[0] / rate, making[1] / rate),
        "depth": performer.ring.depth,
        "slots": tuple(
            SlotStatus(s.step, s.request.count, (int(s.heard_at or 0) - now) / rate, int(s.heard_at or 0))
            for s in slots
        ),
        "tick_ms": 1e3 * live.tick_seconds,
        "decode_ms": 1e3 * live.decode_seconds,
        "lead_ms": 1e3 * performer.lead / rate,
        "heard_error_ms": (float(np.median(errors)), float(errors.max())),
        "completions": performer.trace.completions,
        "completions_per_second": done / (live.tick_seconds * max(steps)) if live.tick_seconds else 0.0,
        "late": performer.trace.late,
        "missed": performer.trace.missed,
        "previews": performer.trace.previews,
        "starved": live.starved / rate,
    }


def sound_fields(link: AudioLink, meter: Meter) -> dict[str, object]:
    """Returns the fields of `Status` that the audio process knows, by name."""
    state, levels = link.state, meter.read()
    power = [10.0 ** (rms / 10.0) for _, rms in levels]
    return {
        "device": state.device,
        "device_lost": state.lost,
        "xruns": state.xruns + state.starved,
        "shortfalls": state.starved,
        "restarts": state.restarts,
        "volume_db": state.volume,
        "levels": levels,
        "peak_db": max((peak for peak, _ in levels), default=-120.0),
        "rms_db": _decibels(float(np.sqrt(np.mean(power)))) if power else -120.0,
    }


class Meter:
    """Reads the levels of what is heard, each time those since the last time. On one thread."""

    def __init__(self, link: AudioLink) -> None:
        self._link, self._mark, self._read_at = link, 0, 0.0
        self._levels: tuple[tuple[float, float], ...] = ()

    def read(self) -> tuple[tuple[float, float], ...]:
        """Returns (peak, rms) in dBFS by channel of the song, at least -120. Where nothing new was measured, the last
        levels stand for HOLD_SECONDS."""
        peaks, means, mark = self._link.levels_since(self._mark)
        if mark != self._mark or perf_counter() - self._read_at > HOLD_SECONDS:
            self._levels = tuple((_decibels(peak), _decibels(rms)) for peak, rms in zip(peaks, means, strict=True))
            self._mark, self._read_at = mark, perf_counter()
        return self._levels


def _decibels(level: float) -> float:
    return float(20.0 * np.log10(max(level, 1e-6)))
