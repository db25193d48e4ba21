"""Makes the quality network's model files: trained and calibrated weights, as float16 TFLite.

    python -m greenline.models.training.convert_quality --weights FILE.pt --out models

Needs the extra "train-network". Run by an engineer after a new training; never on a kiosk.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn

from greenline.models import manifest
from greenline.models.manifest import Manifest, ModelFile, Origin, QualityThresholds
from greenline.models.quality_network import BLOCK, MODEL
from greenline.models.training.entries import replace_entries
from greenline.models.training.tflite_export import SIZES, export, load_average, run, tools
from greenline.models.training.train_quality import readable
from greenline.models.training.utility_network import UtilityNetwork

CARD = "docs/models/greenline-utility-1.md"

_CHANNELS = (
    "share of skin",
    "how well the finger's own ridges show, 0 to 1",
    "too dry, 0 to 1",
    "too wet, 0 to 1",
    "smudged, 0 to 1",
    "residue, 0 to 1",
    "from the block's middle to the pad's, 100 pixels to the right",
    "the same, down",
    "minutiae that will be found in it, weighed by their probability",
)


class _Deployed(nn.Module):  # type: ignore[misc]  # torch is no part of the checks
    """The network as a kiosk runs it: grey values 0-255, channels last, no logits."""

    def __init__(self, network: UtilityNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Take (1, height, width, 1), give (1, height / 16, width / 16, 9)."""
        blocks = self.network(pictures.permute(0, 3, 1, 2) / 255.0)
        return readable(blocks).permute(0, 2, 3, 1)


def describe(content: bytes, height: int, width: int, weights: Path) -> ModelFile:
    """Return the manifest's entry for a converted file."""
    state = torch.load(weights, weights_only=True)
    blocks = (1, height // BLOCK, width // BLOCK, len(_CHANNELS))
    return ModelFile(
        name=f"utility_{height}x{width}.tflite",
        model=MODEL,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        input=manifest.Tensor(
            (1, height, width, 1), "float32", (0.0, 255.0), ("grey, ridges dark",)
        ),
        outputs=(manifest.Tensor(blocks, "float32", None, _CHANNELS),),
        thresholds=msgspec.convert(state["thresholds"], QualityThresholds),
        licence="Apache-2.0",
        copyright="Copyright (c) 2026 The Greenline authors",
        origin=Origin(
            package="greenline",
            version=version("greenline"),
            file="models/training/train_quality.py",
            sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
            author="The Greenline authors",
            url=CARD,
        ),
        recipe=f"train_quality, {state['step']} steps, seed {state['seed']}, synthetic prints "
        f"only; {tools()}",
        card=CARD,
    )


def write(weights: Path, folder: Path) -> Manifest:
    """Convert to all sizes, write the files and the manifest into folder, return the manifest.

    Entries of other models in a manifest that is there already are kept.
    """
    network = load_average(weights, UtilityNetwork)
    entries = []
    for height, width in SIZES:
        content = export(_Deployed(network), height, width)
        entries.append(describe(content, height, width, weights))
        (folder / entries[-1].name).write_bytes(content)
    return replace_entries(folder, MODEL, tuple(entries))


if __name__ == "__main__":
    run(MODEL, "what calibrate_quality wrote", write)
