"""What the trainings of both networks share: the learning rate's course, the running average."""

import math

from torch import nn


def share_of_rate(step: int, steps: int, warm: int) -> float:
    """Return the share of the highest rate: up in so many warm steps, then down a cosine."""
    begun = min(1.0, (step + 1) / warm)
    return begun * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))


def follow(average: nn.Module, network: nn.Module, step: int, keep: float) -> None:
    """Draw the average a little toward the network. keep: its share that stays, less at first."""
    keep = min(keep, step / (step + 10))
    kept, learnt = average.state_dict(), network.state_dict()
    for ours, theirs in zip(kept.values(), learnt.values(), strict=True):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs, 1 - keep)
        else:
            ours.copy_(theirs)
