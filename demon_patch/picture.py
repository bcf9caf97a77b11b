"""Draws pictures of a render: spectrogram, control traces, bar lines (needs the `plots` extra)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from demon_patch.console import writable
from demon_patch.engine.controls import CONTROLS
from demon_patch.errors import DemonError
from demon_patch.nodes.library.engine.surface import channel_groups
from demon_patch.patch.files import atomic_file
from demon_patch.runtime.assets.overwrite import SOFTWARE
from demon_patch.runtime.descriptors import distance_to_source, smooth
from demon_patch.runtime.graph.rates import when_taken as taken_by

if TYPE_CHECKING:
    from demon_patch.runtime.performance.performer import Performer


LABEL = 15  # characters of a trace's label in a line: as many as its height has room for


class TakenControl(NamedTuple):
    """What the generations of a performance took of one control.

    seconds: transport seconds from which each generation is heard, [n].
    values: what each generation took, in the control's unit, [n].
    rate: how many times a second the control is taken.
    """

    seconds: NDArray[np.float64]
    values: NDArray[np.float64]
    rate: float


def check_can_draw(path: Path) -> None:
    """Raises DemonError where a picture cannot be drawn into a file: without matplotlib, for a file that is no .png,
    and where the file cannot be written. Draws nothing."""
    if find_spec("matplotlib") is None:
        raise DemonError("a picture needs matplotlib", mend="install it with: pip install 'demon-patch[plots]'")
    if path.suffix.lower() != ".png":
        raise DemonError("cannot be drawn as a picture", file=path, mend="name a .png file")
    writable(path)


def spectrogram(
    sound: NDArray[np.float32],
    rate: int,
    path: str | Path,
    *,
    title: str = "",
    traces: Mapping[str, tuple[NDArray[np.float64], float]] | None = None,
    bars: NDArray[np.float64] | None = None,
    marks: NDArray[np.float64] | None = None,
    taken: Mapping[str, TakenControl] | None = None,
) -> Path:
    """Writes a PNG with the sound's spectrogram in dBFS and one plot below it for each trace; returns its path.

    sound: [samples, channels] at `rate` samples per second.
    traces: by label, (values, values per second).
    bars: seconds of the bar lines.
    marks: seconds of other events, drawn as ticks along the top.
    taken: by label of a trace, what generations took of it, drawn over it.

    Raises DemonError without matplotlib, and where the file cannot be written.
    """
    check_can_draw(Path(path))
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    traces = traces or {}
    seconds = len(sound) / rate
    figure, axes = plt.subplots(
        1 + len(traces),
        1,
        figsize=(12, 4 + 1.4 * len(traces)),
        sharex=True,
        height_ratios=[4] + [1.4] * len(traces),
        squeeze=False,
        layout="constrained",
    )
    size = 2048
    mono = np.pad(sound.mean(axis=1), (size // 2, size // 2))
    frames = np.lib.stride_tricks.sliding_window_view(mono, size)[:: max(len(mono) // 3000, 1)]
    level = 20 * np.log10(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) / (size / 4) + 1e-6)
    top = axes[0, 0]
    top.imshow(
        level.T,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, rate / 2000),
        cmap="magma",
        vmin=-95,
        vmax=-15,
        interpolation="bilinear",
    )
    top.set_yscale("symlog", linthresh=0.5, linscale=0.6)
    top.set_ylim(0.03, rate / 2000)
    top.set_yticks([0.1, 0.5, 1, 2, 5, 10])
    top.set_yticklabels(["0.1", "0.5", "1", "2", "5", "10"])
    top.set_ylabel("kHz")
    top.set_title(title)
    for axis, (name, (values, per_second)) in zip(axes[1:, 0], traces.items(), strict=True):
        axis.plot(np.arange(len(values)) / per_second, values, linewidth=1.2)
        took = (taken or {}).get(name)
        if took is not None:
            axis.step(took.seconds, took.values, "o-", where="post", linewidth=0.8, markersize=2.5, color="tab:orange")
        axis.set_ylabel(label(name, took))
        axis.grid(alpha=0.3)
    for axis in axes[:, 0]:
        for bar in bars if bars is not None else []:
            axis.axvline(bar, color="white" if axis is top else "grey", linewidth=0.6, alpha=0.5)
    if marks is not None:
        top.plot(
            marks, np.full(len(marks), 0.985), "|", color="cyan", markersize=5, transform=top.get_xaxis_transform()
        )
    axes[-1, 0].set_xlim(0, seconds)
    axes[-1, 0].set_xlabel("seconds")
    drawn, path = BytesIO(), Path(path)
    figure.savefig(drawn, dpi=80, format="png", metadata={"Software": SOFTWARE})
    plt.close(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_file.write(path, drawn.getvalue())
    return path


def label(name: str, took: TakenControl | None = None) -> str:
    """Returns the label of a trace, broken into lines of at most LABEL characters; with `took`, how often it is taken
    is the last line."""
    lines = wrap(name, LABEL)
    return "\n".join(lines if took is None else [*lines, f"taken {took.rate:.2g}/s"])


def moved_controls(performer: Performer, frames: int) -> dict[str, NDArray[np.float64]]:
    """Returns the controls that moved, by title, each as one value per transport frame for the frames 0 to `frames` -
    1, as the engine takes it. Controls of channel groups are included."""
    curves = {name: performer.curve(name, frames) for name in performer.controls.port_numbers}
    titled = {**channel_groups.by_name, **CONTROLS}
    names = {name: titled[name].title.lower() if name in titled else name for name in curves}
    return {names[name]: curve for name, curve in curves.items() if np.ptp(curve)}


def taken_controls(performer: Performer) -> dict[str, TakenControl]:
    """Returns what the generations of a performance took of each scalar control, by title."""
    rate, rates, found = performer.spec.frame_rate, performer.rates, dict[str, TakenControl]()
    for name in {name for _, values in performer.trace.as_made for name in values}:
        at, values = zip(*((at, values[name]) for at, values in performer.trace.as_made if name in values), strict=True)
        often = rates.per_second(taken_by(CONTROLS[name]) or "generation")
        found[CONTROLS[name].title.lower()] = TakenControl(
            np.array(at) / rate, np.array(values, dtype=np.float64), often
        )
    return found


def of_performance(
    performer: Performer,
    sound: NDArray[np.float32],
    path: str | Path,
    *,
    title: str = "",
    marks: NDArray[np.float64] | None = None,
    more: Mapping[str, NDArray[np.float64]] | None = None,
) -> Path:
    """Draws a performance into a PNG and returns its path: the sound, each control that moved with what generations
    took of it, and the distance to the source.

    more: other curves, one value per latent frame, in place of the distance.
    marks: seconds of other events (`spectrogram`).
    """
    spec = performer.spec
    seconds = len(sound) / spec.sample_rate
    frames = round(seconds * spec.frame_rate)
    traces = {name: (curve, float(spec.frame_rate)) for name, curve in moved_controls(performer, frames).items()}
    if more is None:
        distance = distance_to_source(performer.session, sound, performer.source)
        more = {"distance to source": smooth(distance, spec.frame_rate // 2)}
    traces |= {name: (curve, float(spec.frame_rate)) for name, curve in more.items()}
    bars = np.array(performer.transport.bar_lines(0, frames)) / spec.frame_rate
    return spectrogram(
        sound,
        spec.sample_rate,
        path,
        title=title,
        traces=traces,
        bars=bars,
        marks=marks,
        taken=taken_controls(performer),
    )
