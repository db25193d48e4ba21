"""`greenline wipe`: makes everything on this kiosk unreadable, at once and for good."""

import contextlib
import logging
import os
import select
import signal
import socket
import struct
import threading
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.kiosk_clock import kiosk_clock
from greenline.cli.own_keys import read_own_keys
from greenline.cli.wiping import make_wipe
from greenline.firmware import audit_events
from greenline.firmware.audit import AuditLog
from greenline.firmware.audit_memory import memory_key
from greenline.firmware.config import KioskConfig
from greenline.firmware.errors import FirmwareError
from greenline.firmware.wipe import is_wiped

app = typer.Typer()
log = logging.getLogger(__name__)

_NOTING_S = 0.5
_ENDING_S = 5.0
_CREDENTIALS = struct.Struct("3i")
_QUESTION = (
    "Everything on this kiosk becomes unreadable for good, also what the centre has not got yet. "
    "Wipe it?"
)


@app.command()
def wipe(
    config: Annotated[Path, typer.Option(help="The kiosk's TOML file.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Make everything on this kiosk unreadable, at once and for good."""
    settings = read_configuration(config, KioskConfig)
    if not yes and not typer.confirm(_QUESTION):
        raise CommandError("nothing was wiped", 1)
    kiosk = _running_kiosk(settings)
    if kiosk is None and not is_wiped(settings.store):
        _note(settings)
    wiping = make_wipe(config, settings)
    failed = wiping.destroy_keys()
    if kiosk is not None and not _end(kiosk):
        failed.append("the kiosk still runs, with its keys in its memory: switch it off")
    if not failed:
        print("The keys are destroyed: nothing on this kiosk can be read any more.")
    failed += wiping.remove_rest()
    if failed:
        raise CommandError(
            f"not all of it was wiped: {'; '.join(failed)}. Run it again, or destroy the card.", 5
        )
    print("The audit log stays: it is evidence, and holds no fingerprints.")
    print("Have the centre revoke this kiosk: greenline authority revoke.")


def _note(settings: KioskConfig) -> None:
    """Note the wipe in the audit log, if that can be done quickly; nothing holds up a wipe."""

    def note() -> None:
        try:
            own = read_own_keys(settings.keys)
            clock = kiosk_clock(settings, own.device)
            keys = [memory_key(each.to_bytes()) for each in (own.opener, *own.earlier_openers)]
            audit = AuditLog(settings.audit_folder, settings.name, own.signer, keys, clock.moment)
            with contextlib.closing(audit):
                audit.note(audit_events.wiped("greenline wipe"))
        except (FirmwareError, CommandError) as fault:
            log.warning("wipe not noted", extra={"reason": str(fault)})

    noting = threading.Thread(target=note, daemon=True)
    noting.start()
    noting.join(_NOTING_S)


def _running_kiosk(settings: KioskConfig) -> int | None:
    """Return the process that listens where the uplink connects; None: nobody does.

    0: somebody does, or may, of whom no more can be told.
    """
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as asking:
        asking.settimeout(0.2)
        try:
            asking.connect(str(settings.socket))
            told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except (TimeoutError, BlockingIOError, PermissionError):
            return 0  # it hangs and its queue is full, or it is another account's
        except OSError:
            return None
    return int(_CREDENTIALS.unpack(told)[0])


def _end(kiosk: int) -> bool:
    """End a kiosk, which has the keys in its memory: ask it, then kill it. Whether it has ended."""
    try:
        handle = os.pidfd_open(kiosk)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    try:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(handle, ending)
            if select.select([handle], [], [], _ENDING_S)[0]:
                return True
    finally:
        os.close(handle)
    return False
