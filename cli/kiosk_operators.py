"""`greenline kiosk operators`: brings a list of operators as a file; and what the kiosk needs."""

from pathlib import Path
from typing import Annotated

import typer

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_identity
from greenline.cli.kiosk_clock import kiosk_clock
from greenline.cli.own_keys import OwnKeys, read_own_keys
from greenline.firmware.clock import Clock
from greenline.firmware.config import KioskConfig, OperatorsConfig
from greenline.firmware.errors import StoreError
from greenline.firmware.operators_door import OperatorsParts
from greenline.firmware.operators_file import Kept, OperatorsFile, operators_beside
from greenline.protocol.envelope import MAX_ENVELOPE_BYTES
from greenline.protocol.errors import ProtocolError
from greenline.protocol.operators import OperatorList, open_list

_HOUR_S = 3600


def take_operators(
    file: Annotated[Path, typer.Argument(help="KIOSK.operators, as the centre has written it.")],
    config: Annotated[Path, typer.Option(help="The kiosk's TOML file.")],
) -> None:
    """Bring a list of operators to a kiosk without a link, running or not."""
    settings = read_configuration(config, KioskConfig)
    configured = _configured(settings, config)
    own = read_own_keys(settings.keys)
    kept = OperatorsFile(operators_beside(settings.store), own.device)
    envelope = _read(file)
    found = _open(file, envelope, settings, configured, own)
    newest = _newest(kept)
    if found.number <= newest:
        raise CommandError(
            f"{file}: list {found.number} is not newer than this kiosk's, {newest}: bring the "
            "newest from the centre",
            1,
        )
    if kiosk_clock(settings, own.device).instant().floor_ms >= found.expires_ms:
        raise CommandError(f"{file}: this list has expired: bring a new one from the centre", 1)
    kept.put_incoming(envelope)
    print(
        f"List {found.number} with {len(found.entries)} accounts is there: a running kiosk takes "
        "it within 10 s, one that is not when it starts."
    )


def operators_parts(settings: KioskConfig, clock: Clock) -> OperatorsParts | None:
    """Return who logs in at a kiosk; None: nobody does. Raises CommandError."""
    if settings.operators is None:
        return None
    centre = read_identity(settings.operators.identity)
    return OperatorsParts(
        lambda: centre.signing_keys(clock.now_ms()),
        settings.operators.idle_s,
        settings.operators.shift_h * _HOUR_S,
    )


def refuse_without_operators(settings: KioskConfig, config: Path) -> None:
    """Refuse a kiosk that is in use and on which nobody logs in. Raises CommandError."""
    if settings.operators is None:
        raise CommandError(
            f"{config}: production = true, but nobody would log in: add [operators] "
            "(docs/operators.md), or production = false on a kiosk for trials",
            4,
        )


def refuse_without_purpose(settings: KioskConfig, config: Path) -> None:
    """Refuse a kiosk that is in use and whose cases would have no legal basis.

    Raises CommandError.
    """
    if not settings.case.purposes:
        raise CommandError(
            f"{config}: production = true, but no legal basis is stated: add [[case.purposes]] "
            "with code and legal_basis (docs/configuration.md), or production = false on a kiosk "
            "for trials",
            4,
        )


def _configured(settings: KioskConfig, config: Path) -> OperatorsConfig:
    if settings.operators is None:
        raise CommandError(f"{config}: nobody logs in on this kiosk: add [operators] first", 4)
    return settings.operators


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_ENVELOPE_BYTES + 1)
    except OSError as fault:
        raise CommandError(f"{file} cannot be read: {fault.strerror}", 3) from fault


def _open(
    file: Path, envelope: bytes, settings: KioskConfig, configured: OperatorsConfig, own: OwnKeys
) -> OperatorList:
    now_ms = kiosk_clock(settings, own.device).now_ms()
    signers = read_identity(configured.identity).signing_keys(now_ms)
    try:
        return open_list(envelope, settings.name, signers, (own.opener, *own.earlier_openers))
    except ProtocolError as fault:
        raise CommandError(
            f"{file}: {fault}: have the centre publish a list for {settings.name}", 3
        ) from fault


def _newest(kept: OperatorsFile) -> int:
    try:
        return (kept.read() or Kept()).number
    except StoreError:
        return 0  # the kiosk says so itself, and takes a new one
