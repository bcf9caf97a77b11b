from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from demon_patch.engine.step import formulas

SHAPE = (3, 17, 5)
rng = np.random.default_rng(0)
X, V, SOURCE, NOISE = (torch.from_numpy(rng.standard_normal(SHAPE)) for _ in range(4))
T = torch.tensor([0.9, 0.5, 0.2], dtype=torch.float64).view(3, 1, 1)
NEXT = torch.tensor([0.7, 0.3, 0.0], dtype=torch.float64).view(3, 1, 1)
CURVE = torch.from_numpy(rng.uniform(0, 1, (1, 17, 1)))
ROWS = torch.from_numpy(rng.uniform(0, 1, (3, 17, 1)))


def plain(*tensors: Tensor) -> list[np.ndarray]:
    return [tensor.numpy() for tensor in tensors]


@pytest.mark.parametrize("amount", [CURVE, ROWS, T], ids=["curve", "rows", "scalars"])
def test_formulas_against_numpy(amount: Tensor) -> None:
    x, v, source, noise, t, t_next, a = plain(X, V, SOURCE, NOISE, T, NEXT, amount)
    cases = [
        (formulas.initial(NOISE, SOURCE, amount), a * noise + (1 - a) * source),
        (formulas.x0_of(X, V, T * amount), x - t * a * v),
        (formulas.euler(X, V, (NEXT - T) * amount), x + (t_next - t) * a * v),
        (formulas.source_blend(X, SOURCE, amount), a * x + (1 - a) * source),
        (formulas.step(X, NOISE, NEXT), t_next * noise + (1 - t_next) * x),
        (formulas.pull(X, SOURCE, amount), (1 - a) * x + a * source),
        (formulas.masked(X, SOURCE, amount), a * x + (1 - a) * source),
        (formulas.step(formulas.x0_of(X, V, T), X, NEXT / T), x + (t_next - t) * v),
        (formulas.ode_noise(X, NOISE, NEXT * amount), x + a * t_next * noise),
    ]
    for got, expected in cases:
        assert got.dtype == torch.float64
        np.testing.assert_allclose(got.numpy(), expected, rtol=0, atol=1e-14)


def test_results_go_into_the_latent_itself() -> None:
    for formula, other, amount in [
        (formulas.x0_of, V, T),
        (formulas.euler, V, NEXT - T),
        (formulas.source_blend, SOURCE, ROWS),
        (formulas.step, NOISE, NEXT),
        (formulas.ode_noise, NOISE, CURVE),
    ]:
        x = X.clone()
        assert formula(x, other, amount, out=x) is x
        assert torch.equal(x, formula(X, other, amount))


def test_ends_are_exact() -> None:
    zero, one = torch.zeros(1, 1, 1, dtype=torch.float64), torch.ones(1, 1, 1, dtype=torch.float64)
    assert torch.equal(formulas.initial(NOISE, SOURCE, one), NOISE)
    assert torch.equal(formulas.initial(NOISE, SOURCE, zero), SOURCE)
    assert torch.equal(formulas.source_blend(X, SOURCE, one), X)
    assert torch.equal(formulas.source_blend(X, SOURCE, zero), SOURCE)
    assert torch.equal(formulas.step(X, NOISE, zero), X)


def test_euler_and_renoise_agree_on_the_true_noise() -> None:
    clean, t, t_next = SOURCE, T, NEXT
    x = t * NOISE + (1 - t) * clean
    v = NOISE - clean
    torch.testing.assert_close(formulas.x0_of(x, v, t), clean, rtol=0, atol=1e-14)
    torch.testing.assert_close(
        formulas.euler(x, v, t_next - t), formulas.step(clean, NOISE, t_next), rtol=0, atol=1e-14
    )


def test_amounts_over_the_steps() -> None:
    assert [formulas.late(k, 8) for k in range(8)] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [formulas.late(k, 5) for k in range(5)] == [0, 0, 1, 1, 1]
    np.testing.assert_allclose([formulas.ramp(k, 5, 0.0) for k in range(5)], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose([formulas.ramp(k, 5, 0.5) for k in range(5)], [0, 0, 0, 0.5, 1])
    assert [formulas.ramp(k, 5, 1.0) for k in range(5)] == [0] * 5
    np.testing.assert_allclose([formulas.opening(k, 5, 1.0) for k in range(5)], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose([formulas.opening(k, 5, 0.5) for k in range(5)], [0.5, 0.625, 0.75, 0.875, 1])
    assert [formulas.opening(k, 5, 0.0) for k in range(5)] == [1] * 5
    assert (formulas.ramp(0, 1, 0.0), formulas.late(0, 1), formulas.opening(0, 1, 1.0)) == (1, 1, 1)
