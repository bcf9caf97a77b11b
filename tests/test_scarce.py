"""A lack of memory is told in one line, whoever runs into it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from demon_patch.errors import DemonError
from demon_patch.memory_limit import A_THREAD, LEAST, LOAD_TORCH, THREADS, WITH_TORCH, fit_memory_limit
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


def _limited(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    monkeypatch.setenv(THREADS, "")  # so that it is put back after the test
    monkeypatch.delenv(THREADS)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)


@pytest.mark.parametrize(
    ("command", "least"), [("check", LEAST), ("", LEAST), *((c, WITH_TORCH) for c in sorted(LOAD_TORCH))]
)
def test_a_limit_in_which_the_libraries_would_hang_is_told(
    command: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limited(monkeypatch, least - 1)
    with pytest.raises(DemonError, match=f"not enough memory: .* needs {least >> 20} MB or more .*ulimit -v"):
        fit_memory_limit(command)
    assert THREADS not in os.environ


def test_a_narrow_limit_keeps_linear_algebra_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, threads in ((LEAST, "1"), (LEAST + 4 * A_THREAD - 1, "1"), (LEAST + 4 * A_THREAD, None), (-1, None)):
        _limited(monkeypatch, limit)
        fit_memory_limit("check")
        assert os.environ.get(THREADS) == threads
    _limited(monkeypatch, LEAST)
    monkeypatch.setenv(THREADS, "2")
    fit_memory_limit("check")
    assert os.environ[THREADS] == "2"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space")
@pytest.mark.parametrize("megabytes", [150, 256, 300])
def test_check_with_too_little_memory_ends_at_once(megabytes: int) -> None:
    program = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20,) * 2);"
    program += "from demon_patch.cli import main; main()"
    command = [sys.executable, "-c", program, "check", str(FIRST_LIGHT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith(f"not enough memory: the program may take {megabytes} MB, and needs ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space")
@pytest.mark.parametrize("megabytes", [500, 700, 1000])
def test_a_command_without_enough_memory_ends_with_one_line(megabytes: int, tmp_path: Path) -> None:
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20,) * 2);"
    program = limit + "from demon_patch.cli import main; main()"
    arguments = ["render", str(FIRST_LIGHT), "--seconds", "1", "--threads", "1", "--out", str(tmp_path / "out.wav")]
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "not enough memory" in done.stderr
