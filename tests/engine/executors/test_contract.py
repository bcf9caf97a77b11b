"""The contract that every executor keeps, on the toy family and on the embedded one.

The checks are in tests/support/executor_contract.py; test_contract_mutants.py shows what each of them finds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from demon_patch.engine.contracts import Family
from demon_patch.engine.executors import EXECUTORS as REGISTERED
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.families import load_family
from demon_patch.errors import DemonError
from tests.support.executor_contract import CAPACITY, CHECKS, Make
from tests.support.toy_family import toy_family

EXECUTORS: dict[str, Make] = {
    "torch": lambda denoiser, bucket: TorchExecutor(denoiser, bucket, capacity=CAPACITY, lanes=2),
}
FAMILIES: dict[str, Callable[[], Family]] = {"toy": toy_family, "nano": cache(lambda: load_family("nano"))}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", EXECUTORS)
@pytest.mark.parametrize("check", CHECKS)
def test_an_executor_keeps_the_contract(check: str, kind: str, family: str) -> None:
    CHECKS[check](EXECUTORS[kind], FAMILIES[family])


def test_every_registered_executor_is_tried() -> None:
    assert EXECUTORS.keys() == REGISTERED.keys()


def test_a_bucket_is_no_larger_than_the_capacity() -> None:
    with pytest.raises(DemonError, match="bucket"):
        TorchExecutor(toy_family().denoiser, bucket=9, capacity=8)
