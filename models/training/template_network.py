"""The template network in PyTorch: a picture of ridges in, answers on a grid of 4 pixels out.

Fully convolutional: a strided stem, separable residual blocks down to a sixteenth, additive skips
up to a quarter. Nearest upsampling and ReLU alone, so that both TFLite runtimes have fast kernels
for all of it.
"""

from enum import IntEnum

import torch
from torch import Tensor, nn

CELL = 4
MULTIPLE = 16  # sides of a picture must be multiples of this


class Answer(IntEnum):
    """The channels of the output, in order."""

    MINUTIA = 0  # logit
    COSINE = 1  # of the direction, not normalised
    SINE = 2
    DOUBLE_COSINE = 3  # of twice the ridge orientation
    DOUBLE_SINE = 4
    CONTACT = 5  # logit
    ENDING = 6  # logit
    RIGHT = 7  # from the cell's middle to the minutia, in cells
    DOWN = 8


class _Block(nn.Module):  # type: ignore[misc]  # torch is no part of the checks
    """A separable residual block."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add what the body makes of x to x."""
        return torch.relu(x + self.body(x))


def _pointwise(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())


def _down(before: int, after: int) -> nn.Sequential:
    """Halve the resolution, separably."""
    return nn.Sequential(
        nn.Conv2d(before, before, 3, stride=2, padding=1, groups=before, bias=False),
        nn.BatchNorm2d(before),
        *_pointwise(before, after),
    )


class TemplateNetwork(nn.Module):  # type: ignore[misc]  # as above
    """widths: channels at a half, a quarter, an eighth and a sixteenth of the picture's size.

    Takes (n, 1, height, width) of grey values 0 to 1; gives len(Answer) channels at a quarter.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (32, 96, 160, 256)) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        self.widths = widths
        self.stem = nn.Sequential(
            nn.Conv2d(1, half, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(half), nn.ReLU()
        )
        self.quarter = nn.Sequential(_down(half, quarter), _Block(quarter, 3), _Block(quarter, 3))
        self.eighth = nn.Sequential(_down(quarter, eighth), *(_Block(eighth, 5) for _ in range(3)))
        self.sixteenth = nn.Sequential(
            _down(eighth, sixteenth), *(_Block(sixteenth, 5) for _ in range(3))
        )
        self.up_eighth = _pointwise(sixteenth, eighth)
        self.back_eighth = nn.Sequential(_Block(eighth, 5), _Block(eighth, 5))
        self.up_quarter = _pointwise(eighth, quarter)
        self.back_quarter = nn.Sequential(*(_Block(quarter, 3) for _ in range(3)))
        self.head = nn.Conv2d(quarter, len(Answer), 1)
        nn.init.constant_(self.head.bias[Answer.MINUTIA], -4.0)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the answers, logits and plain numbers as Answer lists them."""
        quarter = self.quarter(self.stem(pictures))
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        eighth = self.back_eighth(eighth + _twice(self.up_eighth(sixteenth)))
        quarter = self.back_quarter(quarter + _twice(self.up_quarter(eighth)))
        answers: Tensor = self.head(quarter)
        return answers


def _twice(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
