"""Makes sound files in memory, and writes them down."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import soundfile

RATE, SECONDS = 22_050, 4
FRAMES = RATE * SECONDS


def noise(channels: int = 1, frames: int = FRAMES, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (frames, channels)).astype(np.float32)


def encoded(audio: np.ndarray, format: str = "WAV", rate: int = RATE, **how: object) -> bytearray:
    stream = io.BytesIO()
    soundfile.write(stream, audio, rate, format=format, **how)  # pyright: ignore[reportArgumentType]
    return bytearray(stream.getvalue())


def kept(folder: Path, data: bytes | bytearray, name: str = "x.wav") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def chunk(name: bytes, data: bytes, order: str = "<") -> bytes:
    return name + struct.pack(order + "I", len(data)) + data + b"\0" * (len(data) % 2)


def with_chunk(data: bytearray, extra: bytes, *, before: bool = True) -> bytearray:
    at = data.find(b"data") if before else len(data)
    return data[:at] + extra + data[at:]


def sized(data: bytearray, size: int) -> bytearray:
    at = data.find(b"data") + 4
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]
