"""Networks of low precision: products of eight bits, by ONNX Runtime's dynamic quantisation.

A weight has a scale for each output channel; what it is multiplied with gets a scale for each forward.
"""

from __future__ import annotations

import logging
from pathlib import Path

from demon_patch.engine.executors.export import check_libraries
from demon_patch.errors import DemonError


def quantise(path: Path) -> None:
    """Replaces an ONNX file by one whose products with weights are of eight bits. LoRAs and steering, which are inputs,
    stay float32. Raises DemonError if a library is missing or refuses the file."""
    check_libraries(("onnx", "onnxruntime"))
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 (an extra)

    draft = path.with_suffix(".low")
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # it warns of a missing pass that nothing here needs
    try:
        quantize_dynamic(path, draft, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8)
    except Exception as error:  # its errors have no common class
        raise DemonError(
            f"ONNX Runtime cannot quantise it: {str(error).splitlines()[0]}", file=path, mend="build it in float32"
        ) from error
    finally:
        logging.getLogger().setLevel(level)
    draft.replace(path)
