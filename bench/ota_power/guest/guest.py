"""Runs in the guest, on the real card: `greenline update` as its units and timers call it.

One process for all commands, because Python takes seconds to start in an emulated machine; each
command is the function that `greenline update` runs, with a configuration of its own.
"""

import json
import traceback
from pathlib import Path

import msgspec

from greenline.cli import update, update_install
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.update_config import UpdateConfig, boot_of
from greenline.ota.boot_record import BootRecords
from greenline.ota.errors import OtaError
from greenline.ota.floors import FloorsFile
from greenline.ota.history import History
from greenline.ota.status import State, read_status

CONFIG = Path("/update.toml")
STATUS = Path("/data/update/status.json")
DEADLINE_S, SETTLE_S = 6.0, 1.5


def say(kind: str, **more: object) -> None:
    """Tell the host, by one write, so that a power cut leaves a line whole or not there."""
    with Path("/dev/console").open("wb", buffering=0) as console:
        console.write(b"@@ " + json.dumps({"say": kind, **more}).encode() + b"\n")


def stage(name: str) -> None:
    say("stage", name=name)


def tell_state() -> None:
    """Say what the card holds now: the judge compares it with what was said before."""
    settings = read_configuration(CONFIG, UpdateConfig)
    boot, record = boot_of(settings), BootRecords(settings.records).read()
    say(
        "state",
        release=Path("/run/slot/release").read_text().strip(),
        running=boot.running().name,
        confirmed=boot.confirmed().name,
        trial=boot.is_trial(),
        floors=msgspec.to_builtins(FloorsFile(settings.records).read()),
        record=msgspec.to_builtins(record),
        history=[
            f"{entry.what} {entry.release} {entry.reason or ''}".strip()
            for entry in History(settings.records / "history.jsonl").entries()[-4:]
        ],
    )


def live() -> None:
    """One start of the device. A command that restarts it does not return."""
    stage("started")
    update_install.started(CONFIG)
    stage("trial")
    update_install.trial(CONFIG, deadline_s=DEADLINE_S, settle_s=SETTLE_S)
    stage("settled")
    tell_state()
    stage("fetch")
    update.fetch(CONFIG, Path("/stick"))
    if read_status(STATUS).state is State.UP_TO_DATE:
        say("idle")
        return
    stage("install")
    update_install.install(CONFIG)


def main() -> None:
    try:
        tell_state()
        live()
    except (OtaError, CommandError) as fault:
        reason = getattr(fault, "code", "")
        say("stopped", error=type(fault).__name__, reason=reason, words=str(fault))
    except BaseException:
        say("failed", what=traceback.format_exc()[-1500:])
        raise


if __name__ == "__main__":
    main()
