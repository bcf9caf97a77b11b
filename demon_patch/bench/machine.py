"""Names what a figure was measured on: the machine, and the model of benches that compare from day to day."""

from __future__ import annotations

import os
import platform
from pathlib import Path

MODEL = "nano"
"""The model on which controls are measured, whatever the default is."""


def processor() -> str:
    """Returns the processor's name from the system."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def machine() -> str:
    """Returns one line: processor, cores, system, Python and PyTorch."""
    import torch

    versions = f"Python {platform.python_version()}, PyTorch {torch.__version__}"
    return f"{processor()}, {os.cpu_count()} cores, {platform.system()}, {versions}"
