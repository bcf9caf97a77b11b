"""Wavelet correction: amplifies what a step changed in the latent, separately for slow and for fast movement in time.

It uses one level of the orthogonal discrete wavelet transform along time, with the song padded with zeros, per channel
(Haar 1910; Daubechies 1988). The correction follows DCW (Yu et al., CVPR 2026, arXiv 2604.16044).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from demon_patch.engine.step.buffers import Buffers, broadcast

SCALING: dict[str, tuple[float, ...]] = {
    "haar": (math.sqrt(0.5), math.sqrt(0.5)),
    "db4": (
        0.2303778133088965,
        0.7148465705529157,
        0.6308807679298589,
        -0.027983769416859854,
        -0.18703481171909309,
        0.030841381835560764,
        0.0328830116668852,
        -0.010597401785069032,
    ),
}
"""The scaling (low-pass) filters by wavelet, with 1 and with 4 vanishing moments (Daubechies 1992, table 6.1)."""


def _taps(wavelet: str) -> tuple[tuple[float, float], ...]:
    """Returns for each tap the scaling and the wavelet filter's number. The wavelet filter is the scaling filter's
    quadrature mirror."""
    low = SCALING[wavelet]
    return tuple((tap, (-1) ** at * low[-1 - at]) for at, tap in enumerate(low))


def band_length(frames: int, wavelet: str) -> int:
    """Returns the number of band samples N that each band has for `frames` latent frames."""
    return (frames + len(SCALING[wavelet]) - 1) // 2


def split(x: Tensor, wavelet: str, buffers: Buffers, name: str, high: bool = True) -> tuple[Tensor, Tensor | None]:
    """Returns the low and the high band [R, N, C] of x [R, T, C], held in `buffers` under names that begin with `name`.

    high: whether the high band is computed; if not, None is returned for it.
    """
    taps, (rows, frames, channels) = _taps(wavelet), x.shape
    length = band_length(frames, wavelet)
    padded = _padded(x, len(taps), length, buffers)
    shape = (rows, length, channels)
    low = buffers.take(f"{name} low", shape, x.dtype)
    other = buffers.take(f"{name} high", shape, x.dtype) if high else None
    for at, (tap, mirror) in enumerate(taps):
        part = padded[:, at : at + 2 * length : 2]
        for band, factor in ((low, tap), (other, mirror)):
            if band is not None:
                torch.mul(part, factor, out=band) if at == 0 else band.add_(part, alpha=factor)
    return low, other


def add_joined(x: Tensor, low: Tensor | None, high: Tensor | None, wavelet: str, buffers: Buffers) -> Tensor:
    """Adds the signal that two bands [R, N, C] stand for to x [R, T, C], in place, and returns x. A band of None is
    zero."""
    taps, (rows, frames, channels) = _taps(wavelet), x.shape
    length = band_length(frames, wavelet)
    padded = buffers.take("padded", (rows, 2 * length + len(taps) - 2, channels), x.dtype).zero_()
    for at, factors in enumerate(taps):
        part = padded[:, at : at + 2 * length : 2]
        for band, factor in zip((low, high), factors, strict=True):
            if band is not None:
                part.add_(band, alpha=factor)
    return x.add_(padded[:, len(taps) - 2 : len(taps) - 2 + frames])


def at_band(curve: Tensor, wavelet: str, factor: Tensor, buffers: Buffers, name: str) -> Tensor:
    """Returns a curve for each band sample, times `factor`, [R, N | 1, 1].

    curve: [R | 1, T | 1, 1], per latent frame. factor: [R, 1, 1].
    A band sample takes the mean of the curve at the two latent frames round the centre of its filter. Beyond the ends
    of the song, the curve's first and last numbers are repeated. The result is in `buffers`, under names that begin
    with `name`.
    """
    rows, frames, width = curve.shape
    mean = curve
    if frames > 1:
        before, after = _centres(frames, wavelet, curve.device)
        shape = (rows, len(before), width)
        mean = torch.index_select(curve, 1, before, out=buffers.take(f"{name} before", shape, curve.dtype))
        mean.add_(torch.index_select(curve, 1, after, out=buffers.take(f"{name} after", shape, curve.dtype))).div_(2)
    shape = broadcast(mean.shape, factor.shape)
    return torch.mul(mean, factor, out=buffers.take(f"{name} scaler", shape, curve.dtype))


@cache
def _centres(frames: int, wavelet: str, device: torch.device) -> tuple[Tensor, Tensor]:
    before = 2 * torch.arange(band_length(frames, wavelet), device=device) + 1 - len(SCALING[wavelet]) // 2
    return before.clamp(0, frames - 1), (before + 1).clamp(0, frames - 1)


def _padded(x: Tensor, taps: int, length: int, buffers: Buffers) -> Tensor:
    padded = buffers.take("padded", (x.shape[0], 2 * length + taps - 2, x.shape[2]), x.dtype)
    first = taps - 2
    padded[:, :first].zero_()
    padded[:, first : first + x.shape[1]].copy_(x)
    padded[:, first + x.shape[1] :].zero_()
    return padded


@dataclass(frozen=True, slots=True)
class Correction:
    """The controls of the wavelet correction.

    mode: `low`, `high`, `double` (both bands) or `pix` (no bands).
    wavelet: a key of `SCALING`.
    low, high: the amounts of the two bands, [R | 1, T | 1, 1]. Mode `pix` uses `low`.
    multiply, phase, soft: faders [R | 1, 1, 1] from 0 to 1, None for off. They act on the bands only.
    multiply: at 0 the correction adds to the low band, at 1 it stretches the low band.
    phase: at 0 it corrects the low band's samples, at 1 the magnitude and the phase of its analytic signal separately.
    soft: band samples of the difference are moved towards 0 by this much; smaller ones become 0.
    """

    mode: str
    wavelet: str
    low: Tensor
    high: Tensor
    multiply: Tensor | None = None
    phase: Tensor | None = None
    soft: Tensor | None = None


def correct(x: Tensor, predicted: Tensor, t: Tensor, how: Correction, buffers: Buffers | None = None) -> Tensor:
    """Amplifies the difference of a step's result x [R, T, C] from the clean prediction, in place, and returns x.

    predicted: [R, T, C], x - t * v of the latent before the step.
    t: [R, 1, 1], the timestep at which the step began.

    With D = x - predicted: mode `pix` adds low * D. The other modes add t * low * D_low to the low band, and
    (1 - t) * high * D_high to the high band.
    """
    work = Buffers(x.device) if buffers is None else buffers
    difference = torch.sub(x, predicted, out=work.like("difference", x))
    if how.mode == "pix":
        return x.addcmul_(how.low, difference)
    low, high = split(difference, how.wavelet, work, "step", high=how.mode != "low")
    if how.soft is not None:
        _soft(low, how.soft, work)
        if high is not None:
            _soft(high, how.soft, work)
    change = None
    if how.mode != "high":
        change = _low_change(x, predicted, low, at_band(how.low, how.wavelet, t, work, "low"), how, work)
    if high is not None:
        done = torch.neg(t, out=work.like("done", t)).add_(1)
        high.mul_(at_band(how.high, how.wavelet, done, work, "high"))
    return add_joined(x, change, high, how.wavelet, work)


def _soft(band: Tensor, threshold: Tensor, work: Buffers) -> None:
    """Moves each sample of a band towards 0 by the threshold, at most to 0 (Donoho 1995), in place."""
    lowest = torch.neg(threshold, out=work.like("lowest", threshold))
    band.sub_(torch.clamp(band, lowest, threshold, out=work.like("lost", band)))


def _low_change(x: Tensor, y: Tensor, difference: Tensor, a: Tensor, how: Correction, work: Buffers) -> Tensor:
    """Returns the change [R, N, C] that is added to the low band L of x.

    With M the low band of y, D = L - M after the threshold, and a the amount, it is a * D. The fader `multiply` moves
    it to a * sign(D) * L. Then the fader `phase` moves it to

        (|L| + a * (|L| - |M|)) * cos(arg L + a * (arg L - arg M)) - L

    where | | and arg are magnitude and phase of the analytic signals of L and M.

    x: the step's result. y: the clean prediction. difference: D; it may be overwritten.
    """
    if how.multiply is None and how.phase is None:
        return difference.mul_(a)
    result = split(x, how.wavelet, work, "result", high=False)[0]
    change = torch.mul(difference, a, out=work.like("change", difference))
    if how.multiply is not None:
        stretched = torch.sgn(difference, out=work.like("stretched", difference)).mul_(result).mul_(a)
        torch.lerp(change, stretched, how.multiply, out=change)
    if how.phase is not None:
        before = split(y, how.wavelet, work, "predicted", high=False)[0]
        now, then = analytic(result), analytic(before)
        turn = torch.angle(now * then.conj())
        magnitude = now.abs() + a * (now.abs() - then.abs())
        change = torch.lerp(change, magnitude * torch.cos(now.angle() + a * turn) - result, how.phase)
    return change


def analytic(x: Tensor) -> Tensor:
    """Returns the complex analytic signal of x [R, N, C] along dimension 1: its real part is x, and it has no negative
    frequencies."""
    length = x.shape[1]
    gain = torch.zeros(length, dtype=x.dtype, device=x.device)
    gain[0] = 1
    gain[1 : (length + 1) // 2] = 2
    if length % 2 == 0:
        gain[length // 2] = 1
    return torch.fft.ifft(torch.fft.fft(x, dim=1) * gain[:, None], dim=1)
