"""Loads what a session consists of: a model, the executor that runs it, and which weights they are."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from demon_patch.engine.contracts import Executor, Family
from demon_patch.engine.executors import Choice, check_name, choose, executor_named
from demon_patch.engine.families import load_family, weights_files
from demon_patch.engine.lora.known_effects import weights_stamp
from demon_patch.engine.networks import TakesCodec


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model with its executor. choice: which one it is, and why. stamp: says which weights are loaded."""

    family: Family
    executor: Executor
    choice: Choice
    stamp: str


def load_with_executor(
    name: str, executor: str, threads: int | None = None, live: bool = False, weights: Path | None = None
) -> Loaded:
    """Loads the model `name` where the executor of that name wants it. Arguments and errors are those of
    `Session.load`."""
    check_name(executor)
    torch.set_num_threads(1)  # rows run side by side instead: see engine.executors.row_threads
    family = load_family(name, weights, executor)
    choice = choose(executor, family.denoiser, live)
    made = executor_named(choice.name)(family.denoiser, lanes=threads or min(os.cpu_count() or 1, 8))
    if isinstance(made, TakesCodec):
        family = replace(family, codec=made.codec(family.codec))
    return Loaded(family, made, choice, weights_stamp(weights_files(name, weights)))
