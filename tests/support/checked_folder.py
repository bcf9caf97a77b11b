"""Patches and LoRAs that are written for a test, and what is found wrong in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from demon_patch.runtime.checking import MISTAKE, Finding, findings

COMPOSED = {"type": "composed_source"}


def lora(path: Path, metadata: Any, width: int = 320, layer: str = "blocks.0.query_key_value") -> None:
    draw = torch.Generator().manual_seed(1)
    down, up = 0.02 * torch.randn(8, width, generator=draw), 0.02 * torch.randn(960, 8, generator=draw)
    save_file({f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up}, path, metadata)


def patch_of(folder: Path, *, clip: Any = None, lora: str | None = None, **more: Any) -> Path:
    """A whole patch with one clip, and perhaps a LoRA in its chain."""
    nodes: dict[str, Any] = {
        "clip": clip or COMPOSED,
        "words": {"type": "prompt", "values": {"text": "acid"}},
        "sched": {"type": "scheduler"},
        "dec": {"type": "decoder"},
        "out": {"type": "speaker"},
        **more.pop("nodes", {}),
    }
    wires = [
        ("clip", "source", "sched", "source"),
        ("words", "prompt", "sched", "prompt"),
        ("dec", "audio", "out", "audio"),
    ]
    if lora is None:
        wires += [("sched", "ring", "dec", "ring")]
    else:
        nodes["lora"] = {"type": "lora", "values": {"file": lora}}
        wires += [("sched", "ring", "lora", "ring"), ("lora", "ring", "dec", "ring")]
    wires = [wire for wire in wires if wire not in more.get("cut", [])] + more.pop("wires", [])
    more.pop("cut", None)
    cables = [dict(zip(("src", "out", "dst", "port"), wire, strict=True)) for wire in wires]
    path = folder / "a.dpatch.json"
    path.write_text(json.dumps({"format": 1, "nodes": nodes, "cables": cables, **more}), encoding="utf-8")
    return path


def audio(file: str) -> dict[str, Any]:
    return {"type": "audio_source", "values": {"file": file}}


def mistakes(path: Path) -> list[Finding]:
    return [finding for finding in findings(path) if finding.severity == MISTAKE]
