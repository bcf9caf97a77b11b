"""The time-frequency grid of a codec: the numbers that its transform, bands, phases and attacks are derived from."""

from __future__ import annotations

from dataclasses import dataclass

STEPS_PER_FRAME = 4
"""Steps of the transform in one latent frame."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A short-time Fourier transform of 100 steps a second, and the bands that its bins are summed into.

    sample_rate: samples a second. window, hop: samples of a window, and from one step to the next.
    linear_bands: bands on single bins from the lowest on. bands: all of them, the others spaced by equal ratios.
    highest_bin: the bin on which the highest band is centred.
    attack_edges: Hz between which attacks are found, one band between each two.
    anchor: steps from one anchor of the phase to the next; 8 to 64 sound alike, and fewer need less margin.
    pin_hz, pin_db: a partial keeps its phase within so many Hz, where it stands out by so many dB.
    """

    sample_rate: int
    window: int
    hop: int
    linear_bands: int
    bands: int
    highest_bin: int
    attack_edges: tuple[float, ...]
    anchor: int
    pin_hz: float
    pin_db: float

    @property
    def bins(self) -> int:
        """Frequency bins of the transform."""
        return self.window // 2 + 1

    @property
    def bin_hz(self) -> float:
        """Hz from one bin to the next."""
        return self.sample_rate / self.window

    @property
    def edge(self) -> int:
        """Samples by which the first window begins before the sound."""
        return (self.window - self.hop) // 2

    @property
    def gate(self) -> int:
        """Samples of a step of the short transform in which attacks are gated: 2.5 ms."""
        return self.hop // 4


MONO = Grid(32_000, 1280, 320, 64, 160, 640, (1200.0, 3500.0, 8000.0, 16_000.0), 16, 50.0, 5.0)
"""The grid of the codec at 32 kHz mono."""

STEREO = Grid(48_000, 1920, 480, 200, 264, 820, (1200.0, 3500.0, 8000.0, 20_000.0), 12, 60.0, 3.0)
"""The grid of the codec at 48 kHz stereo: every bin up to 5 kHz has a band of its own."""
