"""What tests of exported networks share."""

from __future__ import annotations

import importlib.util

import pytest

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="the extra `onnx` is not installed: pip install 'demon-patch[onnx]'",
)
