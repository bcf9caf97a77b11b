"""A few short clips of our synthesizer, rendered once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tools.train_nano2.data.clips import Recipe, make_clip
from tools.train_nano2.data.sounds import Studio
from tools.train_nano2.data.store import ClipFolder


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six clips of 4 s, in two or three sounds each."""
    folder = tmp_path_factory.mktemp("clips")
    recipe, store = Recipe(seed=5, shortest=4.0, longest=4.2), ClipFolder(folder)
    for number in range(6):
        store.write(make_clip(recipe, number, Studio({}, None)))
    return folder


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
