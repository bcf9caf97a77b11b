"""Renders a patch with its effect and with the effect at rest, and measures how far the sound follows the control."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from demon_patch.arrays import Curve
from demon_patch.bench.descriptors import DESCRIPTORS, Heard
from demon_patch.engine.contracts import Source
from demon_patch.engine.session import Session
from demon_patch.gallery.effects import Effect, stilled
from demon_patch.patch.model.document import Patch
from demon_patch.picture import of_performance
from demon_patch.runtime.assets.assets import files_of
from demon_patch.runtime.assets.overwrite import allow_picture
from demon_patch.runtime.descriptors import smooth
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import load_playable, perform
from demon_patch.runtime.render import render, write

ELSEWHERE = "name another folder with --to"
CORRELATION = 0.6  # least size of a good correlation
LAG_SECONDS = 0.06  # longest good lag of a forecast signal
FARTHEST_SECONDS = 0.6  # longest lag that is tried
TOLD_APART = 0.01  # lags whose correlations differ by less are not told apart: a slow movement agrees over many
HELD_SECONDS = 2.0  # longest lag that is tried for a signal that is held or gathers


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one patch.

    name, title: of the patch.
    descriptor: in which its effect is heard.
    control: the port that moves, as node.port.
    correlation: -1 to 1, of the control with the descriptor's change against the patch at rest, at the lag at which
    they agree best. It compares ranks (Spearman), since many effects are strong at once and then saturate; its sign is
    that of the effect.
    lag: seconds by which the sound is late, between frames by a parabola.
    held: whether a live source reaches the port, so that the sound may be late.
    loudness: mean power of the sound in dBFS.
    late, missed: completions that were not ready for their edge, and edges that were skipped (`Trace`).
    good: whether the correlation is at least CORRELATION (0.6) in size and, unless the signal is held or gathers, a lag
    of at most LAG_SECONDS (0.06) is as good within TOLD_APART (0.01).
    """

    name: str
    title: str
    descriptor: str
    control: str
    correlation: float
    lag: float
    held: bool
    loudness: float
    late: int
    missed: int
    good: bool

    @property
    def row(self) -> dict[str, Any]:
        """The figures as JSON data."""
        return asdict(self)


def show(name: str, path: Path, effect: Effect | None, session: Session, out: Path, seconds: float) -> Figures | None:
    """Renders a patch or pack into the folder `out`, as FLAC and PNG with its name, and returns the figures of its
    effect; None for a patch without one. Raises DemonError."""
    patch = load_playable(path)
    allow_picture(out / f"{name}.png", mend=ELSEWHERE)
    with files_of(path) as folder:
        performer = perform(patch, session, folder=folder, into=out)
        sound = write(performer, seconds, out / f"{name}.flac")
        if effect is not None:
            return _measured(name, patch, performer, sound, effect, folder, out, seconds)
    of_performance(performer, sound, out / f"{name}.png", title=patch.meta.title or name)
    return None


def _measured(
    name: str, patch: Patch, performer: Performer, sound: NDArray[np.float32], effect: Effect, folder: Path, out: Path,
    seconds: float,
) -> Figures:  # fmt: skip
    session = performer.session
    control = controlled(performer, effect, round(seconds * session.spec.frame_rate))
    change = _difference(performer, sound, _at_rest(patch, effect, session, folder, out, seconds), effect)
    shown = {f"{effect.descriptor}, change": smooth(change, effect.smooth)}
    of_performance(performer, sound, out / f"{name}.png", title=patch.meta.title or name, more=shown)
    correlation, lag, timely = agreement(control, change, effect, session)
    good = abs(correlation) >= CORRELATION and (timely or effect.held or effect.gathers)
    level = 10.0 * float(np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-12))
    return Figures(
        name, patch.meta.title or name, effect.descriptor, f"{effect.node}.{effect.port}", correlation, lag,
        effect.held, level, performer.trace.late, performer.trace.missed, good,
    )  # fmt: skip


def controlled(performer: Performer, effect: Effect, frames: int) -> Curve:
    """Returns the port that moves at each of `frames` control frames, in its own unit; with the family taper, the knob
    position."""
    return performer.forecast.span(performer.program.engine_port(effect.node, effect.trace or effect.port), 0, frames)


def _at_rest(
    patch: Patch, effect: Effect, session: Session, folder: Path, out: Path, seconds: float
) -> NDArray[np.float32]:
    performer = perform(stilled(patch, effect), session, folder=folder, into=out)
    performer.recordings = ()  # those of the patch itself are not written over
    return render(performer, seconds)


def _difference(
    performer: Performer, sound: NDArray[np.float32], resting: NDArray[np.float32], effect: Effect
) -> Curve:
    """Returns the difference of the descriptor, in its unit, from the same latent frame of the patch at rest:
    [frames]."""
    session, target = performer.session, performer.parts.get("target")
    latent = target.latent if isinstance(target, Source) else None
    unmoved = session.encode(resting)
    both = [Heard(session, each, performer.source.latent, latent, unmoved) for each in (sound, resting)]
    moved, still = (DESCRIPTORS[effect.descriptor](heard) for heard in both)
    return moved - still


def agreement(control: Curve, difference: Curve, effect: Effect, session: Session) -> tuple[float, float, bool]:
    """Returns the correlation at the best lag, -1 to 1; that lag in seconds, positive where the sound is late; and
    whether a lag within `LAG_SECONDS` is as good within `TOLD_APART`."""
    rate = session.spec.frame_rate
    control, difference = smooth(control, effect.smooth), smooth(difference, effect.smooth)
    frames, most = (
        min(len(control), len(difference)),
        round((HELD_SECONDS if effect.held or effect.gathers else FARTHEST_SECONDS) * rate),
    )
    lags = np.arange(-most, most + 1)

    def at(lag: int) -> float:
        a = control[effect.lead + max(-lag, 0) : frames - max(lag, 0)]
        b = difference[effect.lead + max(lag, 0) : frames - max(-lag, 0)]
        return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0

    found = np.array([at(int(lag)) for lag in lags])
    best = int(np.abs(found).argmax())
    near = np.abs(lags) <= LAG_SECONDS * rate
    apart = abs(found[best]) - np.abs(found[near]).max()
    return float(found[best]), float((lags[best] + _between(np.abs(found), best)) / rate), bool(apart <= TOLD_APART)


def _between(values: Curve, at: int) -> float:
    """Returns where the vertex of a parabola through the values at `at` and its two neighbours lies, relative to `at`:
    -1/2 to 1/2."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, here, after = values[at - 1 : at + 2]
    bend = before - 2.0 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0
