"""The family, loaded once, and a composed source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from demon_patch.engine.contracts import Family, Source
from demon_patch.engine.families import load_family


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def family() -> Family:
    return load_family("nano")


@pytest.fixture(scope="session")
def song(family: Family) -> Source:
    return family.conditioner.compose("house in c minor", 8.0, 3)
