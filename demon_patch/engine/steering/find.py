"""Finds a steering vector: the difference between what a model's blocks hold for two sets of prompts, or of sounds.

Difference of means (as in the activation additions of Turner et al. 2023): for each block, the mean hidden state over
all cases of one set minus that of the other. A block's output contains what the blocks before it gave, so each block
gets only what it adds to the difference. All are scaled alike, so that depth 1 moves the prediction by `REACH`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from demon_patch.engine.contracts import Source
from demon_patch.engine.executors.on_device import OnDeviceExecutor
from demon_patch.engine.lora.effect import effect_of_steering
from demon_patch.engine.session import PLACES, Session
from demon_patch.engine.steering.file import SteeringFile
from demon_patch.engine.steering.vector import Steerable, shape_of
from demon_patch.errors import DemonError

SECONDS = 8.0
SEEDS = 4
TIMES = (0.9, 0.7, 0.5, 0.3)
STEPS = 8
WEAK = 0.3
"""Below this agreement the two halves of the cases hardly have a direction in common."""
REACH = 0.25
"""How far depth 1 of a vector that is found here moves what the model predicts, as a share of it (`effect_of`)."""


def of_prompts(
    session: Session,
    more: Sequence[str],
    less: Sequence[str],
    seeds: int = SEEDS,
    report: Callable[[str], None] = print,
) -> tuple[SteeringFile, float]:
    """Returns the vector from the prompts `less` to the prompts `more`, and its agreement.

    Each prompt is generated `seeds` times over clips that the family composes, with all steps counted alike. The
    agreement, -1 to 1, is the cosine between the vectors of the even and the odd seeds: near 0 there is no direction.
    report: is told the progress. Raises DemonError if a set is empty or the model cannot be steered.
    """
    source = session.compose("house, 120 bpm", seconds=SECONDS, seed=3)

    def states(text: str, seed: int) -> Tensor:
        with _collected(session) as kept:
            session.generate(session.prompt(text), source, strength=1.0, seed=seed, steps=STEPS)
        report(f"{text!r}, seed {seed}")
        return torch.stack(kept).mean(0)

    about = f"from {' | '.join(less)} to {' | '.join(more)}"
    return _found(
        session, [[states(text, seed) for seed in range(seeds) for text in side] for side in (more, less)], about
    )


def of_sounds(
    session: Session,
    more: Sequence[Path],
    less: Sequence[Path],
    seeds: int = SEEDS,
    report: Callable[[str], None] = print,
) -> tuple[SteeringFile, float]:
    """Returns the vector from the sounds `less` to the sounds `more`, and its agreement, as `of_prompts`.

    The model sees each sound under `seeds` noises at four timesteps, with no structure of it and no prompt.
    """
    null = session.prompt("")

    def states(clip: Source, seed: int) -> Tensor:
        with _collected(session) as kept:
            _look(session, clip, session.family.denoiser.condition(null.tokens.to(session.device)), seed)
        report(f"{clip.title}, noise {seed}")
        return torch.stack(kept).mean(0)

    sides = [[session.source(path, seconds=SECONDS) for path in side] for side in (more, less)]
    names = [", ".join(path.stem for path in side) for side in (less, more)]
    found = [[states(clip, seed) for seed in range(seeds) for clip in side] for side in sides]
    return _found(session, found, f"from the sounds {names[0]} to {names[1]}")


def eager(session: Session) -> Session:
    """Returns a session of the same model whose forwards run eagerly, so that they can be looked into: a captured
    forward of a GPU cannot. The given one is not used any more."""
    if session.device.type == "cpu":
        return session
    return Session(session.family, OnDeviceExecutor(session.family.denoiser, 1, PLACES))


@torch.inference_mode()
def _look(session: Session, clip: Source, condition: tuple[Tensor, ...], seed: int) -> None:
    """Runs the denoiser on a clip under noise, at each of `TIMES`."""
    denoiser, device = session.family.denoiser, session.device
    context = session.family.conditioner.context(clip, 0.0)[None].to(device)
    draw = torch.Generator().manual_seed(seed)
    for t in TIMES:
        x = t * torch.randn(clip.latent.shape, generator=draw) + (1 - t) * clip.latent
        time = denoiser.embed_time(torch.tensor([t], device=device))
        denoiser.velocity(x[None].to(device), time, context, tuple(part[None] for part in condition))


@contextmanager
def _collected(session: Session) -> Iterator[list[Tensor]]:
    """Gives a list that gets the mean hidden states [blocks, hidden] of each forward of one row within the context."""
    blocks, _ = shape_of(session.family.denoiser)
    present: list[Tensor] = []
    kept: list[Tensor] = []

    def keep(_: object, __: object, output: Tensor) -> None:
        present.append(output.mean((0, 1)).detach().clone())
        if len(present) == blocks:
            kept.append(torch.stack(present).float().cpu())
            present.clear()

    hooks = [block.register_forward_hook(keep) for block in cast(Steerable, session.family.denoiser).blocks]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()


def _found(session: Session, sides: Sequence[Sequence[Tensor]], about: str) -> tuple[SteeringFile, float]:
    if not all(sides):
        raise DemonError("a set is empty", mend="give at least one prompt or sound for each of the two sets")
    more, less = (torch.stack(list(side)) for side in sides)
    whole = more.mean(0) - less.mean(0)
    halves = [more[at::2].mean(0) - less[at::2].mean(0) for at in (0, 1)] if min(map(len, sides)) > 1 else [whole] * 2
    agreement = float(torch.cosine_similarity(halves[0][-1], halves[1][-1], dim=0))
    steps = torch.diff(whole, dim=0, prepend=torch.zeros_like(whole[:1]))
    lengths = steps.norm(dim=1)
    if not bool((lengths > 0).all()):
        raise DemonError("the two sets are the same to the model", mend="give sets that sound different")
    scale = 1.0
    for _ in range(4):  # the distance grows nearly in proportion
        scale *= REACH / effect_of_steering(session.family, scale * steps)
    vectors = {n: (steps[n] / lengths[n]).numpy() for n in range(len(steps))}
    magnitudes = {n: scale * float(length) for n, length in enumerate(lengths)}
    return SteeringFile(vectors, magnitudes, (0.0, 1.0), session.spec.name, "", about), agreement
