"""Cuts the power of an arm64 guest while it updates itself, and judges what comes up again.

python -m bench.ota_power --cuts 200 --seed 1 --out build/ota-power

Needs qemu-system-arm, device-tree-compiler, e2fsprogs, dosfstools, mtools, and the network at
first: Debian's packages and wheels for arm64 are fetched into FOLDER/packages. Writes
cuts-SEED.log, console-SEED.log and report-SEED.json; the exit code is 1 when anything was found.
The seed gives the same draws, not the same moments: how fast the guest is depends on the machine.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.ota_power.campaign import Campaign, StuckError
from bench.ota_power.device import Device
from bench.ota_power.judge import Judge
from bench.ota_power.releases import Releases
from bench.ota_power.system import System, make_system


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    out, seed = asked.out, asked.seed
    out.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with TemporaryDirectory() as name, (out / f"cuts-{seed}.log").open("w", buffering=1) as log:

        def told(line: str) -> None:
            print(line, flush=True)
            log.write(line + "\n")

        folder = Path(name)
        report = run(folder, make_system(out, folder), asked.cuts, seed, told)
        shutil.copy(folder / "console", out / f"console-{seed}.log")
        if report["stuck"]:
            shutil.copy(folder / "card.img", out / f"stuck-{seed}.img")
    report["minutes"] = round((time.monotonic() - begun) / 60, 1)
    text = json.dumps(report, indent=2)
    (out / f"report-{seed}.json").write_text(text + "\n")
    print(text)
    return 1 if report["faults"] or report["stuck"] else 0


def run(
    folder: Path, system: System, cuts: int, seed: int, told: Callable[[str], None]
) -> dict[str, Any]:
    """Run one campaign in an empty folder, and return what was found."""
    releases = Releases(folder / "releases", seed)
    releases.publish(1)
    judge = Judge(releases.of_image)
    device = Device(folder, system, releases, judge)
    campaign = Campaign(device, judge, seed, told)
    stuck = ""
    try:
        campaign.run(cuts)
    except StuckError as fault:
        stuck = str(fault)
    finally:
        device.close()
    return {
        "power cuts": sum(campaign.found.cuts.values()),
        "seed": seed,
        "faults": judge.faults,
        "stuck": stuck,
        "tally": dict(judge.tally),
        "rests in release": judge.confirmed,
        **vars(campaign.found),
    }


if __name__ == "__main__":
    sys.exit(main())
