"""The playhead: steady, monotone, and right about the device's clock."""

from __future__ import annotations

import numpy as np

from demon_patch.runtime.audio.playhead import Playhead

RATE, PERIOD = 32_000, 341.3


def reports(seconds: float, drift: float = 0.0, jitter: float = 0.0) -> list[tuple[float, float]]:
    """Position and time heard of each buffer of a device; its clock runs off by `drift`, jitter is in seconds."""
    random = np.random.default_rng(5)
    positions = np.arange(0.0, seconds * RATE, PERIOD)
    times = 7.0 + positions / (RATE * (1.0 + drift)) + random.normal(0.0, jitter, len(positions))
    return list(zip(positions, times, strict=True))


def test_jitter_is_smoothed_and_a_drifting_clock_followed() -> None:
    head, drift = Playhead(RATE), 2e-4
    errors = []
    for position, heard in reports(30.0, drift, jitter=0.003):
        head.report(position, heard, RATE)
        now = 7.0 + position / (RATE * (1.0 + drift))
        errors.append((head.position_at(now) - position) / RATE)
    settled = np.array(errors[len(errors) // 3 :])
    assert np.abs(settled).max() < 0.003
    assert settled.std() < 0.00075  # a quarter of the jitter
    assert head.resyncs == 0


def test_it_never_goes_back_and_steps_evenly() -> None:
    head = Playhead(RATE)
    at = []
    for position, heard in reports(5.0, jitter=0.004):
        head.report(position, heard, RATE)
        at += [head.position_at(heard + share * PERIOD / RATE) for share in (-1.0, -0.5, 0.0)]
    assert np.all(np.diff(at) >= 0)
    assert at[-1] > 4.8 * RATE


def test_a_jump_of_the_clock_is_followed_and_counted() -> None:
    head = Playhead(RATE)
    for position, heard in reports(4.0):
        head.report(position, heard + (0.5 if position > 2 * RATE else 0.0), RATE)
    assert head.resyncs == 1
    assert abs(head.position_at(7.0 + 0.5 + 4.0) - 4.0 * RATE) < 0.001 * RATE


def test_a_small_error_is_not_a_jump() -> None:
    head = Playhead(RATE)
    for position, heard in reports(8.0):
        head.report(position, heard + (0.03 if position > 2 * RATE else 0.0), RATE)
    assert head.resyncs == 0
    assert abs(head.position_at(7.0 + 0.03 + 8.0) - 8.0 * RATE) < 0.001 * RATE


def test_it_stands_where_the_timeline_stopped_and_goes_on_from_there() -> None:
    head = Playhead(RATE)
    for position, heard in reports(1.0):
        head.report(position, heard, RATE)
    head.report(1.0 * RATE, 8.0, 0.0)
    assert head.position_at(7.9) < RATE
    assert head.position_at(8.5) == RATE
    head.report(1.0 * RATE, 11.0, RATE)
    assert head.position_at(10.9) == RATE
    assert abs(head.position_at(11.25) - 1.25 * RATE) < 1.0
    assert head.resyncs == 0
