from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from demon_patch.bench.gaussian import SPEC
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.step import wavelet
from demon_patch.engine.step.buffers import Buffers
from demon_patch.engine.step.reference import SCALING, analysis, corrected, mirror
from demon_patch.engine.step.wavelet import Correction, correct

rng = np.random.default_rng(5)
WAVELETS = ["haar", "db4"]


def number(value: float) -> torch.Tensor:
    return torch.full((1, 1, 1), value, dtype=torch.float64)


@pytest.mark.parametrize("frames", [1, 2, 7, 24, 31])
@pytest.mark.parametrize("name", WAVELETS)
def test_bands_are_those_of_the_filters_and_join_again(name: str, frames: int) -> None:
    x = torch.from_numpy(rng.standard_normal((2, frames, 3)))
    low, high = wavelet.split(x, name, Buffers(), "x")
    assert high is not None
    for band, taps in ((low, SCALING[name]), (high, mirror(SCALING[name]))):
        for row in range(2):
            np.testing.assert_allclose(band[row].numpy(), analysis(x[row].numpy(), taps), atol=1e-10)
    joined = wavelet.add_joined(torch.zeros_like(x), low, high, name, Buffers())
    torch.testing.assert_close(joined, x, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", WAVELETS)
def test_a_wavelet_is_blind_to_what_stands_still(name: str) -> None:
    assert abs(sum(SCALING[name]) - 2**0.5) < 1e-10
    high = wavelet.split(torch.ones(1, 40, 1, dtype=torch.float64), name, Buffers(), "x")[1]
    assert high is not None
    assert high[:, 4:-4].abs().max() < 1e-10


@pytest.mark.parametrize(
    "faders", [{}, {"multiply": 0.6}, {"phase": 0.7}, {"soft": 0.2}, {"multiply": 0.3, "phase": 0.4}]
)
@pytest.mark.parametrize("mode", ["low", "high", "double", "pix"])
@pytest.mark.parametrize("name", WAVELETS)
@pytest.mark.parametrize("frames", [8, 21])
def test_corrections_are_those_of_whole_transforms(name: str, mode: str, faders: dict[str, Any], frames: int) -> None:
    x, y = (torch.from_numpy(rng.standard_normal((2, frames, 3))) for _ in range(2))
    t = torch.tensor([0.8, 0.3], dtype=torch.float64).view(2, 1, 1)
    low, high = (torch.from_numpy(rng.uniform(0, 0.5, (1, frames, 1))) for _ in range(2))
    how = Correction(mode, name, low, high, **{key: number(value) for key, value in faders.items()})
    values = {"dcw_low": low[0].numpy(), "dcw_high": high[0].numpy()}
    values |= {f"dcw_{key}": np.array(value) for key, value in faders.items()}

    def get(key: str) -> np.ndarray:
        return np.asarray(values.get(key, SPEC.default(CONTROLS[key])))

    expected = [corrected(x[row].numpy(), y[row].numpy(), float(t[row]), get, mode, name) for row in range(2)]
    got = correct(x, y, t, how)
    assert got is x
    np.testing.assert_allclose(got.numpy(), np.stack(expected), atol=1e-9)
