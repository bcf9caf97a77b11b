"""Measures ticks of a ring on a GPU: against the plain forward of the same weights, and against the GPU's own limit.

    python benchmarks/gpu/tick.py --model nano --executor torch --seconds 60 --out tick.json

It prints one table and writes JSON with the machine. `--tiny` runs a few ticks of a short song, also on a processor: so
CI runs this script. Figures of a GPU are missing until someone runs it on one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from demon_patch.bench.machine import machine
from demon_patch.engine.device import device_of
from demon_patch.engine.executors import choose, executor_named
from demon_patch.engine.executors.builds import version_of
from demon_patch.engine.families import load_family
from demon_patch.engine.session import Session

LIBRARIES = ("torch", "tensorrt", "tensorrt_rtx", "onnxruntime", "diffusers", "transformers")


class Bench:
    """A session to measure. device: where its denoiser is."""

    def __init__(self, model: str, executor: str, seconds: float, ticks: int) -> None:
        torch.set_num_threads(1)
        family = load_family(model)
        choice = choose(executor, family.denoiser, live=True)
        self.device = device_of(family.denoiser)
        self.session = Session(family, executor_named(choice.name)(family.denoiser, lanes=1), choice)
        self.source = self.session.compose("house", seconds=seconds, seed=2)
        self.prompt = self.session.prompt("acid")
        self.ticks = ticks

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def milliseconds(self, work: Callable[[], object], runs: int) -> float:
        """Returns the median time of a call, after one to warm up."""
        work()
        times = []
        for _ in range(runs):
            self.wait()
            began = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - began)
        return 1e3 * median(times)

    def tick(self, depth: int) -> dict[str, Any]:
        """Returns the tick of a full ring, its completions a second, and the part of it outside of forwards."""
        session, steps = self.session, self.session.spec.steps
        ring = session.ring(self.source, depth=depth)
        inside = [0.0]
        forward = session.executor.forward

        def timed(*arguments: Any) -> Any:
            self.wait()
            began = time.perf_counter()
            result = forward(*arguments)
            self.wait()
            inside[0] += time.perf_counter() - began
            return result

        times, done = [], 0
        for tick in range(2 * steps + self.ticks):
            ring.submit(session.request(self.prompt, self.source, strength=0.8, seed=tick))
            self.wait()
            began = time.perf_counter()
            finished = ring.tick()
            self.wait()
            if tick >= 2 * steps:
                times.append(time.perf_counter() - began)
                done += len(finished)
        session.executor.forward = timed  # type: ignore[method-assign]
        outside = []
        for tick in range(max(self.ticks // 4, 2)):
            ring.submit(session.request(self.prompt, self.source, strength=0.8, seed=tick))
            inside[0], began = 0.0, time.perf_counter()
            ring.tick()
            self.wait()
            outside.append(1 - inside[0] / (time.perf_counter() - began))
        session.executor.forward = forward  # type: ignore[method-assign]
        return {
            "what": f"tick at D = {depth}",
            "ms": 1e3 * median(times),
            "completions_per_second": done / sum(times),
            "outside_forwards": median(outside),
        }

    @torch.inference_mode()
    def plain(self, rows: int, rate: float) -> dict[str, Any]:
        """Returns the time of the model's own eager forward, its FLOP, and the time that it would take at `rate` FLOP a
        second."""
        family, frames, device = self.session.family, self.source.frames, self.device
        spec = family.spec
        condition = family.denoiser.condition(self.prompt.tokens.to(device))
        arguments = (
            torch.randn(rows, frames, spec.latent_channels, device=device),
            family.denoiser.embed_time(torch.full((rows,), 0.5, device=device)),
            torch.rand(rows, frames, spec.context_channels, device=device),
            tuple(part.expand(rows, *part.shape).contiguous() for part in condition),
        )
        with FlopCounterMode(display=False) as counter:
            family.denoiser.velocity(*arguments)
        flop = counter.get_total_flops()
        took = self.milliseconds(lambda: family.denoiser.velocity(*arguments), max(self.ticks // 2, 2))
        return {"what": f"plain forward of {rows} rows", "ms": took, "gflop": flop / 1e9, "limit_ms": 1e3 * flop / rate}

    def matmul_rate(self, size: int) -> float:
        """Returns the FLOP a second of a square product, in bfloat16 on a GPU and float32 on a processor."""
        kind = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        one, other = (torch.randn(size, size, device=self.device, dtype=kind) for _ in range(2))
        return 2 * size**3 / (1e-3 * self.milliseconds(lambda: one @ other, 10))

    def decode(self) -> list[dict[str, Any]]:
        """Returns the time of decoding a window of 0.32 s, and the whole song."""
        session, latent = self.session, self.source.latent
        frames = round(0.32 * session.spec.frame_rate)
        window = self.milliseconds(lambda: session.decode(latent, start=50, frames=frames), max(self.ticks // 2, 2))
        whole = self.milliseconds(lambda: session.decode(latent), 2)
        return [{"what": "decode of a window", "ms": window}, {"what": "decode of the song", "ms": whole}]

    def memory(self) -> dict[str, Any]:
        """Returns the GPU memory in use and its peak, in MB; None on a processor."""
        if self.device.type != "cuda":
            return {"what": "GPU memory", "mb": None, "peak_mb": None}
        return {
            "what": "GPU memory",
            "mb": torch.cuda.memory_allocated(self.device) / 1e6,
            "peak_mb": torch.cuda.max_memory_allocated(self.device) / 1e6,
        }


def measure(model: str, executor: str, seconds: float, depths: Sequence[int], ticks: int, size: int) -> dict[str, Any]:
    """Returns all figures, with the machine and the versions of the libraries."""
    bench = Bench(model, executor, seconds, ticks)
    rate = bench.matmul_rate(size)
    rows = [bench.tick(depth) for depth in depths]
    rows += [bench.plain(depth, rate) for depth in depths]
    rows += [*bench.decode(), bench.memory()]
    gpu = torch.cuda.get_device_name() if bench.device.type == "cuda" else "none: measured on a processor"
    return {
        "model": model,
        "executor": str(bench.session.choice),
        "gpu": gpu,
        "machine": machine(),
        "versions": {name: version for name in LIBRARIES if (version := version_of(name))},
        "song_frames": bench.source.frames,
        "tflop_per_second": rate / 1e12,
        "rows": rows,
    }


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measures as the command line says, prints the table, and returns the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--executor", default="auto")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--ticks", type=int, default=60)
    parser.add_argument("--tiny", action="store_true", help="a few ticks of the shortest song")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    seconds, depths, ticks = (8.0, given.depths[:2], 4) if given.tiny else (given.seconds, given.depths, given.ticks)
    found = measure(given.model, given.executor, seconds, depths, ticks, 256 if given.tiny else 4096)
    print(f"{found['model']}, {found['executor']}\n{found['gpu']}; {found['machine']}")
    for row in found["rows"]:
        rest = (f"{name} {value:.4g}" for name, value in row.items() if name != "what" and value is not None)
        print(f"{row['what']:28} {'  '.join(rest)}")
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
