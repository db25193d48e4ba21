"""The units: systemd reads them without a word, and their commands are commands of ours."""

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from greenline.cli.__main__ import COMMANDS

FOLDER = Path(__file__).resolve().parents[2] / "systemd" / "system"
UNITS = sorted(FOLDER.glob("*.service"))
# It must work where none of our commands does.
UNDO = FOLDER / "greenline-update-undo.service"
TIMERS = sorted(FOLDER.glob("*.timer"))


def read(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's names have cases
    unit.read_string(path.read_text())
    return unit


@pytest.mark.parametrize("path", [*UNITS, FOLDER / "no-traces.conf"], ids=lambda path: path.name)
def test_no_unit_leaves_its_memory_on_a_disk(path: Path) -> None:
    service = read(path)["Service"]

    assert (service["LimitCORE"], service["MemorySwapMax"]) == ("0", "0")


@pytest.mark.parametrize(
    "path", [unit for unit in UNITS if unit != UNDO], ids=lambda path: path.name
)
def test_it_runs_a_command_of_ours(path: Path) -> None:
    program, command, *_ = read(path)["Service"]["ExecStart"].split()

    assert Path(program).name == "greenline"
    assert command in COMMANDS


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.name)
def test_a_timer_starts_a_unit_of_ours_also_after_a_time_switched_off(path: Path) -> None:
    timer = read(path)

    assert path.with_suffix(".service") in UNITS
    assert (timer["Timer"]["OnCalendar"], timer["Timer"]["Persistent"]) == ("daily", "yes")
    assert timer["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize("name", ["started", "trial"])
def test_a_judge_that_fails_has_the_trial_undone(name: str) -> None:
    assert read(FOLDER / f"greenline-update-{name}.service")["Unit"]["OnFailure"] == UNDO.name


@pytest.mark.parametrize(
    ("told", "leaves"), [(b"\0\0\0\1", True), (b"\0\0\0\0", False), (b"", False), (None, False)]
)
def test_only_a_trial_is_undone(told: bytes | None, leaves: bool, tmp_path: Path) -> None:
    flag = tmp_path / "tryboot"
    if told is not None:
        flag.write_bytes(told)
    condition = read(UNDO)["Service"]["ExecCondition"]
    place = "/proc/device-tree/chosen/bootloader/tryboot"
    assert place in condition

    done = subprocess.run(
        shlex.split(condition.replace(place, str(flag))), check=False, capture_output=True
    )

    assert (done.returncode == 0) is leaves


def test_the_timer_that_the_document_enables_renews_what_the_document_has_enrolled() -> None:
    text = (FOLDER.parents[1] / "docs" / "provisioning.md").read_text()
    command = read(FOLDER / "greenline-renew.service")["Service"]["ExecStart"]

    assert "systemctl enable --now greenline-renew.timer" in text
    assert command.replace("/usr/bin/", "") in text.splitlines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_it(path: Path, tmp_path: Path) -> None:
    # The program is not installed where the unit expects it; any that is there will do.
    copy = tmp_path / path.name
    copy.write_text(path.read_text().replace("/usr/bin/greenline", "/bin/true"))

    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", copy],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert (told.returncode, path.name in told.stderr) == (0, False), told.stderr
