"""The quality network in PyTorch: a picture in, a judgement of every block of 16 pixels out.

Fully convolutional, at 250 dpi. The score is made of sums over the blocks, so that area counts as
it does in a comparison, and padding counts nothing.
"""

import torch
from torch import Tensor, nn

from greenline.models.training.quality_drawing import TRUTHS

PARTS = 12  # kinds of evidence that are added up over the blocks
_SUM = 100.0  # blocks: a usual contact
_LITTLE = 0.02

WIDTHS = (24, 40, 64)  # channels at a quarter, an eighth and a sixteenth of the size


class _Block(nn.Module):  # type: ignore[misc]  # torch is no part of the checks
    """A residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add what the body makes of x to x."""
        return torch.relu(x + self.body(x))


def _down(before: int, after: int) -> nn.Sequential:
    """Halve the resolution."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class UtilityNetwork(nn.Module):  # type: ignore[misc]  # as above
    """Takes (n, 1, height, width) of grey values 0 to 1, sides multiples of 16.

    Gives (n, len(TRUTHS), rows, columns), logits but for the last two, and the score's logit (n,).
    """

    def __init__(self, widths: tuple[int, int, int] = WIDTHS) -> None:
        super().__init__()
        quarter, eighth, sixteenth = widths
        self.widths = widths
        self.body = nn.Sequential(
            nn.AvgPool2d(2),  # 250 dpi: four pixels from ridge to ridge are enough
            nn.Conv2d(1, quarter, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(quarter),
            nn.ReLU(),
            _down(quarter, eighth),
            _Block(eighth),
            _down(eighth, sixteenth),
            _Block(sixteenth),
            _Block(sixteenth),
            _Block(sixteenth),
        )
        self.blocks = nn.Conv2d(sixteenth, len(TRUTHS), 1)
        self.parts = nn.Conv2d(sixteenth, PARTS, 1)
        self.head = nn.Sequential(nn.Linear(PARTS, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return blocks and score."""
        seen = self.body(pictures)
        blocks = self.blocks(seen)
        skin = torch.sigmoid(blocks[:, :1])
        count = seen.shape[2] * seen.shape[3]
        parts = torch.sigmoid(self.parts(seen)) * skin
        sums = parts.mean(dim=(2, 3)) * (count / _SUM)
        score = self.head(torch.log(sums + _LITTLE))
        return blocks, score[:, 0]
