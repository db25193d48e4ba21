"""Turns a PyTorch network into a TFLite file with float16 weights, for the convert scripts.

Needs the extra "train-network". The weights are stored as float16 and computed with as float32.
"""

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import nn


def export(network: nn.Module, height: int, width: int) -> bytes:
    """Return the TFLite file of a network that takes (1, height, width, 1)."""
    import litert_torch  # noqa: PLC0415 - takes seconds

    sample = (torch.zeros(1, height, width, 1),)
    with tempfile.TemporaryDirectory() as folder:
        whole, half = Path(folder) / "whole.tflite", Path(folder) / "half.tflite"
        litert_torch.convert(network.eval(), sample).export(str(whole))
        _halve(whole, half)
        return half.read_bytes()


def _halve(whole: Path, half: Path) -> None:
    from ai_edge_quantizer import quantizer  # noqa: PLC0415 - takes seconds
    from ai_edge_quantizer.recipe import AlgorithmName, qtyping  # noqa: PLC0415

    made: Any = quantizer.Quantizer(str(whole))
    made.update_quantization_recipe(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        op_config=qtyping.OpQuantizationConfig(
            weight_tensor_config=qtyping.TensorQuantizationConfig(
                num_bits=16, dtype=qtyping.TensorDataType.FLOAT
            ),
            compute_precision=qtyping.ComputePrecision.FLOAT,
        ),
        algorithm_key=AlgorithmName.FLOAT_CASTING,
    )
    made.quantize().export_model(str(half))
