"""The contract that every executor keeps, on the toy family and on the embedded one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, Denoiser, Executor, Family
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.families import load_family
from demon_patch.errors import DemonError
from tests.support.toy_family import toy_family

EXECUTORS: dict[str, Callable[[Denoiser, int], Executor]] = {
    "torch": lambda denoiser, bucket: TorchExecutor(denoiser, bucket, capacity=8),
}
FAMILIES: dict[str, Callable[[], Family]] = {"toy": toy_family, "nano": cache(lambda: load_family("nano"))}
PROMPTS = ["house", "techno", "ambient", "acid", "house", ""]
FRAMES = 48


class Desk:
    """An executor with six prompts placed in rows 0 to 5, and one row's inputs for each."""

    def __init__(self, kind: str, family: str, bucket: int) -> None:
        self.family = FAMILIES[family]()
        spec = self.family.spec
        self.executor = EXECUTORS[kind](self.family.denoiser, bucket)
        for row, text in enumerate(PROMPTS):
            self.executor.place(row, self.executor.prepare(self.family.conditioner.prompt(text)))
        draw = torch.Generator().manual_seed(4)
        self.x = torch.randn(len(PROMPTS), FRAMES, spec.latent_channels, generator=draw)
        self.context = torch.rand(len(PROMPTS), FRAMES, spec.context_channels, generator=draw)
        self.t = torch.linspace(1, 0.1, len(PROMPTS) + 1)
        self.time = self.executor.prepare_schedule(self.t)

    def forward(self, *rows: int) -> Tensor:
        at = list(rows)
        return self.executor.forward(self.x[at], self.time[at], self.context[at], torch.tensor(at)).clone()


@pytest.fixture(params=EXECUTORS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_forward_is_the_denoisers_velocity(kind: str, family: str) -> None:
    desk = Desk(kind, family, 1)
    for row, text in enumerate(PROMPTS):
        denoiser = desk.family.denoiser
        with torch.inference_mode():
            condition = denoiser.condition(desk.family.conditioner.prompt(text).tokens)
            expected = denoiser.velocity(
                desk.x[row : row + 1],
                denoiser.embed_time(desk.t[row : row + 1]),
                desk.context[row : row + 1],
                tuple(part[None] for part in condition),
            )
        got = desk.forward(row)
        assert got.shape == desk.x[:1].shape
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_neighbours_positions_and_repeats_leave_every_bit(kind: str, family: str) -> None:
    desk = Desk(kind, family, 4)
    expected = {row: desk.forward(row, row, row, row)[0] for row in range(6)}
    for rows in [(0, 1, 2, 3), (3, 2, 1, 0), (5, 0, 4, 0), (2, 4, 4, 4), (1, 5, 3, 2)]:
        got = desk.forward(*rows)
        assert all(torch.equal(got[at], expected[row]) for at, row in enumerate(rows)), rows


def test_buckets_agree(kind: str, family: str) -> None:
    single = Desk(kind, family, 1)
    expected = torch.cat([single.forward(row) for row in range(6)])
    for bucket in (2, 3, 6):
        desk = Desk(kind, family, bucket)
        got = torch.cat([desk.forward(*range(at, at + bucket)) for at in range(0, 6, bucket)])
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_a_prompt_placed_anew_replaces_the_old(kind: str, family: str) -> None:
    desk = Desk(kind, family, 1)
    before = desk.forward(0)
    handle = desk.executor.prepare(desk.family.conditioner.prompt("ambient"))
    desk.executor.place(0, handle)
    assert not torch.equal(desk.forward(0), before)
    desk.executor.place(0, desk.executor.prepare(desk.family.conditioner.prompt(PROMPTS[0])))
    assert torch.equal(desk.forward(0), before)


def test_prompts_blend_from_one_end_to_the_other(kind: str, family: str) -> None:
    desk = Desk(kind, family, 1)
    first, second = (desk.executor.prepare(desk.family.conditioner.prompt(text)) for text in ("house", "ambient"))
    answers = []
    for handle in (first, *(desk.executor.blend(first, second, amount) for amount in (0.0, 0.5, 1.0)), second):
        desk.executor.place(0, handle)
        answers.append(desk.forward(0))
    assert torch.equal(answers[0], answers[1])
    assert torch.equal(answers[3], answers[4])
    assert not torch.equal(answers[1], answers[2])
    assert not torch.equal(answers[2], answers[3])


def test_inputs_are_left_alone(kind: str, family: str) -> None:
    desk = Desk(kind, family, 2)
    x, context, time = desk.x[:2].clone(), desk.context[:2].clone(), desk.time[:2].clone()
    desk.executor.forward(x, time, context, torch.tensor([0, 1]))
    assert torch.equal(x, desk.x[:2])
    assert torch.equal(context, desk.context[:2])
    assert torch.equal(time, desk.time[:2])


def test_wrong_shapes_are_refused(kind: str, family: str) -> None:
    desk = Desk(kind, family, 2)
    x, time, context, rows = desk.x[:2], desk.time[:2], desk.context[:2], torch.tensor([0, 1])
    for wrong in [
        (x[:1], time, context, rows),
        (x, time[:1], context, rows),
        (x, time, context[:1], rows),
        (x, time, context[:, :-4], rows),
        (x, time, context, rows[:1]),
        (x[0], time, context, rows),
    ]:
        with pytest.raises(DemonError, match="R = 2"):
            desk.executor.forward(*wrong)


def test_handles_of_older_weights_are_refused(kind: str) -> None:
    desk = Desk(kind, "toy", 1)
    conditioning = desk.family.conditioner.prompt("house")
    old = desk.executor.prepare(conditioning)
    assert old.epoch == desk.executor.weights_epoch
    desk.executor.weights_changed()  # type: ignore[attr-defined]
    assert old.epoch != desk.executor.weights_epoch
    with pytest.raises(DemonError, match="prepare the prompt again"):
        desk.executor.place(0, old)
    desk.executor.place(0, desk.executor.prepare(conditioning))


def test_rows_and_prompts_that_do_not_fit(kind: str) -> None:
    desk = Desk(kind, "toy", 1)
    handle = desk.executor.prepare(desk.family.conditioner.prompt("house"))
    for row in (-1, 8):
        with pytest.raises(DemonError, match="capacity"):
            desk.executor.place(row, handle)
    longer = desk.executor.prepare(Conditioning(torch.zeros(3, 4)))
    with pytest.raises(DemonError, match="equal lengths"):
        desk.executor.place(0, longer)


def test_a_torch_executor_knows_its_own() -> None:
    class Foreign:
        epoch = 0

    executor = TorchExecutor(toy_family().denoiser)
    with pytest.raises(DemonError, match="another executor"):
        executor.place(0, Foreign())
    with pytest.raises(DemonError, match="bucket"):
        TorchExecutor(toy_family().denoiser, bucket=9, capacity=8)
