"""Writes the sealed requests of a kiosk into a folder of their own: all of them, or no folder."""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_identity
from greenline.cli.kiosk_clock import kiosk_clock
from greenline.cli.own_keys import read_own_keys
from greenline.cli.queue_asking import NoKioskError, ask
from greenline.firmware import audit_events
from greenline.firmware.audit import AuditLog
from greenline.firmware.audit_memory import memory_key
from greenline.firmware.config import KioskConfig
from greenline.firmware.errors import FirmwareError
from greenline.firmware.queue_messages import Export, Sealed
from greenline.firmware.store_reading import StoreBusyError, reading
from greenline.link.files import sync_folder

_UNFINISHED = ".unfinished"


def export_queue(settings: KioskConfig, folder: Path) -> int:
    """Write <id>.envelope for each request, and index.json; return how many. Raises CommandError.

    The audit log is told before anything is handed out.
    """
    if folder.exists():
        raise CommandError(f"{folder} is there already: name a folder that is not", 3)
    unfinished = folder.with_name(f"{folder.name}{_UNFINISHED}")
    try:
        unfinished.mkdir(mode=0o700)
    except FileExistsError as fault:
        raise CommandError(
            f"{unfinished} is left of an export that was cut short: remove it first", 3
        ) from fault
    except OSError as fault:
        raise CommandError(f"{unfinished} cannot be made: {fault.strerror}", 3) from fault
    try:
        count = _all(settings, unfinished)
        unfinished.rename(folder)
        sync_folder(folder.parent)
    except OSError as fault:
        raise CommandError(
            f"{folder} cannot be written ({fault.strerror}): nothing was exported", 3
        ) from fault
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return count


def _all(settings: KioskConfig, folder: Path) -> int:
    with contextlib.suppress(NoKioskError):
        told = ask(settings.store, Export())
        return _write(settings.name, folder, (each for each in told if isinstance(each, Sealed)))
    _refuse_foreign(settings)
    try:
        # No kiosk starts while this is open, so the audit log has one writer.
        with reading(settings.store) as store:
            _note(settings, store.count())
            return _write(settings.name, folder, store.sealed())
    except StoreBusyError as fault:
        raise CommandError(f"{fault}, which cannot be asked: try again", 5) from fault


def _write(kiosk: str, folder: Path, requests: Iterator[Sealed]) -> int:
    index = []
    for each in requests:
        name = f"{each.request_id.hex()}.envelope"
        _keep(folder / name, each.envelope)
        index.append(
            {
                "file": name,
                "id": each.request_id.hex(),
                "lane": each.lane,
                "created_ms": each.created_ms,
                "expires_ms": each.expires_ms,
                "bytes": len(each.envelope),
                "sha256": hashlib.sha256(each.envelope).hexdigest(),
            }
        )
    head = {"kiosk": kiosk, "exported_ms": time.time_ns() // 1_000_000, "requests": index}
    _keep(folder / "index.json", json.dumps(head, indent=1).encode() + b"\n")
    sync_folder(folder)
    return len(index)


def _keep(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)


def _refuse_foreign(settings: KioskConfig) -> None:
    """Refuse to write the audit log as another account: the kiosk could not go on with it."""
    try:
        owner = settings.store.stat().st_uid
    except OSError:
        return  # the reading says so
    if owner != os.geteuid():
        raise CommandError(
            "the kiosk is not running, so this command has to write its audit log: run it as the "
            f"account that the kiosk runs as (number {owner}), or start the kiosk first",
            5,
        )


def _note(settings: KioskConfig, count: int) -> None:
    try:
        own = read_own_keys(settings.keys)
        clock = kiosk_clock(settings, own.device)
        keys = [memory_key(each.to_bytes()) for each in (own.opener, *own.earlier_openers)]
        audit = AuditLog(settings.audit_folder, settings.name, own.signer, keys, clock.moment)
        with contextlib.closing(audit):
            audit.note(audit_events.exported(count, read_identity(settings.keys.matcher).name))
    except (FirmwareError, CommandError) as fault:
        raise CommandError(
            f"nothing was exported, because it cannot be noted in the audit log: {fault}", 5
        ) from fault
