"""Trains the quality network on its lessons, with a log of what it saw and of lessons held out.

    python -m greenline.models.training.train_quality --lessons DIR --out FILE.pt --steps 900

Every eighth shard is held out: its fingers are never learnt from.
"""

import argparse
import copy
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross

from greenline.models.training.quality_drawing import TRUTHS
from greenline.models.training.quality_lessons import CANVASES
from greenline.models.training.utility_network import WIDTHS, UtilityNetwork

HELD_OUT = 8
BEST_SCORE = 20.0  # the comparison score that makes 100

_BATCH = 16
_RATE = 3e-3
_KEEP = 0.998  # of the running average of the weights
_LOG_EVERY = 50
_CONTACT, _CLEAR, _RESIDUE = (TRUTHS.index(name) for name in ("contact", "clear", "residue"))


@dataclass(frozen=True)
class Lessons:
    """Lessons of one canvas: pictures uint8 (n, h, w), truth, inside (n, ...), scores (n, r)."""

    pixels: NDArray[np.uint8]
    truth: NDArray[np.float16]
    inside: NDArray[np.float16]
    scores: NDArray[np.float32]
    finger: NDArray[np.int64]
    faults: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def utility(self) -> NDArray[np.float32]:
        """Each lesson's mean comparison score, 0 to BEST_SCORE, as 0 to 1."""
        return np.asarray(np.minimum(self.scores, BEST_SCORE).mean(axis=1) / BEST_SCORE)


def read_lessons(folder: Path, *, held_out: bool) -> list[Lessons]:
    """Return the lessons of each canvas, of every eighth shard or of the others."""
    paths = sorted(folder.glob("quality-*.npz"))
    chosen = [p for at, p in enumerate(paths) if (at % HELD_OUT == HELD_OUT - 1) == held_out]
    found: list[Lessons] = []
    for number, _ in enumerate(CANVASES):
        columns: dict[str, list[NDArray[np.generic]]] = {f: [] for f in Lessons.__annotations__}
        for path in chosen:
            with np.load(path) as shard:
                for name in columns if f"pixels{number}" in shard else ():
                    columns[name].append(shard[f"{name}{number}"])
        found.append(Lessons(**{name: np.concatenate(c) for name, c in columns.items()}))
    return found


def batches(lessons: list[Lessons], rng: np.random.Generator) -> Iterator[tuple[Tensor, ...]]:
    """Yield pictures, truth, inside and utility of random lessons of one canvas, for ever."""
    shares = np.array([len(each) for each in lessons], float)
    while True:
        here = lessons[rng.choice(len(lessons), p=shares / shares.sum())]
        at = rng.integers(len(here), size=_BATCH)
        pixels = _jittered(rng, here.pixels[at])
        truth, inside = here.truth[at].astype(np.float32), here.inside[at].astype(np.float32)
        if rng.random() < 0.5:
            pixels, truth, inside = pixels[..., ::-1], truth[..., ::-1].copy(), inside[..., ::-1]
            truth[:, TRUTHS.index("right")] *= -1
        parts = (pixels[:, None], truth, inside, here.utility[at])
        yield tuple(torch.from_numpy(np.ascontiguousarray(part)) for part in parts)


def _jittered(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return grey values 0 to 1, each picture's tones changed by a table of its own."""
    levels = np.arange(256) / 255
    changed = np.empty(pixels.shape, np.float32)
    for number, picture in enumerate(pixels):
        power = np.exp(rng.normal(0, 0.2)) if rng.random() < 0.4 else 1.0
        gain, offset = np.exp(rng.normal(0, 0.12)), rng.normal(0, 0.05)
        tones = (levels**power - 0.5) * gain + 0.5 + offset
        changed[number] = np.clip(tones, 0, 1).astype(np.float32)[picture]
    return changed


def losses(blocks: Tensor, score: Tensor, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Return each loss with its weight in it."""
    _, truth, inside, utility = batch
    skin = truth[:, _CONTACT] * inside
    on_skin = skin / skin.sum().clamp(min=1)
    # Under a finger residue can hardly be seen, so that it is asked for beside it alone.
    ground = (1 - truth[:, _CONTACT]) * inside
    on_ground = ground / ground.sum().clamp(min=1)
    each = cross(blocks[:, : _RESIDUE + 1], truth[:, : _RESIDUE + 1], reduction="none")
    away = (blocks[:, _RESIDUE + 1 :] - truth[:, _RESIDUE + 1 :]).abs().sum(dim=1)
    return {
        "contact": each[:, _CONTACT].mean(),
        "clear": (each[:, _CLEAR] * on_skin).sum(),
        "faults": 2 * (each[:, _CLEAR + 1 : _RESIDUE].sum(dim=1) * on_skin).sum(),
        "residue": 5 * (each[:, _RESIDUE] * on_ground).sum(),
        "middle": 0.3 * (away * on_skin).sum(),
        "score": cross(score, utility),
    }


def answer(network: UtilityNetwork, lessons: Lessons) -> tuple[NDArray[np.float32], ...]:
    """Return blocks (probabilities, and right and down) and scores 0 to 1 of all lessons."""
    blocks, scores = [], []
    with torch.no_grad():
        for start in range(0, len(lessons), 32):
            pixels = lessons.pixels[start : start + 32, None].astype(np.float32) / 255
            seen, score = network(torch.from_numpy(pixels))
            seen[:, : _RESIDUE + 1] = torch.sigmoid(seen[:, : _RESIDUE + 1])
            blocks.append(seen.numpy())
            scores.append(torch.sigmoid(score).numpy())
    return np.concatenate(blocks), np.concatenate(scores)


def judged(network: UtilityNetwork, held_out: list[Lessons]) -> dict[str, float]:
    """Return how well lessons held out are judged: errors and rank correlation of the score."""
    said = np.concatenate([answer(network, each)[1] for each in held_out])
    true = np.concatenate([each.utility for each in held_out])
    skin = np.concatenate([each.finger for each in held_out]) > 0
    ranks = np.stack([np.argsort(np.argsort(part[skin])) for part in (said, true)])
    return {
        "held out, mean error": round(float(np.abs(said - true)[skin].mean()), 4),
        "rank correlation": round(float(np.corrcoef(ranks.astype(float))[0, 1]), 4),
        "strangers' mean score": round(float(said[~skin].mean()), 4),
    }


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
        """Take the averaged weights of an older run."""
        weights = torch.load(path, weights_only=True)["average"]
        self.network.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def learn(self, batch: tuple[Tensor, ...]) -> dict[str, float]:
        """Take one step; return the losses."""
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * _share(self.step, self._steps)
        self.network.train()
        blocks, score = self.network(batch[0].to(memory_format=torch.channels_last))
        parts = losses(blocks, score, batch)
        self._optimiser.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self._optimiser.step()
        self.step += 1
        self._follow()
        return {name: float(part.detach()) for name, part in parts.items()}

    def save(self, path: Path, seed: int) -> None:
        """Write the averaged weights, and what they came of."""
        state = {"step": self.step, "seed": seed, "average": self.average.state_dict()}
        torch.save({**state, "widths": self.network.widths}, path)

    def _follow(self) -> None:
        keep = min(_KEEP, self.step / (self.step + 10))
        kept, learnt = self.average.state_dict(), self.network.state_dict()
        for ours, theirs in zip(kept.values(), learnt.values(), strict=True):
            if ours.dtype.is_floating_point:
                ours.lerp_(theirs, 1 - keep)
            else:
                ours.copy_(theirs)


def _share(step: int, steps: int) -> float:
    """Return the share of the highest rate: up in 200 steps, then down a cosine."""
    warm = min(1.0, (step + 1) / 200)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))


def main() -> None:
    """Train as the command line asks."""
    parser = argparse.ArgumentParser(description="Train the quality network.")
    parser.add_argument("--lessons", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="an older run's file to begin with")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    training = Training(given.steps, given.seed)
    if given.start:
        training.start_from(given.start)
    held_out = read_lessons(given.lessons, held_out=True)
    source = batches(read_lessons(given.lessons, held_out=False), np.random.default_rng(given.seed))
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
