"""Stretches of a song: everything cut by absolute frame, round the seam, and played only where they reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from demon_patch.engine import Session
from demon_patch.engine.ring.focus import before, cut, focused, laid_into, stretch
from demon_patch.errors import DemonError
from tests.support.effort import examples
from tests.support.toy_family import FAMILY, SPEC, Bench

FRAMES = 40
CURVE = torch.linspace(0, 1, FRAMES)
VALUES: list[dict[str, Tensor | str]] = [
    {},
    {"source_blend": CURVE.view(1, -1, 1)},
    {"velocity_scale": 0.5 + CURVE.view(1, -1, 1), "ode_noise": CURVE.view(1, -1, 1)},
    {"solver": "sde"},
]
FIELDS: list[dict[str, Any]] = [
    {},
    {"initial_noise": CURVE},
    {"mask": CURVE},
    {"noise_position": 1.25},
    {"strength": 0.4, "steps_mode": "proportional"},
]


def generated(bench: Bench, focus: tuple[int, int] | None, values: dict[str, Tensor | str], **fields: Any) -> Tensor:
    request = bench.request(**fields)
    bench.ring.submit(request if focus is None else focused(request, *focus, SPEC))
    (finished,) = bench.ring.drain(values)
    assert finished.start == (0 if focus is None else focus[0] % FRAMES)
    return finished.latent


@pytest.mark.parametrize("fields", FIELDS, ids=str)
@pytest.mark.parametrize("values", VALUES, ids=" ".join)
@pytest.mark.parametrize("focus", [(0, 16), (7, 12), (30, 20), (39, 8)])
def test_a_stretch_is_the_same_frames_of_the_whole_song(
    focus: tuple[int, int], values: dict[str, Tensor | str], fields: dict[str, Any]
) -> None:
    """The toy family looks at one frame at a time, so that cutting changes nothing."""
    bench = Bench(1, frames=FRAMES)
    whole = generated(bench, None, values, **fields)
    torch.testing.assert_close(generated(bench, focus, values, **fields), cut(whole, *focus), rtol=0, atol=2e-6)


@pytest.mark.parametrize("bucket", [1, 3])
def test_stretches_with_different_starts_share_a_forward(bucket: int) -> None:
    values = {"source_blend": CURVE.view(1, -1, 1), "velocity_scale": 0.5 + CURVE.view(1, -1, 1)}
    whole = generated(Bench(1, frames=FRAMES), None, dict(values))
    bench = Bench(8, bucket, frames=FRAMES, mode="queue")
    starts = (0, 5, 33, None, 20)
    for start in starts:
        request = bench.request()
        bench.ring.submit(request if start is None else focused(request, start, 12, SPEC))
    for finished, start in zip(bench.ring.drain(dict(values)), starts, strict=True):
        expected = whole if start is None else cut(whole, start, 12)
        torch.testing.assert_close(finished.latent, expected, rtol=0, atol=2e-6)


@given(st.integers(-100, 200), st.integers(1, FRAMES))
def test_cutting_counts_round_the_seam(start: int, frames: int) -> None:
    whole = torch.arange(FRAMES)
    assert cut(whole, start, frames).tolist() == [(start + k) % FRAMES for k in range(frames)]


WIDE = replace(SPEC, border=3, quantum=2, playing_margin=4)


@settings(max_examples=examples(200))
@given(st.integers(0, 10**6), st.sampled_from(["20 s", "8 s"]), st.integers(110, 800))
def test_a_stretch_begins_just_early_enough_for_its_moment(heard_at: int, choice: str, half: int) -> None:
    song, wanted = 2 * half, 500 if choice == "20 s" else 200
    found = stretch(heard_at, choice, WIDE, song)
    if found is None:
        assert song <= wanted
        return
    start, frames = found
    assert frames == wanted < song
    assert 0 <= start < song
    assert start % 2 == 0
    assert before(WIDE) == 3 + 4 + 2
    assert 0 <= (heard_at - start) % song - before(WIDE) <= 1


@settings(deadline=None)
@given(st.integers(0, 59), st.integers(8, 50))
def test_a_stretch_is_laid_into_an_older_song_without_its_borders(start: int, frames: int) -> None:
    old, part = torch.zeros(60, 4), torch.full((frames, 4), 2.0)
    both = laid_into(old, part, start, WIDE)
    new = {(start + k) % 60 for k in range(3, frames - 3)}
    assert [bool(row.eq(2).all()) for row in both] == [frame in new for frame in range(60)]
    assert not old.any()


def test_a_whole_latent_replaces_the_older_one() -> None:
    whole = torch.ones(60, 4)
    assert laid_into(torch.zeros(60, 4), whole, 0, WIDE) is whole


def test_the_whole_song_needs_no_stretch() -> None:
    assert stretch(50, "song", SPEC, 600) is None
    assert stretch(50, "20 s", SPEC, 500) is None
    bench = Bench(1, frames=FRAMES)
    request = bench.request()
    assert focused(request, 4, FRAMES, SPEC) is request
    with pytest.raises(DemonError, match=r"port focus.*no option"):
        stretch(50, "9 s", SPEC, 600)


@pytest.mark.parametrize(("start", "frames"), [(0, 4), (0, 21), (1, 20)])
def test_stretches_that_the_family_cannot_play(start: int, frames: int) -> None:
    bench = Bench(1, frames=FRAMES)
    with pytest.raises(DemonError, match="port focus") as caught:
        focused(bench.request(), start, frames, replace(SPEC, quantum=2))
    assert caught.value.mend


@pytest.mark.parametrize(("start", "song"), [(-1, 40), (40, 40), (0, 30)])
def test_requests_that_are_no_stretch_of_their_song(start: int, song: int) -> None:
    bench = Bench(1, frames=FRAMES)
    with pytest.raises(DemonError, match="port focus"):
        bench.ring.submit(replace(bench.request(), start=start, song=song))


def test_a_session_generates_and_plays_a_stretch() -> None:
    session = Session(FAMILY)
    source, prompt = session.compose("toy", seconds=2, seed=1), session.prompt("warm")
    whole = session.generate(prompt, source, seed=3)
    part = session.generate(prompt, source, seed=3, stretch=(40, 20))
    torch.testing.assert_close(part, cut(whole, 40, 20), rtol=0, atol=2e-6)
    both = laid_into(session.generate(prompt, source, seed=4), part, 40, session.spec)
    sound, expected = (session.decode(latent, start=43, frames=14) for latent in (both, whole))
    torch.testing.assert_close(torch.from_numpy(sound), torch.from_numpy(expected), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_nanos_border_covers_what_an_end_of_a_stretch_changes() -> None:
    """Relative rms difference to the whole song, 24 s, strength 1, 8 s of focus: .38 in the first 8 frames, .21 from
    the twelfth on, as in the middle (the denoiser looks at all it is given); another seed differs by .66."""
    session = Session.load("nano", threads=1)
    source, prompt = session.compose("house in a minor, 124 bpm", seconds=24, seed=3), session.prompt("acid, dark")
    whole = session.generate(prompt, source, strength=1.0, seed=7)
    other = session.generate(prompt, source, strength=1.0, seed=8)
    starts = (100, 300)
    errors = [
        (session.generate(prompt, source, strength=1.0, seed=7, stretch=(start, 200)) - cut(whole, start, 200)).square()
        for start in starts
    ]
    error = torch.stack(errors).mean((0, 2))
    border, middle = session.spec.border, error[64:136].mean()
    ends = torch.cat((error[border : border + 12], error[-border - 12 : -border]))
    assert float(error[:8].mean()) > 1.5 * float(middle)
    assert float(ends.mean()) < 1.25 * float(middle)
    assert float(middle) < 0.5 * float((other - whole).square().mean())
