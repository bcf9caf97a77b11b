"""Effects on loops at 48 kHz: whatever an effect adds runs over the end into the start."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.synth.waves import RATE


def folded(sound: Samples, samples: int) -> Samples:
    """Returns a loop [channels, samples]: sound beyond its end is added at its start."""
    loop = sound[:, :samples].copy()
    for start in range(samples, sound.shape[1], samples):
        rest = sound[:, start : start + samples]
        loop[:, : rest.shape[1]] += rest
    return loop


def filtered(loop: Samples, gain: np.ndarray) -> Samples:
    """Returns the loop with each bin of its real Fourier transform multiplied by `gain` [bins]."""
    from scipy import fft  # noqa: PLC0415 (slow to load, and names of styles do without)

    spectrum = np.asarray(fft.rfft(loop)) * gain.astype(np.float32)
    return np.asarray(fft.irfft(spectrum, loop.shape[-1]), np.float32)


def bins(samples: int) -> np.ndarray:
    """Returns the frequencies in Hz of the bins of a loop's real Fourier transform."""
    return np.arange(samples // 2 + 1) * (RATE / samples)


def reverb(wet: Samples, seconds: float, rng: np.random.Generator) -> Samples:
    """Returns the reverberation [2, n] of `wet` [2, n]: tails of decaying noise, unlike left and right, duller as they
    fade.

    seconds: length of the tail, at most 3. Each tail has an energy of 1.
    """
    length = int(min(seconds, 3.0) * RATE)
    time = np.arange(length, dtype=np.float32) / RATE
    noise = rng.standard_normal((2, length), dtype=np.float32)
    dull = noise.copy()
    dull[:, 1:] = 0.5 * (noise[:, 1:] + noise[:, :-1])
    dull[:, 3:] = 0.5 * (dull[:, 3:] + dull[:, :-3])
    tail = (noise * np.exp(-time / (seconds / 12)) * 0.5 + dull * np.exp(-time / (seconds / 5))).astype(np.float32)
    early = int(0.012 * RATE)
    tail[:, :early] *= np.linspace(0, 1, early, dtype=np.float32)
    tail /= np.sqrt(np.square(tail).sum(1, keepdims=True))
    from scipy import fft  # noqa: PLC0415

    size: int = fft.next_fast_len(wet.shape[1] + length, True)  # type: ignore[assignment]
    spectrum = np.asarray(fft.rfft(wet, size)) * np.asarray(fft.rfft(tail, size))
    return folded(np.asarray(fft.irfft(spectrum, size), np.float32), wet.shape[1])


def echo(wet: Samples, delay: int, level: float) -> Samples:
    """Returns three echoes [2, n] of `wet` [2, n], each 0.6 times the one before and with its sides exchanged.

    delay: samples between two echoes. level: gain of the first one.
    """
    total = np.zeros_like(wet)
    for number in range(3):
        source = wet[::-1] if number % 2 == 0 else wet
        total += np.roll(source, delay * (number + 1), axis=1) * np.float32(level * 0.6**number)
    return total


def chorus(sound: Samples, level: float) -> Samples:
    """Returns the sound [2, n] with two copies added, 11 ms and 17 ms late and swaying by 2 ms, one for each side."""
    count = sound.shape[1]
    sways = max(round(0.4 * count / RATE), 1)
    turns = np.arange(count, dtype=np.float32) * np.float32(sways / count)
    late = []
    for side, delay in enumerate((0.011, 0.017)):
        offset = ((delay + 0.002 * np.sin(2 * np.pi * (turns + 0.25 * side))) * RATE).astype(np.int32)
        late.append(sound[side].take(np.arange(count, dtype=np.int32) - offset, mode="wrap"))
    return sound + np.float32(level) * np.stack(late)


def widened(sound: Samples, amount: float, first: int, second: int) -> Samples:
    """Returns the sound [2, n] with a side signal: the difference of two late copies of the middle. Its mono sum is
    unchanged.

    first, second: samples by which the copies are late; the nearer to each other, the fewer low frequencies in the
    side.
    """
    middle = sound.mean(0) * np.float32(0.7 * amount)
    side = np.roll(middle, first) - np.roll(middle, second)
    return sound + np.stack([side, -side])


def duck(kicks: np.ndarray, samples: int, depth: float) -> Samples:
    """Returns a gain [samples] that drops by the share `depth` at every kick and recovers with a time constant of 90
    ms.

    kicks: the sample at which each kick begins.
    """
    latest = np.full(samples, kicks.max() - samples, np.int64)
    latest[kicks] = kicks
    since = (np.arange(samples) - np.maximum.accumulate(latest)).astype(np.float32) / RATE
    return 1 - np.float32(depth) * np.exp(-since / np.float32(0.09))
