"""Runs all measurements, prints them as one table, and writes them with the machine as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

import benchmarks.gpu
from benchmarks.gpu import decodes, memory, sides, ticks
from benchmarks.gpu.clock import Row, matmul_rate
from benchmarks.gpu.subject import SIZES, Subject, subject
from demon_patch.bench.machine import machine
from demon_patch.engine.executors.builds import version_of

LIBRARIES = ("torch", "tensorrt", "tensorrt_rtx", "onnxruntime", "diffusers", "transformers")


def rows(measured: Subject, depths: list[int], count: int, long: int, rate: float) -> Iterator[Row]:
    """Yields all figures. count: ticks of each figure. long: ticks over which memory is looked at."""
    middle = depths[min(2, len(depths) - 1)]
    yield from ticks.rows(measured, depths, count, rate)
    yield from decodes.rows(measured, max(count // 2, 2))
    yield from decodes.to_ear(measured, middle, min(count, 4))
    yield from sides.rows(measured, middle, count)
    yield from memory.rows(measured, middle, long)


def driver_of(device: torch.device) -> str:
    """Returns the name of the GPU with its driver's version, or that there is none."""
    if device.type != "cuda":
        return "none: measured on a processor"
    version = getattr(torch._C, "_cuda_getDriverVersion", lambda: "unknown")()
    return f"{torch.cuda.get_device_name(device)}, driver for CUDA {version}, CUDA {torch.version.cuda}"


def table(found: dict[str, Any]) -> str:
    """Returns the figures as lines of text."""
    lines = [f"{found['model']}, {found['executor']}, {found['numbers']}", f"{found['gpu']}; {found['machine']}"]
    lines.append(f"a product of matrices: {found['tflop_per_second']:.4g} TFLOP/s")
    for row in found["rows"]:
        rest = (f"{name} {value:.4g}" for name, value in row.items() if name != "what" and value is not None)
        lines.append(f"{row['what']:44} {'  '.join(rest)}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measures as the command line says, prints the table, and returns the figures."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.gpu", description=(benchmarks.gpu.__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--size", choices=SIZES, default="2b", help="of random weights")
    parser.add_argument("--model", default="", help="a checkpoint, in place of random weights")
    parser.add_argument("--executor", default="torch")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--ticks", type=int, default=60)
    parser.add_argument("--long", type=int, default=1000, help="ticks over which memory is looked at")
    parser.add_argument("--matmul", type=int, default=8192, help="rows and columns of the product that gives the limit")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    measured = subject(given.size, given.executor, given.seconds, given.model)
    rate = matmul_rate(measured.device, measured.dtype, given.matmul)
    found: dict[str, Any] = {
        "model": f"{measured.size}{'' if given.model else ', random weights'}",
        "executor": str(measured.session.choice),
        "numbers": str(measured.dtype).removeprefix("torch."),
        "gpu": driver_of(measured.device),
        "machine": machine(),
        "versions": {name: version for name in LIBRARIES if (version := version_of(name))},
        "song_seconds": measured.source.frames / measured.rate,
        "tflop_per_second": rate / 1e12,
        "rows": list(rows(measured, given.depths, given.ticks, given.long, rate)),
    }
    print(table(found))
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
