"""The measurement of modulation itself: its table is whole, and it finds a movement that is known."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.bench.descriptors import DESCRIPTORS, Heard, height, noisiness
from demon_patch.bench.gaussian import SPEC, gaussian
from demon_patch.bench.modulation import PERIODS, followed, measure
from demon_patch.bench.trials import TRIALS, Trial, due, trial_patch
from demon_patch.engine.controls import TABLE
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.graph.check import problems

SESSION = Session(gaussian())


def test_every_built_control_is_tried() -> None:
    assert [row.name for row in TABLE if row.measured] == [trial.control for trial in TRIALS]
    assert {row.name for row in TABLE if not row.measured} == {
        "depth", "window", "lead", "preview", "limiter", "live_strength", "focus", "dry", "match", "bypass",
    }, "a row with measured=False is named here, so that none escapes by oversight"  # fmt: skip
    assert len({trial.control for trial in TRIALS}) == len(TRIALS)
    assert all(trial.descriptor in DESCRIPTORS for trial in TRIALS)


@pytest.mark.parametrize("trial", due(SPEC), ids=lambda trial: trial.control)
def test_the_patches_of_a_trial_are_good(trial: Trial) -> None:
    documents = [trial_patch(trial, at=end) for end in (trial.lo, trial.hi)]
    documents += [trial_patch(trial, bars=bars) for bars in PERIODS if trial.moves]
    assert [str(problem) for document in documents for problem in problems(document, CATALOGUE, SPEC)] == []


@pytest.mark.parametrize("late", [0, 2])
def test_a_descriptor_that_follows_is_found_with_its_lag(late: int) -> None:
    at = np.arange(200)
    control = 0.5 - 0.5 * np.cos(2 * np.pi * at / 50)
    noise = np.random.default_rng(4).normal(0, 0.05, 200)
    change, lag = followed(control, 3.0 * np.roll(control, late) + noise, 1.0, SESSION)
    assert change == pytest.approx(3.0, rel=0.1)
    assert lag == late


def test_a_descriptor_that_stands_still_does_not_follow() -> None:
    assert followed(np.linspace(0, 1, 200), np.zeros(200), 1.0, SESSION) == (0.0, 0)


def test_a_measured_control_names_its_change_and_its_spread() -> None:
    (row,) = measure(SESSION, ["strength"], seeds=2)
    assert row["change"] == max(row[f"bars_{bars:g}"] for bars in PERIODS)
    assert row["ratio"] == pytest.approx(row["change"] / row["spread"])
    assert row["verdict"] in ("audible", "subtle")
    assert row["change"] > 0.05


def test_an_unknown_control_is_refused_by_name() -> None:
    with pytest.raises(DemonError, match="loudness has no trial"):
        list(measure(SESSION, ["loudness"]))


def test_noise_is_noisier_than_a_tone() -> None:
    tone = np.sin(np.arange(3200) * 0.3).astype(np.float32)[:, None]
    hiss = np.random.default_rng(1).normal(0, 0.5, (3200, 1)).astype(np.float32)
    assert noisiness(hiss, 320).mean() > noisiness(tone, 320).mean() + 20


def test_a_distance_is_measured_on_the_sound_against_a_cyclic_latent() -> None:
    source = SESSION.compose("house", seconds=2.0, seed=1)
    sound = np.concatenate([source.audio, source.audio])
    heard = Heard(SESSION, sound, source.latent, target=source.latent + 0.25)
    np.testing.assert_allclose(DESCRIPTORS["distance to source"](heard), 0.0, atol=1e-6)
    np.testing.assert_allclose(DESCRIPTORS["distance to target"](heard), 0.25, atol=1e-6)


def test_height_follows_a_melody_frame_by_frame_and_not_what_lies_below_or_above() -> None:
    per, rate = 1920, 48_000
    keys = np.repeat([69.0, 76.0, 69.0, 81.0], 25)
    phase = np.cumsum(np.repeat(440.0 * 2 ** ((keys - 69.0) / 12.0), per)) * 2 * np.pi / rate
    at = np.arange(len(phase)) / rate
    beside = np.sin(2 * np.pi * 55.0 * at) + np.sin(2 * np.pi * 6000.0 * at)
    sound = np.stack([np.sin(phase) + beside] * 2, 1).astype(np.float32)
    found = height(sound, per, rate)
    assert found.shape == (100,)
    inner = np.arange(100) % 25 % 22 > 2  # frames whose window lies within one note
    assert np.abs(found - keys)[inner].max() < 0.1
    silent = height(np.zeros((per * 10, 2), np.float32), per, rate)
    assert np.isfinite(silent).all()
