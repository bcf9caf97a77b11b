"""A lack of memory is told in one line, whoever runs into it."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from demon_patch.scarce import is_out_of_memory
from tests.support.paths import PATCHES

FIRST_LIGHT = PATCHES / "first-light.dpatch.json"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 1.95 MiB for an array"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 64 bytes."),
    ],
)
def test_a_lack_of_memory_is_known_in_whichever_words(error: BaseException) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "No such file"), ImportError("no x"), RuntimeError("shape")])
def test_other_errors_are_not_taken_for_one(error: BaseException) -> None:
    assert not is_out_of_memory(error)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space")
@pytest.mark.parametrize("megabytes", [500, 1000])
def test_a_command_without_enough_memory_ends_with_one_line(megabytes: int, tmp_path: Path) -> None:
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20,) * 2);"
    program = limit + "from demon_patch.cli import main; main()"
    arguments = ["render", str(FIRST_LIGHT), "--seconds", "1", "--threads", "1", "--out", str(tmp_path / "out.wav")]
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "not enough memory" in done.stderr
