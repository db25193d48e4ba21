"""Makes the template network's model files: the trained weights, as float16 TFLite.

    python -m greenline.models.training.convert_template --weights FILE.pt --out models

Needs the extra "train-network". Run by an engineer after a new training; never on a kiosk.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn

from greenline.models import manifest
from greenline.models.manifest import Manifest, MinutiaThresholds, ModelFile, Origin
from greenline.models.training.entries import replace_entries
from greenline.models.training.template_network import CELL, Answer, TemplateNetwork
from greenline.models.training.tflite_export import SIZES, export, load_average, run, tools

MODEL = "greenline-1"
CHANNELS = (
    "probability of a minutia",
    "cosine of its direction",
    "sine of its direction",
    "cosine of twice the ridge orientation",
    "sine of twice the ridge orientation",
    "probability of skin",
    "probability of an ending",
    "from the cell's middle to the minutia, cells to the right",
    "the same, cells down",
)
_LOGITS = (Answer.MINUTIA, Answer.CONTACT, Answer.ENDING)


class _Deployed(nn.Module):  # type: ignore[misc]  # torch is no part of the checks
    """The network as a kiosk runs it: grey values 0-255, channels last, probabilities."""

    def __init__(self, network: TemplateNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Take (1, height, width, 1), give (1, height / 4, width / 4, 9)."""
        answers = self.network(pictures.permute(0, 3, 1, 2) / 255.0)
        channels = [
            torch.sigmoid(answers[:, at : at + 1]) if at in _LOGITS else answers[:, at : at + 1]
            for at in range(len(Answer))
        ]
        return torch.cat(channels, dim=1).permute(0, 2, 3, 1)


def describe(content: bytes, height: int, width: int, weights: Path, steps: int) -> ModelFile:
    """Return the manifest's entry for a converted file."""
    answers = (1, height // CELL, width // CELL, len(Answer))
    return ModelFile(
        name=f"greenline_{height}x{width}.tflite",
        model=MODEL,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        input=manifest.Tensor(
            (1, height, width, 1), "float32", (0.0, 255.0), ("grey, ridges dark",)
        ),
        outputs=(manifest.Tensor(answers, "float32", None, CHANNELS),),
        thresholds=MinutiaThresholds(minutia=0.30, ending=0.5),
        licence="Apache-2.0",
        copyright="Copyright (c) 2026 The Greenline authors",
        origin=Origin(
            package="greenline",
            version=version("greenline"),
            file="models/training/train_template.py",
            sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
            author="The Greenline authors",
            url="docs/models/greenline-1.md",
        ),
        recipe=f"train_template, {steps} steps, synthetic prints only; {tools()}",
        card="docs/models/greenline-1.md",
    )


def write(weights: Path, folder: Path) -> Manifest:
    """Convert to all sizes, write the files and the manifest into folder, return the manifest.

    Entries of other models in a manifest that is there already are kept.
    """
    network = load_average(weights, TemplateNetwork)
    steps = int(torch.load(weights, weights_only=True)["step"])
    entries = []
    for height, width in SIZES:
        content = export(_Deployed(network), height, width)
        entries.append(describe(content, height, width, weights, steps))
        (folder / entries[-1].name).write_bytes(content)
    return replace_entries(folder, MODEL, tuple(entries))


if __name__ == "__main__":
    run(MODEL, "what train_template wrote", write)
