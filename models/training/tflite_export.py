"""Turns a PyTorch network into TFLite files with float16 weights, for the convert scripts.

Needs the extra "train-network". The weights are stored as float16 and computed with as float32.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from greenline.models.manifest import Manifest

# Height, width: an R503, an AS608 and less, and all other pictures (the largest of FVC2002 too).
SIZES = ((192, 192), (288, 256), (512, 416))

_TOOLS = ("torch", "litert-torch", "numpy")


def tools() -> str:
    """Say what converts here, for the manifest."""
    return ", ".join(f"{tool} {version(tool)}" for tool in _TOOLS)


def load_average(path: Path, kind: Callable[[Any], nn.Module]) -> nn.Module:
    """Return the network of a training with the running average of its weights. kind: its class."""
    state = torch.load(path, weights_only=True)
    network = kind(tuple(state["widths"]))
    network.load_state_dict(state["average"])
    return network.eval()


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


def run(model: str, weights: str, write: Callable[[Path, Path], Manifest]) -> None:
    """Convert as the command line asks. weights: where they come from; write: see the scripts."""
    parser = argparse.ArgumentParser(description=f"Convert {model} to TFLite.")
    parser.add_argument("--weights", type=Path, required=True, help=weights)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for file in write(given.weights, given.out).of_model(model):
        sys.stdout.write(f"{file.sha256}  {file.name}  {file.size_bytes} bytes\n")
