"""Trains the quality network on its lessons, with a log of what it saw and of lessons held out.

    python -m greenline.models.training.train_quality --lessons DIR --found FOUND --out FILE.pt

FOUND: what quality_found wrote of DIR and of lessons for the template network.
"""

import argparse
import copy
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross

from greenline.models.training.averaging import follow, share_of_rate
from greenline.models.training.quality_batches import (
    Lessons,
    batches,
    read_drawn,
    read_lessons,
)
from greenline.models.training.quality_drawing import TRUTHS
from greenline.models.training.utility_network import MOST_FOUND, WIDTHS, UtilityNetwork

_RATE = 3e-3
_KEEP = 0.998  # of the running average of the weights
_WARM = 200  # steps
_LOG_EVERY = 50
_FEW = 2.0  # minutiae: below it the number itself counts in the loss, above it its logarithm
_CONTACT, _CLEAR, _RESIDUE = (TRUTHS.index(name) for name in ("contact", "clear", "residue"))
_FOUND = len(TRUTHS)


def losses(blocks: Tensor, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Return each loss with its weight in it."""
    _, truth, inside, found = batch
    skin = truth[:, _CONTACT] * inside
    on_skin = skin / skin.sum().clamp(min=1)
    # Under a finger residue can hardly be seen, so that it is asked for beside it alone.
    ground = (1 - truth[:, _CONTACT]) * inside
    on_ground = ground / ground.sum().clamp(min=1)
    each = cross(blocks[:, : _RESIDUE + 1], truth[:, : _RESIDUE + 1], reduction="none")
    away = (blocks[:, _RESIDUE + 1 : _FOUND] - truth[:, _RESIDUE + 1 :]).abs().sum(dim=1)
    count = MOST_FOUND * torch.sigmoid(blocks[:, _FOUND])
    of_skin = (count * torch.sigmoid(blocks[:, _CONTACT]).detach()).sum(dim=(1, 2))
    ratio = torch.log((of_skin + _FEW) / (found.sum(dim=(1, 2)) + _FEW))
    return {
        "contact": each[:, _CONTACT].mean(),
        "clear": (each[:, _CLEAR] * on_skin).sum(),
        "faults": (each[:, _CLEAR + 1 : _RESIDUE].sum(dim=1) * on_skin).sum(),
        "residue": 2.5 * (each[:, _RESIDUE] * on_ground).sum(),
        "middle": 0.3 * (away * on_skin).sum(),
        "found": 12 * (count - found * torch.log(count + 1e-4)).mean(),  # Poisson's likelihood
        "count": 4 * (ratio * ratio).mean(),
    }


def answer(network: UtilityNetwork, lessons: Lessons) -> NDArray[np.float32]:
    """Return the blocks of all lessons: probabilities, right and down, and minutiae."""
    blocks = []
    with torch.no_grad():
        for start in range(0, len(lessons), 32):
            pixels = lessons.pixels[start : start + 32, None].astype(np.float32) / 255
            blocks.append(readable(network(torch.from_numpy(pixels))).numpy())
    return np.concatenate(blocks)


def readable(blocks: Tensor) -> Tensor:
    """Return the network's blocks (n, channels, rows, columns) with its logits resolved."""
    said = torch.sigmoid(blocks[:, : _RESIDUE + 1])
    found = MOST_FOUND * torch.sigmoid(blocks[:, _FOUND:])
    return torch.cat([said, blocks[:, _RESIDUE + 1 : _FOUND], found], dim=1)


def judged(network: UtilityNetwork, held_out: list[Lessons]) -> dict[str, float]:
    """Return how well lessons held out are judged; the last of them are those of new kinds.

    Rank correlations of the minutiae expected: with those found, and with the comparison scores.
    """
    told: dict[str, float] = {}
    said, true = list[NDArray[np.float32]](), list[NDArray[np.float32]]()
    for lessons in held_out:
        blocks = answer(network, lessons)
        said.append((blocks[:, _FOUND] * blocks[:, _CONTACT]).sum(axis=(1, 2)))
        true.append(lessons.found.astype(np.float32).sum(axis=(1, 2)))
    for name, part in (("presses", slice(-1)), ("drawn", slice(-1, None))):
        ours, theirs = np.concatenate(said[part]), np.concatenate(true[part])
        told[f"{name}, error"] = float(np.abs(np.log((ours + _FEW) / (theirs + _FEW))).mean())
        told[f"{name}, found"] = _ranked(ours, theirs)
    told["presses, scores"] = _ranked(
        np.concatenate(said[:-1]), np.concatenate([each.utility for each in held_out[:-1]])
    )
    return {name: round(value, 4) for name, value in told.items()}


def _ranked(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    ranks = np.stack([np.argsort(np.argsort(part)) for part in (a, b)])
    return float(np.corrcoef(ranks.astype(float))[0, 1])


class Training:
    """A network on its way, and the running average of its weights."""

    def __init__(self, steps: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._steps = steps
        self.step = 0
        self.network = UtilityNetwork(WIDTHS).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        self._optimiser = torch.optim.AdamW(self.network.parameters(), _RATE, weight_decay=1e-3)

    def start_from(self, path: Path) -> None:
        """Take the averaged weights of an older run; what it did not have begins afresh."""
        weights = torch.load(path, weights_only=True)["average"]
        self.network.load_state_dict(weights, strict=False)
        self.average.load_state_dict(self.network.state_dict())

    def learn(self, batch: tuple[Tensor, ...]) -> dict[str, float]:
        """Take one step; return the losses."""
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * share_of_rate(self.step, self._steps, _WARM)
        self.network.train()
        parts = losses(self.network(batch[0].to(memory_format=torch.channels_last)), batch)
        self._optimiser.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self._optimiser.step()
        self.step += 1
        follow(self.average, self.network, self.step, _KEEP)
        return {name: float(part.detach()) for name, part in parts.items()}

    def save(self, path: Path, seed: int) -> None:
        """Write the averaged weights, and what they came of."""
        state = {"step": self.step, "seed": seed, "average": self.average.state_dict()}
        torch.save({**state, "widths": self.network.widths}, path)


def main() -> None:
    """Train as the command line asks."""
    parser = argparse.ArgumentParser(description="Train the quality network.")
    parser.add_argument("--lessons", type=Path, required=True)
    parser.add_argument("--found", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="an older run's file to begin with")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    training = Training(given.steps, given.seed)
    if given.start:
        training.start_from(given.start)
    held_out = [
        *read_lessons(given.lessons, given.found, held_out=True),
        read_drawn(given.found, held_out=True),
    ]
    source = batches(
        read_lessons(given.lessons, given.found, held_out=False),
        read_drawn(given.found, held_out=False),
        np.random.default_rng(given.seed),
    )
    begun, seen = time.monotonic(), dict[str, float]()
    while training.step < given.steps:
        for name, part in training.learn(next(source)).items():
            seen[name] = seen.get(name, 0.0) + part / _LOG_EVERY
        if training.step % _LOG_EVERY == 0 or training.step == given.steps:
            line: dict[str, float] = {name: round(part, 4) for name, part in seen.items()}
            if training.step % (5 * _LOG_EVERY) == 0 or training.step == given.steps:
                line |= judged(training.average, held_out)
                training.save(given.out, given.seed)
            told = {"step": training.step, "s": round(time.monotonic() - begun), **line}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            seen = {}


if __name__ == "__main__":
    main()
