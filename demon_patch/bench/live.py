"""Measures live playing through the sound device: the start, a long run, edges on the bar, and the time from knob to
ear.

Method. A host plays a patch of its own through the sound device. The played sound is read from the audio process's
history, which counts in timeline samples, encoded again and compared with the source latent frame by latent frame. A
knob's move is heard in the latent frame in which that distance, smoothed over three frames, has moved a quarter of its
way; the playhead gives the time of this frame at the loudspeaker. The edge of a square on the bar is heard where the
distance jumps most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.bench.cover import cover
from demon_patch.bench.decode import peak_memory
from demon_patch.bench.joins import figures, of_seams
from demon_patch.bench.trials import at_strength
from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Cable, Node, Patch, Song
from demon_patch.picture import of_performance
from demon_patch.runtime.audio.device_choice import DeviceChoice
from demon_patch.runtime.descriptors import distance_to_source, smooth
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.performance.prepare import load_playable

CARD = DeviceChoice(required=True)  # figures of a performance that nobody hears would not be its own
BPM = 120.0
BAR_SECONDS = 240.0 / BPM
SETTLE_SECONDS = 4.0  # between two moves of a knob
LOOK_SECONDS = 0.05
HEARD = 0.25  # share of a change at which it counts as heard
KNOBS = {"source_blend": ("blend", 1.0, 0.0), "strength": ("scheduler", 1.0, at_strength(0.15))}
"""For each control: its node, and the two knobs between which it is moved."""


def patch(
    focus: str = "song", square: str | None = None, depth: int | None = None, seconds: float = 24.0, moves: bool = True
) -> Patch:
    """Returns a cover of a clip that is very unlike it, so that the distance to the source tells them apart.

    square: a control that a square LFO on the bar moves, or None.
    depth: ring depth, by default the family's.
    seconds: length of the song.
    moves: whether a new strength also changes the generations in flight (live strength), or only new ones.
    """
    deep = {} if depth is None else {"depth": depth}
    nodes, cables = cover(
        {"style": "ambient in a minor", "seconds": seconds, "seed": 7},
        "acid, a minor, 120 bpm",
        {"strength": 1.0, "seed": 7, "focus": focus, **deep},
        {
            "blend": Node("source_blend", values={"source_blend": 1.0}),
            "state": Node("step_state", values={"live_strength": float(moves)}),
        },
    )
    if square is not None:
        node, high, low = KNOBS[square]
        nodes[node] = Node(nodes[node].type, values={**nodes[node].values, square: (high + low) / 2})
        nodes["lfo"] = Node("lfo", values={"shape": "square", "sync": "lock", "rate": 0.125})
        nodes["scale"] = Node("scale", values={"in_lo": -1.0, "in_hi": 1.0, "out_lo": low, "out_hi": high})
        cables += [Cable("lfo", "out", "scale", "x"), Cable("scale", "out", node, square, mode="set")]
    return Patch(song=Song(bpm=BPM), nodes=nodes, cables=tuple(cables))


def wait(host: Host, until: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits until `until` returns True. Raises TimeoutError with the host's messages after `seconds` seconds."""
    end = perf_counter() + seconds
    while not until():
        if perf_counter() > end:
            raise TimeoutError(f"nothing happened in {seconds:g} s: {host.status.messages}")
        sleep(LOOK_SECONDS)


def heard(host: Host, session: Session, seconds: float) -> tuple[NDArray[np.float64], int]:
    """Returns the distance to the source of each latent frame of the last `seconds` seconds, and the transport frame of
    the first one."""
    per = session.spec.samples_per_frame
    end = host.link.history_since(1 << 62)[1] // per
    start = max(end - round(seconds * session.spec.frame_rate), 0)
    sound = host.link.history_since(start * per)[0][: (end - start) * per]
    return distance_to_source(session, sound, host.performer.source, start), start


def jumps(distance: NDArray[np.float64], first: int, apart: int, side: int = 3) -> NDArray[np.int64]:
    """Returns, for each of the frames `first`, first + apart, ..., the frame near it at which a distance jumps most:
    where the mean of `side` frames from there on differs most from the mean of `side` frames before."""
    sums = np.concatenate([[0.0], np.cumsum(distance)])
    at = np.arange(side, len(distance) - side)
    step = np.zeros(len(distance))
    step[at] = np.abs(sums[at + side] - 2.0 * sums[at] + sums[at - side])
    lines = range(first, len(distance) - apart // 2, apart)
    return np.array([line - apart // 2 + int(step[line - apart // 2 : line + apart // 2].argmax()) for line in lines])


def measure_edges(session: Session, control: str, bars: int = 12) -> dict[str, Any]:
    """Returns one row: the distance, in milliseconds, of each heard edge of a square on `control` from its bar line."""
    with Host(patch(square=control), session, device=CARD) as host:
        host.start()
        wait(host, lambda: host.status.seconds > (bars + 0.5) * BAR_SECONDS, 120.0)
        status = host.status
        distance, start = heard(host, session, (bars - 2) * BAR_SECONDS)
    bar = round(BAR_SECONDS * session.spec.frame_rate)
    first = -start % bar + (bar if -start % bar < bar // 2 else 0)
    found = jumps(distance, first, bar)
    away = 1e3 * np.abs(found - first - bar * np.arange(len(found))) / session.spec.frame_rate
    return {
        "edges of": control,
        "depth": status.depth,
        "edges": len(found),
        "within 60 ms": int(np.count_nonzero(away <= 60.0)),
        "median_ms": float(np.median(away)),
        "worst_ms": float(away.max()),
        "late": status.late,
        "missed": status.missed,
        "meter_ms": status.heard_error_ms[0],
    }


def measure_minute(session: Session, path: Path, picture: Path | None = None, seconds: float = 60.0) -> dict[str, Any]:
    """Plays a patch file for a minute and returns one row on it and its seams; draws a picture with the seams marked,
    if a path is given."""
    with Host(load_playable(path), session, folder=path.parent, device=CARD) as host:
        host.start()
        wait(host, lambda: host.status.seconds > seconds, 3 * seconds)
        status, spec = host.status, session.spec
        sound = host.link.history(seconds + 1.0)
        joins = np.array([frame for frame, _ in host.tick_loop.seams])
        if picture is not None:
            of_performance(host.performer, sound, picture, title=path.name, marks=joins / spec.frame_rate)
    return {
        "minute of": path.name,
        "completions": status.completions,
        "late": status.late,
        "starved_s": status.starved,
        "xruns": status.xruns,
        **of_seams([seam for _, seam in host.tick_loop.seams]),
        **figures(sound, joins, spec.samples_per_frame, spec.sample_rate),
    }


def moved_after(session: Session, host: Host, frame: float, seconds: float) -> float | None:
    """Returns the seconds from a knob's move at transport frame `frame` to the ear; None where the sound of the last
    `seconds` seconds did not change."""
    rate = session.spec.frame_rate
    distance, start = heard(host, session, seconds)
    moved = int(frame) - start
    before, after = np.median(distance[max(moved - rate, 0) : moved]), np.median(distance[-rate:])
    share = (smooth(distance, 3)[moved:] - before) / (after - before)
    if abs(after - before) <= 0.1 or not (share > HEARD).any():
        return None
    return (start + moved + int(np.argmax(share > HEARD)) - frame) / rate


def measure_knob(session: Session, host: Host, control: str, moves: int = 10) -> list[float]:
    """Turns a knob `moves` times and returns the seconds from each move to the ear; moves that were not heard are left
    out."""
    node, high, low = KNOBS[control]
    per = session.spec.samples_per_frame
    random = np.random.default_rng(5)
    found: list[float] = []
    host.turn(node, control, high)
    sleep(SETTLE_SECONDS)
    for move in range(moves):
        sleep(float(random.uniform(0.0, 0.5)))
        host.turn(node, control, (low, high)[move % 2])
        frame = host.link.playhead() / per
        sleep(SETTLE_SECONDS)
        time = moved_after(session, host, frame, 2.0 * SETTLE_SECONDS)
        found += [] if time is None else [time]
    return found


def measure_run(session: Session, began: float, seconds: float = 60.0, focus: str = "8 s") -> list[dict[str, Any]]:
    """Plays for `seconds` seconds and returns one row on the whole run, then one row for each knob.

    began: when the program was started, in seconds of `perf_counter`.
    """
    with Host(patch(focus=focus), session, device=CARD) as host:
        host.start()
        wait(host, lambda: host.status.begun)
        first = perf_counter() - began
        wait(host, lambda: host.status.seconds > min(15.0, seconds / 4))
        early, xruns = peak_memory() or 0.0, host.status.xruns
        wait(host, lambda: host.status.seconds > seconds, 3 * seconds)
        status = host.status
        run = {
            "focus": focus,
            "seconds": status.seconds,
            "first_sound_s": first,
            "tick_ms": status.tick_ms,
            "decode_ms": status.decode_ms,
            "lead_ms": status.lead_ms,
            "completions_per_second": status.completions / status.seconds,
            "starved_s": status.starved,
            "xruns": status.xruns - xruns,
            "peak_mb": peak_memory(),
            "grown_mb": (peak_memory() or 0.0) - early,
        }
        knobs = [(control, measure_knob(session, host, control)) for control in KNOBS]
    return [run, *(_row(control, times) for control, times in knobs)]


def _row(control: str, times: Sequence[float]) -> dict[str, Any]:
    figures = 1e3 * np.percentile(times, (50, 90, 100)) if times else np.full(3, np.nan)
    names = ("median_ms", "p90_ms", "worst_ms")
    return {"knob to ear": control, "moves": len(times), **dict(zip(names, map(float, figures), strict=True))}
