"""`greenline update`, the privileged half: install, trial, confirm, roll back; docs/updates.md.

What is called at a start (`started`, `trial`, `launch`) needs neither network nor metadata.
"""

import contextlib
import datetime
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.update_config import (
    DirectoryConfig,
    UpdateConfig,
    boot_of,
    inside,
    keeping_of,
)
from greenline.cli.update_door import door
from greenline.ota import durable
from greenline.ota.directories import DirectoryControl
from greenline.ota.durable import make_folder, on_card
from greenline.ota.errors import CardError
from greenline.ota.index import MOST_INDEX_BYTES
from greenline.ota.launcher import Launcher, ask_to_restart
from greenline.ota.lock import while_idle
from greenline.ota.reasons import WORDS, Reason
from greenline.ota.release_name import write_environment
from greenline.ota.starting import Course, Keeping, change_confirmed
from greenline.ota.starting import started as look_at_start
from greenline.ota.stopping import stopping as take_back
from greenline.ota.trial import Outcome, Patience, give_up_by_hand, watch
from greenline.ota.trial import confirm as confirm_trial

_REBOOT = ("systemctl", "reboot")

Config = Annotated[Path, typer.Option(help="TOML file; see docs/updates.md.")]
Deadline = Annotated[float, typer.Option(min=1, help="Seconds until health must be good.")]
Settle = Annotated[float, typer.Option(min=0, help="Seconds that it must stay good.")]


def install(
    config: Config,
    again: Annotated[
        bool, typer.Option("--again", help="Also a release that this device gave up before.")
    ] = False,
) -> None:
    """Restart into the release that was fetched, on trial."""
    settings = read_configuration(config, UpdateConfig)
    privileged = inside(settings)
    with privileged.alone():
        installer = privileged.installer
        data = durable.read(installer.keeping.boot.other().index, MOST_INDEX_BYTES)
        if data is None:
            raise CommandError("no release was fetched: run 'greenline update fetch' first", 1)
        index = privileged.admission.admit(data)
        if not installer.installed(index):
            installer.finish(data, again=again)
        print(f"Release {index.release} is whole on the card. Restarting into it, on trial.")
        installer.begin_trial(data, _restart(settings))


def started(config: Config) -> None:
    """Look how this start came about; at each start, before the kiosk."""
    settings, keeping = _keeping(config)
    course = look_at_start(keeping)
    print(f"Slot {keeping.boot.running().name} runs: {course.value}.")
    with contextlib.suppress(CardError):  # a name is not worth a start
        write_environment(settings.records, keeping.boot.running())
    if course is Course.RESTART:
        _restart(settings)()


def stopping(config: Config) -> None:
    """Take this start out of the counts: it is ended in order; before each shutdown or restart."""
    _, keeping = _keeping(config)
    taken_back = take_back(keeping)
    print("This start is not counted." if taken_back else "There is nothing to take back.")


def trial(config: Config, deadline_s: Deadline = 300.0, settle_s: Settle = 30.0) -> None:
    """Judge this start by the kiosk's health: confirm a trial, or give it up and restart."""
    settings, keeping = _keeping(config)
    outcome = watch(keeping, settings.health, Patience(deadline_s, settle_s))
    print(f"Slot {keeping.boot.running().name}: {outcome.value}.")
    if outcome is Outcome.GIVEN_UP:
        _restart(settings)()


def confirm(config: Config) -> None:
    """Confirm the release on trial now, by your own word."""
    _, keeping = _keeping(config)
    if confirm_trial(keeping) is Outcome.NO_TRIAL:
        raise CommandError("no release is on trial here", 1)
    print("Confirmed: this release starts from now on.")


def roll_back(
    config: Config,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Go back to the release before: give a trial up, or start the other slot from now on."""
    settings, keeping = _keeping(config)
    record, boot = keeping.records.read(), keeping.boot
    if record.trial is None and not record.may_start(boot.other()):
        words = "the other slot holds no release that may run: it never worked, is not whole, or "
        raise CommandError(words + "is below what this device must not go back to", 1)
    if not yes and not typer.confirm("Go back to the release before, and restart?"):
        raise CommandError("nothing was changed", 1)
    with while_idle(settings.busy):
        if record.trial is not None:
            if give_up_by_hand(keeping, Reason.GIVEN_UP_BY_HAND) is Course.GO_ON:
                print("The trial is given up; it had not started.")
                return
        else:
            why = Reason.GIVEN_UP_BY_HAND
            change_confirmed(keeping, record, boot.other(), floors=False, reason=why)
        _restart(settings)()


def history(config: Config) -> None:
    """Say what became of each update."""
    _, keeping = _keeping(config)
    for entry in keeping.history.entries():
        when = datetime.datetime.fromtimestamp(entry.at_s, datetime.UTC)
        why = f": {WORDS[entry.reason]} [{entry.reason}]" if entry.reason else ""
        print(f"{when:%Y-%m-%d %H:%M} UTC  slot {entry.slot}  {entry.release}  {entry.what}{why}")


def launch(
    config: Config,
    command: Annotated[
        list[str], typer.Argument(help="The application; {tree} stands for its folder.")
    ],
    deadline_s: Deadline = 300.0,
    settle_s: Settle = 30.0,
) -> None:
    """Run the application out of its slot, where only the application is updated."""
    settings, keeping = _keeping(config)
    boot = boot_of(settings)
    if not isinstance(settings.boot, DirectoryConfig) or not isinstance(boot, DirectoryControl):
        raise CommandError("only a device with the boot type 'directory' is launched so", 4)
    patience = Patience(deadline_s, settle_s)
    Launcher(boot, keeping, command, settings.health, settings.boot.folder, patience).run()


def add_to(app: typer.Typer) -> None:
    """Add these commands to those of `greenline update`."""
    app.command("door")(door)
    app.command("install")(install)
    app.command("started")(started)
    app.command("stopping")(stopping)
    app.command("trial")(trial)
    app.command("confirm")(confirm)
    app.command("roll-back")(roll_back)
    app.command("history")(history)
    app.command("launch")(launch)


def _keeping(config: Path) -> tuple[UpdateConfig, Keeping]:
    settings = read_configuration(config, UpdateConfig)
    with on_card(settings.records):
        make_folder(settings.records)
    return settings, keeping_of(settings, boot_of(settings))


def _restart(settings: UpdateConfig) -> Callable[[], None]:
    """Return how this device is restarted."""
    if isinstance(settings.boot, DirectoryConfig):
        folder = settings.boot.folder
        return lambda: ask_to_restart(folder)
    return _reboot


def _reboot() -> None:
    """Restart the device, and hold on to what we hold until it does. Raises CommandError."""
    try:
        done = subprocess.run(_REBOOT, capture_output=True, text=True, check=False)
    except OSError as fault:
        raise CommandError("'systemctl reboot' cannot be run: restart the device", 5) from fault
    if done.returncode:
        raise CommandError(f"the device does not restart: {done.stderr.strip()}", 5)
    signal.pause()
