"""Trains the template network on lessons, with a log of what it saw.

    python -m greenline.models.training.train_template --lessons DIR --out FILE.pt --steps 30000

Lessons may still be written while it runs. An interrupted run goes on from FILE.pt. With --start
a new run begins with the weights of an older one.
"""

import argparse
import copy
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from greenline.models.training.averaging import follow, share_of_rate
from greenline.models.training.template_lessons import Batch, Reader
from greenline.models.training.template_network import Answer, TemplateNetwork

_BATCH = 16
_RATE = 2.5e-3
_KEEP = 0.999  # of the running average of the weights
_WARM = 300  # steps
_LOG_EVERY = 200
_SAVE_EVERY = 1000


def losses(answers: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return each loss with its weight in it."""
    heat, near = torch.from_numpy(batch.heat[:, 0]), torch.from_numpy(batch.near[:, 0])
    care = torch.from_numpy(batch.care[:, 0])
    logit = answers[:, Answer.MINUTIA]
    said = torch.sigmoid(logit)
    hit = (heat > 0.999).float() * care
    miss = (1 - hit) * care * (1 - heat) ** 4
    found = -hit * (1 - said) ** 2 * torch.nn.functional.logsigmoid(logit)
    false = -miss * said**2 * torch.nn.functional.logsigmoid(-logit)
    per_hit = hit.sum().clamp(min=1)
    weight = near / near.sum().clamp(min=1)
    direction = answers[:, Answer.COSINE : Answer.SINE + 1] - torch.from_numpy(batch.direction)
    flow = answers[:, Answer.DOUBLE_COSINE : Answer.DOUBLE_SINE + 1] - torch.from_numpy(batch.flow)
    offset = answers[:, Answer.RIGHT : Answer.DOWN + 1] - torch.from_numpy(batch.offset)
    contact, skin = (torch.from_numpy(part[:, 0]) for part in (batch.contact, batch.skin))
    ending = torch.from_numpy(batch.ending[:, 0])
    cross = torch.nn.functional.binary_cross_entropy_with_logits
    return {
        "heat": (found + false).sum() / per_hit,
        "direction": 4 * ((direction**2).sum(dim=1) * weight).sum(),
        "flow": 2 * ((flow**2).sum(dim=1) * contact).sum() / contact.sum().clamp(min=1),
        "offset": 0.5 * (offset.abs().sum(dim=1) * weight).sum(),
        "ending": 0.3 * (cross(answers[:, Answer.ENDING], ending, reduction="none") * weight).sum(),
        "contact": 0.4
        * (cross(answers[:, Answer.CONTACT], contact, reduction="none") * skin).sum()
        / skin.sum().clamp(min=1),
    }


class Training:
    """A network on its way, and where it is kept."""

    def __init__(
        self, out: Path, steps: int, seed: int, widths: tuple[int, int, int, int], rate: float
    ) -> None:
        torch.manual_seed(seed)
        self._out = out
        self._steps = steps
        self._highest = rate
        self.network = TemplateNetwork(widths).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        self._optimiser = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=1e-4)
        self.step = 0
        if out.exists():
            self._load()

    def learn(self, batch: Batch) -> dict[str, float]:
        """Take one step; return the losses."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._highest * share_of_rate(self.step, self._steps, _WARM)
        self.network.train()
        pictures = torch.from_numpy(batch.pictures).to(memory_format=torch.channels_last)
        parts = losses(self.network(pictures), batch)
        whole = torch.stack(list(parts.values())).sum()
        self._optimiser.zero_grad(set_to_none=True)
        whole.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self._optimiser.step()
        self.step += 1
        follow(self.average, self.network, self.step, _KEEP)
        return {name: float(part.detach()) for name, part in parts.items()}

    def start_from(self, path: Path) -> None:
        """Take the averaged weights of an older run. Does nothing once this run has begun."""
        if self.step:
            return
        weights = torch.load(path, weights_only=True)["average"]
        self.network.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def save(self) -> None:
        """Write everything that is needed to go on."""
        whole = self._out.with_suffix(".part")
        state: dict[str, Any] = {
            "widths": self.network.widths,
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        torch.save(state, whole)
        whole.rename(self._out)

    def _load(self) -> None:
        state = torch.load(self._out, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def main() -> None:
    """Train as the command line asks."""
    parser = argparse.ArgumentParser(description="Train the template network.")
    parser.add_argument("--lessons", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rate", type=float, default=_RATE, help="the highest learning rate")
    parser.add_argument("--start", type=Path, help="an older run's file to begin with")
    parser.add_argument("--widths", type=int, nargs=4, default=(32, 96, 160, 256))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    training = Training(given.out, given.steps, given.seed, tuple(given.widths), given.rate)
    if given.start:
        training.start_from(given.start)
    reader = Reader(given.lessons, given.seed + training.step)
    begun, seen = time.monotonic(), dict.fromkeys(("heat",), 0.0)
    while training.step < given.steps:
        for name, part in training.learn(reader.batch(_BATCH)).items():
            seen[name] = seen.get(name, 0.0) + part / _LOG_EVERY
        if training.step % _LOG_EVERY == 0:
            line = {name: round(part, 4) for name, part in seen.items()}
            spent = round(time.monotonic() - begun)
            told = {"step": training.step, "s": spent, "lessons": len(reader.lessons), **line}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            seen = dict.fromkeys(seen, 0.0)
            reader.refresh()
        if training.step % _SAVE_EVERY == 0 or training.step == given.steps:
            training.save()


if __name__ == "__main__":
    main()
