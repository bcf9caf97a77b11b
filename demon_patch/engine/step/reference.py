"""The plain sampler: one generation, step by step, in float64 and without buffers.

Read it from top to bottom to see what a denoising step does. `chunk_step` is the fast form for many slots, and tests
compare the two. The formulas of `formulas`, `guidance` and `wavelet` are written here a second time, independently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.ring.noise import Stream, gaussian
from demon_patch.engine.ring.request import Request

Values = Mapping[str, Tensor | str]
"""Step values by name of the control (see `ring.step_values`)."""

Forward = Callable[[Tensor, Tensor, Any, Tensor | None, Tensor | None], Tensor]
"""A function that runs the denoiser: it takes a latent [T, C], a timestep, a handle, the strengths [n] of the LoRAs
(None: as they were set) and the depths [k] of the steering vectors (None: 0), and returns the velocity [T, C], all in
float64."""

SCALING = {
    "haar": [np.sqrt(0.5)] * 2,
    "db4": [0.23037781330885523, 0.7148465705525415, 0.6308807679295904, -0.02798376941698385, -0.18703481171888114,
            0.030841381835986965, 0.032883011666982945, -0.010597401784997278],
}  # fmt: skip


def eps(request: Request, stream: Stream, step: int, channels: int) -> Tensor:
    """Returns the request's noise [T, C] of a stream and denoising step, in float64."""
    seed = request.controls.whole("seed")
    return torch.from_numpy(gaussian(seed, stream, step, 0, request.frames, channels)).double()


def mirror(low: list[float]) -> list[float]:
    """Returns the high-pass filter (quadrature mirror) that belongs to a low-pass filter."""
    return [(-1) ** j * low[len(low) - 1 - j] for j in range(len(low))]


def analysis(x: np.ndarray, taps: list[float]) -> np.ndarray:
    """Returns a band [n, C]: every second number of the correlation of x [T, C] with a filter. x is 0 outside the song.

    The filter of band sample n ends at latent frame 2n + 1.
    """
    frames, size = len(x), len(taps)
    out = np.zeros(((frames + size - 1) // 2, x.shape[1]))
    for n in range(len(out)):
        for j in range(size):
            at = 2 * n - (size - 2) + j
            if 0 <= at < frames:
                out[n] += taps[j] * x[at]
    return out


def synthesis(bands: list[tuple[np.ndarray, list[float]]], frames: int) -> np.ndarray:
    """Returns the signal [frames, C] of bands [n, C], each with its filter. It is the inverse of `analysis`."""
    out = np.zeros((frames, bands[0][0].shape[1]))
    for band, taps in bands:
        for n in range(len(band)):
            for j in range(len(taps)):
                at = 2 * n - (len(taps) - 2) + j
                if 0 <= at < frames:
                    out[at] += taps[j] * band[n]
    return out


def band_curve(curve: np.ndarray, frames: int, size: int) -> np.ndarray:
    """Returns a curve for each band sample, [n, 1]: the curve [1 | T, 1], interpolated linearly at the centre of the
    sample's filter. size: taps of the filter."""
    whole = np.broadcast_to(curve.reshape(-1), (frames,))
    centres = [2 * n - (size - 2) + (size - 1) / 2 for n in range((frames + size - 1) // 2)]
    return np.interp(centres, np.arange(frames), whole)[:, None]


def hilbert(x: np.ndarray) -> np.ndarray:
    """Returns the complex analytic signal of x [T, C] along time."""
    spectrum = np.fft.fft(x, axis=0)
    for k in range(len(x)):
        mirrored = (len(x) - k) % len(x)
        spectrum[k] *= 1 if mirrored == k else 2 if k < mirrored else 0
    return np.fft.ifft(spectrum, axis=0)


def corrected(x: np.ndarray, y: np.ndarray, t: float, get: Any, mode: str, wavelet: str) -> np.ndarray:
    """Returns the step's result x [T, C] after wavelet correction, computed with full transforms of both signals.

    y: the clean prediction [T, C]. t: the timestep at which the step began. get: returns a control's numbers by name.
    """
    frames = len(x)
    if mode == "pix":
        return x + get("dcw_low").reshape(-1, 1) * (x - y)
    low, high = SCALING[wavelet], mirror(SCALING[wavelet])
    xl, xh, yl, yh = (analysis(signal, taps) for signal, taps in ((x, low), (x, high), (y, low), (y, high)))
    tau = get("dcw_soft").item()
    dl, dh = (np.sign(d) * np.maximum(np.abs(d) - tau, 0) for d in (xl - yl, xh - yh))
    multiply, phase = get("dcw_multiply").item(), get("dcw_phase").item()
    if mode in ("low", "double"):
        a = t * band_curve(get("dcw_low"), frames, len(low))
        added, stretched = xl + a * dl, xl * (1 + a * np.sign(dl))
        result = (1 - multiply) * added + multiply * stretched
        if phase:
            ax, ay = hilbert(xl), hilbert(yl)
            turn = np.angle(np.exp(1j * (np.angle(ax) - np.angle(ay))))
            apart = (np.abs(ax) + a * (np.abs(ax) - np.abs(ay))) * np.cos(np.angle(ax) + a * turn)
            result = (1 - phase) * result + phase * apart
        xl = result
    if mode in ("high", "double"):
        xh = xh + (1 - t) * band_curve(get("dcw_high"), frames, len(low)) * dh
    return synthesis([(xl, low), (xh, high)], frames)


def apg(v: Tensor, negative: Tensor, kept: Tensor, get: Any, axis: int) -> tuple[Tensor, Tensor]:
    """Returns the guided velocity and the next momentum, both [T, C], computed with unit vectors.

    kept: the momentum of the step before. axis: 0 for time, 1 for channels. get: returns a control's numbers by name.
    """
    d = (v - negative) + get("guidance_momentum").item() * kept
    clipped = d * torch.clamp(get("guidance_clip").item() / d.norm(dim=axis, keepdim=True), max=1.0)
    unit = v / v.norm(dim=axis, keepdim=True)
    across = clipped - (clipped * unit).sum(axis, keepdim=True) * unit
    out = v + (torch.from_numpy(get("guidance")).reshape(-1, 1) - 1) * across
    r = get("guidance_rescale").item()
    return r * out * v.norm(dim=axis, keepdim=True) / out.norm(dim=axis, keepdim=True) + (1 - r) * out, d


def sampler(  # noqa: PLR0912, PLR0915 - one formula after the other is the point
    request: Request, values: Values, forward: Forward, spec: FamilySpec
) -> Tensor:
    """Returns the finished latent [T, C] of a request, in float64, with the same step values in every step.

    spec: the family's, for the number of latent channels and the defaults of controls that are not given.
    """

    def get(name: str) -> np.ndarray:
        value = values.get(name, torch.tensor(spec.default(CONTROLS[name]), dtype=torch.float64))
        assert isinstance(value, Tensor)
        return value[0].double().numpy() if value.ndim == 3 else value.numpy()

    def curve(name: str) -> Tensor:
        return torch.from_numpy(get(name))

    def option(name: str) -> str:
        return str(values.get(name, spec.default(CONTROLS[name])))

    controls = request.controls
    steps, shift = controls.whole("steps"), controls.number("shift")
    strength = 1.0 if request.source is None else controls.number("strength")
    growth, gate, guidance_mode = (
        controls.number("mask_growth"), controls.number("target_gate"), controls.option("guidance_mode")
    )  # fmt: skip
    line = torch.from_numpy(strength * (1 - np.arange(steps + 1) / steps))
    t = shift * line / (1 + (shift - 1) * line)
    handles = {"a": request.conditioning, "b": request.second, "n": request.negative}

    def noise_of(stream: Stream, step: int) -> Tensor:
        return eps(request, stream, step, spec.latent_channels)

    x = noise_of(Stream.INIT, 0)
    src = None if request.source is None else request.source.double()
    if src is not None:
        noisy = controls.curve("initial_noise")
        c = t[0] if noisy is None else noisy.double()[:, None]
        x = c * x + (1 - c) * src
    momentum, first, last = torch.zeros_like(x), None, None
    axis = 1 if option("guidance_axis") == "frame" else 0
    for k in range(steps):
        now, nxt, progress = t[k], t[k + 1], k / (steps - 1) if steps > 1 else 1.0
        mask, kept = None, controls.curve("mask")
        if kept is not None and src is not None:
            mask = kept.double()[:, None] * (1 - growth + growth * progress)
            noise = noise_of(Stream.MASK, 0)
            x = mask * x + (1 - mask) * (now * noise + (1 - now) * src)
        seen = x * curve("channel_gain")
        loras = curve("lora_strength").flatten() if "lora_strength" in values else None
        depths = curve("steer_depth").flatten() if "steer_depth" in values else None
        v = forward(seen, now, handles["a"], loras, depths)
        share = np.float32(k / steps)
        speaks = np.float32(get("condition_from")) <= share < np.float32(get("condition_to"))
        if request.second is not None and "condition_weight" in values and speaks:
            w = curve("condition_weight")
            v = (1 - w) * v + w * forward(seen, now, handles["b"], loras, depths)
        if "guidance" in values and guidance_mode != "off":
            if guidance_mode == "self":
                negative = noise_of(Stream.INIT, 0)
            elif guidance_mode == "full" or first is None:
                first = negative = forward(seen, now, handles["n"], loras, depths)
            else:
                negative = first
            v, momentum = apg(v, negative, momentum, get, axis)
        blends = "source_blend" in values and src is not None
        if option("solver") == "ab2" and not blends:
            predicted = v
            if last is not None and (now - nxt) / (t[k - 1] - now) <= 4:
                v = v + (nxt - now) / (now - t[k - 1]) / 2 * (v - last)
            last = None if curve("ode_noise").any() else predicted
        y = x - now * v
        x0 = x - now * v * curve("velocity_scale")
        if mask is not None and src is not None:
            x0 = mask * x0 + (1 - mask) * src
        if request.target is not None:
            target = request.target.double()
            if "target_curve" in values:
                pull = curve("target_curve") * (max(0.0, progress - gate) / max(1 - gate, 1e-6))
            else:
                pull = curve("target_strength") * (k >= steps // 2)
            x0 = (1 - pull) * x0 + pull * target
        if blends:
            assert src is not None
            w = curve("source_blend")
            after = nxt * noise_of(Stream.SDE, k) + (1 - nxt) * (w * x0 + (1 - w) * src)
        elif option("solver") == "sde":
            after = nxt * noise_of(Stream.SDE, k) + (1 - nxt) * x0
        else:
            after = x + (nxt - now) * (x - x0) / now + noise_of(Stream.ODE, k) * curve("ode_noise") * nxt
        mode = option("dcw")
        if mode != "off":
            corrected_ = corrected(after.numpy(), y.numpy(), float(now), get, mode, option("dcw_wavelet"))
            after = torch.from_numpy(corrected_)
            if mask is not None and src is not None:
                after = mask * after + (1 - mask) * (nxt * noise_of(Stream.MASK, 0) + (1 - nxt) * src)
        x = after
    return x
