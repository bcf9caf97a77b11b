"""What the contract `Executor` demands, as checks that use nothing but its methods. `CHECKS` has them by name.

Those of LoRAs and steering are in `executor_sides_contract`, which adds them to `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from threading import Barrier
from typing import Any, TypeAlias

import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, Denoiser, Executor, Family, Handle
from demon_patch.engine.executors import checks
from demon_patch.engine.prompt_contracts import MixesPrompts
from demon_patch.errors import DemonError

Make: TypeAlias = Callable[[Denoiser, int], Executor]
"""Makes an executor of a denoiser with a bucket, two lanes (fewer where it cannot have two), and 8 prompt places."""

Check: TypeAlias = Callable[[Make, Callable[[], Family]], None]
CHECKS: dict[str, Check] = {}
PROMPTS = ["house", "techno", "ambient", "acid", "house", ""]
FRAMES, CAPACITY = 48, 8


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


class Foreign:
    """A handle that no executor made."""

    epoch = 0


class Desk:
    """An executor with six prompts in places 0 to 5, and one row's inputs for each."""

    def __init__(self, make: Make, family: Callable[[], Family], bucket: int = 1) -> None:
        self.family = family()
        spec = self.family.spec
        self.executor = make(self.family.denoiser, bucket)
        self.put_all()
        draw = torch.Generator().manual_seed(4)
        self.x = torch.randn(len(PROMPTS), FRAMES, spec.latent_channels, generator=draw)
        self.context = torch.rand(len(PROMPTS), FRAMES, spec.context_channels, generator=draw)
        self.t = torch.linspace(1, 0.1, len(PROMPTS) + 1)
        self.time = self.executor.prepare_schedule(self.t)

    def prepare(self, text: str) -> Handle:
        return self.executor.prepare(self.family.conditioner.prompt(text))

    def put_all(self) -> None:
        for place, text in enumerate(PROMPTS):
            self.executor.place(place, self.prepare(text))

    def arguments(self, *places: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        at = list(places)
        return self.x[at], self.time[at], self.context[at], torch.tensor(at)

    def forward(self, *places: int) -> Tensor:
        return self.executor.forward(*self.arguments(*places)).clone()

    def answer(self, handle: Handle) -> Tensor:
        """The velocity of a prompt, of row 0's inputs."""
        self.executor.place(7, handle)
        x, time, context, _ = self.arguments(0)
        return self.executor.forward(x, time, context, torch.tensor([7])).clone()

    def condition(
        self, text: str, denoiser: Denoiser | None = None, tokens: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            tokens = self.family.conditioner.prompt(text).tokens if tokens is None else tokens
            return (denoiser or self.family.denoiser).condition(tokens)

    @torch.inference_mode()
    def expected(self, row: int, condition: tuple[Tensor, ...], denoiser: Denoiser | None = None) -> Tensor:
        """The denoiser's own velocity of a row's inputs."""
        denoiser = denoiser or self.family.denoiser
        x, _, context, _ = self.arguments(row)
        time = denoiser.embed_time(self.t[row : row + 1])
        return denoiser.velocity(x, time, context, tuple(part[None] for part in condition))


def close(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def refused(begins: str, call: Callable[..., Any], *arguments: Any) -> None:
    with pytest.raises(DemonError) as error:
        call(*arguments)
    assert error.value.what.startswith(begins), error.value.what
    assert error.value.mend


@check
def a_forward_is_the_denoisers_velocity(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    for row, text in enumerate(PROMPTS):
        got = desk.forward(row)
        assert got.shape == desk.x[:1].shape
        assert got.dtype == torch.float32
        close(got, desk.expected(row, desk.condition(text)))


@check
def neighbours_positions_and_repeats_leave_every_bit(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family, 4)
    expected = {row: desk.forward(row, row, row, row)[0] for row in range(6)}
    for rows in [(0, 1, 2, 3), (3, 2, 1, 0), (5, 0, 4, 0), (2, 4, 4, 4), (1, 5, 3, 2)]:
        got = desk.forward(*rows)
        assert all(torch.equal(got[at], expected[row]) for at, row in enumerate(rows)), rows


@check
def buckets_agree(make: Make, family: Callable[[], Family]) -> None:
    single = Desk(make, family)
    expected = torch.cat([single.forward(row) for row in range(6)])
    for bucket in (2, 3, 6):
        desk = Desk(make, family, bucket)
        assert desk.executor.bucket == bucket
        got = torch.cat([desk.forward(*range(at, at + bucket)) for at in range(0, 6, bucket)])
        close(got, expected)


@check
def a_prompt_placed_anew_replaces_the_old(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    before = desk.forward(0)
    desk.executor.place(0, desk.prepare("ambient"))
    assert not torch.equal(desk.forward(0), before)
    desk.executor.place(0, desk.prepare(PROMPTS[0]))
    assert torch.equal(desk.forward(0), before)


@check
def prompts_blend_from_one_end_to_the_other(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    first, second = desk.prepare("house"), desk.prepare("ambient")
    ends = [desk.answer(first), desk.answer(second)]
    assert not torch.equal(*ends)
    assert torch.equal(desk.answer(desk.executor.blend(first, second, 0.0)), ends[0])
    assert torch.equal(desk.answer(desk.executor.blend(first, second, 1.0)), ends[1])
    one, other = desk.condition("house"), desk.condition("ambient")
    denoiser = desk.family.denoiser
    if isinstance(denoiser, MixesPrompts):
        with torch.inference_mode():
            mixed = denoiser.mixed(one, other, 0.25)
    else:
        mixed = tuple(torch.lerp(a, b, 0.25) for a, b in zip(one, other, strict=True))
    close(desk.answer(desk.executor.blend(first, second, 0.25)), desk.expected(0, mixed))


@check
def times_of_any_float_type_are_float32(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    assert desk.time.dtype == torch.float32
    assert desk.time.shape[0] == len(desk.t)
    double = desk.executor.prepare_schedule(desk.t.double())
    assert double.dtype == torch.float32
    assert torch.equal(double, desk.time)


@check
def inputs_are_left_alone(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family, 2)
    arguments = desk.arguments(0, 1)
    copies = [part.clone() for part in arguments]
    desk.executor.forward(*arguments)
    assert all(torch.equal(part, copy) for part, copy in zip(arguments, copies, strict=True))


@check
def every_lane_has_a_velocity_of_its_own(make: Make, family: Callable[[], Family]) -> None:
    """All lanes are inside at once; each reads its velocity when the others' forwards are done."""
    desk = Desk(make, family)
    expected = [desk.forward(row) for row in range(6)]
    lanes = desk.executor.lanes
    assert lanes.count >= 1
    meeting = Barrier(lanes.count, timeout=20)
    found: dict[int, Tensor] = {}

    def work(_: int, row: int) -> None:
        arguments = desk.arguments(row)
        meeting.wait()
        v = desk.executor.forward(*arguments)
        meeting.wait()
        found[row] = v.clone()
        meeting.wait()

    for first in range(0, 6 - lanes.count + 1, lanes.count):
        lanes.run(work, list(range(first, first + lanes.count)))
    assert found
    assert all(torch.equal(v, expected[row]) for row, v in found.items())


@check
def prompts_are_prepared_on_any_thread_also_between_a_forward_and_its_end(
    make: Make, family: Callable[[], Family]
) -> None:
    desk = Desk(make, family)
    expected = desk.forward(0)
    with ThreadPoolExecutor(1) as other:
        v = desk.executor.forward(*desk.arguments(0))
        handle = other.submit(desk.prepare, "ambient").result()
        assert torch.equal(v, expected)
        jobs = [other.submit(desk.prepare, PROMPTS[k % 4]) for k in range(12)]
        assert all(torch.equal(desk.forward(0), expected) for _ in range(12))
    assert torch.equal(desk.answer(handle), desk.answer(desk.prepare("ambient")))
    for k, job in enumerate(jobs):
        assert torch.equal(desk.answer(job.result()), desk.answer(desk.prepare(PROMPTS[k % 4])))


@check
def wrong_shapes_are_refused(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family, 2)
    x, time, context, places = desk.arguments(0, 1)
    for wrong in [
        (x[:1], time, context, places),
        (x, time[:1], context, places),
        (x, time[:, 0], context, places),
        (x, time, context[:1], places),
        (x, time, context[:, :-4], places),
        (x, time, context, places[:1]),
        (x, time, context, places[:, None]),
        (x[0], time, context, places),
    ]:
        refused(checks.SHAPES, desk.executor.forward, *wrong)


@check
def places_outside_the_capacity_are_refused(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    assert desk.executor.capacity == CAPACITY
    desk.executor.place(CAPACITY - 1, desk.prepare("house"))
    for place in (-1, CAPACITY):
        refused(checks.NO_PLACE, desk.executor.place, place, desk.prepare("house"))


@check
def empty_places_are_refused(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    x, time, context, _ = desk.arguments(0)
    if x.device.type == "cpu":
        for place in (6, 77, -1):
            refused(checks.EMPTY, desk.executor.forward, x, time, context, torch.tensor([place]))
        desk.executor.weights_changed()
        refused(checks.EMPTY, desk.executor.forward, x, time, context, torch.tensor([0]))


@check
def handles_of_others_are_refused(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    other = Desk(make, lambda: replace(desk.family, denoiser=deepcopy(desk.family.denoiser)))
    own = desk.prepare("house")
    for handle in (Foreign(), other.prepare("house")):
        refused(checks.FOREIGN, desk.executor.place, 0, handle)
        refused(checks.FOREIGN, desk.executor.blend, handle, own, 0.5)
        refused(checks.FOREIGN, desk.executor.blend, own, handle, 0.5)
        refused(checks.FOREIGN, desk.executor.renew, handle)


@check
def prompts_of_other_lengths_are_refused_or_fitted(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    tokens = desk.family.conditioner.prompt("house").tokens
    twice = Conditioning(torch.cat((tokens, tokens)), "twice")
    try:
        desk.family.denoiser.condition(twice.tokens)
    except RuntimeError:
        return  # this family's prompts have one length
    own, longer = desk.prepare("house"), desk.executor.prepare(twice)
    if isinstance(desk.family.denoiser, MixesPrompts):
        before = desk.forward(1)
        close(desk.answer(longer), desk.expected(0, desk.condition("", tokens=twice.tokens)))
        close(desk.forward(1), before)  # though the places have become longer
        close(desk.answer(own), desk.expected(0, desk.condition("house")))
        ends = [desk.answer(each) for each in (own, longer)]
        close(desk.answer(desk.executor.blend(own, longer, 0.0)), ends[0])
        close(desk.answer(desk.executor.blend(own, longer, 1.0)), ends[1])
        return
    refused(checks.LENGTHS, desk.executor.place, 0, longer)
    refused(checks.LENGTHS, desk.executor.blend, own, longer, 0.5)
    refused(checks.LENGTHS, desk.executor.blend, longer, own, 0.5)


@check
def handles_of_older_weights_are_refused(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    old = desk.prepare("house")
    assert old.epoch == desk.executor.weights_epoch
    desk.executor.weights_changed()
    assert old.epoch < desk.executor.weights_epoch
    new = desk.prepare("house")
    assert new.epoch == desk.executor.weights_epoch
    refused(checks.VOID, desk.executor.place, 0, old)
    refused(checks.VOID, desk.executor.blend, old, new, 0.5)
    refused(checks.VOID, desk.executor.blend, new, old, 0.5)
    desk.executor.renew(old)
    assert old.epoch == desk.executor.weights_epoch
    desk.executor.place(0, old)
