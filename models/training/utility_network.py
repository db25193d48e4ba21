"""The quality network in PyTorch: a picture in, a judgement of every block of 16 pixels out.

Fully convolutional, at 250 dpi. The score is made of the minutiae to be found, a sum over the
blocks, so that area counts as it does in a comparison, and padding counts nothing.
"""

import torch
from torch import Tensor, nn

from greenline.models.training.quality_drawing import TRUTHS

# Minutiae in one block, spread over their neighbours: ridges leave no room for more.
MOST_FOUND = 2.0
# Channels at a quarter, an eighth and a sixteenth of the size. The runtime's x86 kernels compute 16
# at a time: of 24 it computes 32.
WIDTHS = (16, 48, 64)


class _Block(nn.Module):  # type: ignore[misc]  # torch is no part of the checks
    """A residual block. It begins as doing nothing, so that a trained network can take one more."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(norm.weight)
        self.body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), norm)

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

    Gives (n, len(TRUTHS) + 1, rows, columns), logits but for right and down. The last channel is
    the logit of the minutiae to be found as a share of MOST_FOUND.
    """

    def __init__(self, widths: tuple[int, int, int] = WIDTHS) -> None:
        super().__init__()
        quarter, eighth, sixteenth = widths
        self.widths = widths
        self.seen = nn.Sequential(
            nn.AvgPool2d(2),  # 250 dpi: four pixels from ridge to ridge are enough
            nn.Conv2d(1, quarter, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(quarter),
            nn.ReLU(),
        )
        self.fine = nn.Sequential(_Block(quarter))
        self.middle = _down(quarter, eighth)
        self.bends = nn.Sequential(_Block(eighth))
        self.coarse = nn.Sequential(_down(eighth, sixteenth), _Block(sixteenth), _Block(sixteenth))
        self.blocks = nn.Conv2d(sixteenth, len(TRUTHS), 1)
        self.found = nn.Conv2d(sixteenth, 1, 1)
        nn.init.constant_(self.found.bias, -2.5)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the blocks."""
        seen = self.coarse(self.bends(self.middle(self.fine(self.seen(pictures)))))
        blocks: Tensor = torch.cat([self.blocks(seen), self.found(seen)], dim=1)
        return blocks
