"""Two cuts of bench/ota_power: a real kernel, the real commands, a card that forgets."""

import shutil
from pathlib import Path

import pytest

from bench.ota_power.campaign import Campaign
from bench.ota_power.device import Device
from bench.ota_power.judge import Judge
from bench.ota_power.plan import Plan
from bench.ota_power.releases import Releases
from bench.ota_power.system import make_system
from bench.ota_power.watching import Pursuit

CACHE = Path(__file__).parents[2] / "build/ota-power"
TOOLS = ("qemu-system-aarch64", "fdtput", "mkfs.fat", "mke2fs", "mcopy")
PATH = "/usr/bin:/usr/sbin:/bin:/sbin"


def test_two_power_cuts_of_an_arm64_guest(tmp_path: Path) -> None:
    for tool in TOOLS:
        if shutil.which(tool, path=PATH) is None:
            pytest.skip(f"{tool} is missing: the apt packages of 'make bench-ota-power'")
    if not (CACHE / "base/whole").exists():
        pytest.skip("no system for the guest: python -m bench.ota_power --out build/ota-power")
    releases = Releases(tmp_path / "releases", 1)
    releases.publish(1)
    judge = Judge(releases.of_image)
    device = Device(tmp_path, make_system(CACHE, tmp_path), releases, judge)
    campaign = Campaign(device, judge, 1, print)
    try:
        # The slot is half written; then the confirmation of what is tried is half done.
        campaign.cut(Plan("fetch", requests=30, seconds=0, after=False, keeping=0.3))
        campaign.cut(Plan("trial of a trial", requests=6, seconds=0, after=True, keeping=0.0))
        campaign.live(Pursuit())
    finally:
        device.close()
    assert judge.faults == []
    assert campaign.found.cuts == {"fetch": 1, "trial of a trial": 1}
    assert campaign.found.sectors_lost > 0
