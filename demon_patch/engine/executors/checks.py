"""Checks that every executor makes. Each raises an error with one wording, which the suite of tests expects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from torch import Tensor

    from demon_patch.engine.contracts import Handle

FOREIGN = "a prompt of another executor"
VOID = "a prompt prepared before the weights changed"
LENGTHS = "prompts of different lengths"
NO_PLACE = "there is no prompt place"
EMPTY = "no prompt is in place"
SHAPES = "a forward of shapes"
STRENGTHS = "LoRA strengths of shape"
STEERING = "steering of shape"
"""The beginning of each error's message."""


def check_owner(handle: Handle, own: bool) -> None:
    """Raises DemonError unless the executor made the handle itself (`own`)."""
    if not own:
        raise DemonError(f"{FOREIGN} ({type(handle).__name__})", port="prompt", mend="prepare it with this one")


def check_epoch(handle: Handle, weights_epoch: int) -> None:
    """Raises DemonError for a void handle: one of another weights epoch than `weights_epoch`."""
    if handle.epoch != weights_epoch:
        raise DemonError(VOID, port="prompt", mend="renew it, or prepare the prompt again")


def check_lengths(one: Sequence[Sequence[int]], other: Sequence[Sequence[int]], port: str = "prompt") -> None:
    """Raises DemonError if the condition tensors of two prompts have different shapes.

    one, other: the shapes of each prompt's condition tensors. port: the control that the error names.
    """
    if [tuple(shape) for shape in one] != [tuple(shape) for shape in other]:
        shapes = " and ".join(str([list(shape) for shape in shapes]) for shapes in (one, other))
        raise DemonError(
            f"{LENGTHS}: condition tensors {shapes}", port=port, mend="prompts of one executor have equal lengths"
        )


def check_place(place: int, capacity: int) -> None:
    """Raises DemonError for a prompt place outside 0 to `capacity - 1`."""
    if not 0 <= place < capacity:
        raise DemonError(f"{NO_PLACE} {place}", mend=f"use 0 to {capacity - 1}, or a larger capacity")


def check_placed(places: Sequence[int], placed: Collection[int]) -> None:
    """Raises DemonError if a forward reads a prompt place without a prompt. placed: the places that have one."""
    for place in places:
        if place not in placed:
            raise DemonError(f"{EMPTY} {place}", port="prompt", mend="place one before the forward")


def check_shapes(x: Tensor, time: Tensor, context: Tensor, places: Tensor, bucket: int) -> None:
    """Raises DemonError for arguments of a forward that are not of `bucket` rows, or do not fit each other."""
    leads = (x.shape[:1], time.shape[:1], context.shape[:1], places.shape)
    fits = x.ndim == 3 and time.ndim == 2 and context.ndim == 3 and context.shape[:-1] == x.shape[:-1]
    if not fits or any(lead != (bucket,) for lead in leads):
        shapes = ", ".join(str(list(part.shape)) for part in (x, time, context, places))
        raise DemonError(
            f"{SHAPES} {shapes}",
            mend=f"give x [R, T, C], time [R, E], context [R, T, X] and places [R] with R = {bucket}",
        )


def check_strengths(strengths: Tensor, bucket: int, loras: int) -> None:
    """Raises DemonError for strengths that are not one for each of `bucket` rows and `loras` LoRAs."""
    if strengths.shape != (bucket, loras):
        raise DemonError(
            f"{STRENGTHS} {list(strengths.shape)}",
            port="lora_strength",
            mend=f"give one for each row and LoRA, [{bucket}, {loras}]",
        )


def check_steering(steering: Tensor | None, shape: tuple[int, ...]) -> None:
    """Raises DemonError for steering that is not one vector for each row and block of a forward.

    shape: rows, blocks and their width; no blocks where the model cannot be steered.
    """
    if steering is not None and steering.shape != shape:
        mend = (
            f"give [R, blocks, hidden] = {list(shape)}" if shape[1] else "this model has no blocks that can be steered"
        )
        raise DemonError(f"{STEERING} {list(steering.shape)}", port="steer_depth", mend=mend)
