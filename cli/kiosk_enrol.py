"""`greenline kiosk enrol` and `renew`: how a kiosk joins a site, and stays in it.

Everything secret is made here, on the device, and never leaves it. Each step may be interrupted:
run the same command again.
"""

import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import check_link
from greenline.cli.kiosk_code import check_serial, enrolment_code
from greenline.cli.kiosk_enrolment import Enrolment
from greenline.cli.kiosk_matcher import take_matcher
from greenline.cli.own_keys import refuse_for_production
from greenline.firmware.config import KioskConfig, KioskKeys, SearchDefaults, UplinkConfig
from greenline.firmware.est import AuthorityClient
from greenline.firmware.renewal import Pair, renew
from greenline.link.settings import LinkSettings
from greenline.protocol.enrolment import Place, renewable_from

_SENSOR = "serial:/dev/fingerprint"


class KeyKind(StrEnum):
    """Where keys lie: in files, or in a TPM 2.0."""

    FILE = "file"
    TPM = "tpm"


def enrol_kiosk(  # noqa: PLR0913, PLR0917  # as many as there are options
    authority: Annotated[str, typer.Option(help="The authority, as https://HOST:8443.")],
    serial: Annotated[str, typer.Option(help="This device's serial, as on the allow-list.")],
    ca: Annotated[Path, typer.Option(help="The site's ca.pem, brought from the centre.")],
    folder: Annotated[Path, typer.Option(help="Where keys and configuration are to lie.")],
    code: Annotated[
        str | None,
        typer.Option(help="The one-time code; without it you are asked. 'ps' shows it to others."),
    ] = None,
    code_file: Annotated[
        Path | None,
        typer.Option(help="A file with the code, '-' for standard input: 'ps' does not show it."),
    ] = None,
    sensor: Annotated[str, typer.Option(help="The sensor's address.")] = _SENSOR,
    new_keys: Annotated[
        bool, typer.Option("--new-keys", help="Make new keys: these may have been copied.")
    ] = False,
    keys: Annotated[KeyKind, typer.Option(help="Where a new kiosk's keys lie.")] = KeyKind.FILE,
    tpm: Annotated[str, typer.Option(help="The TPM's address.")] = "device:/dev/tpmrm0",
    production: Annotated[
        bool, typer.Option("--production", help="A new kiosk is to check real travellers.")
    ] = False,
) -> None:
    """Enrol this device: make its keys, get its certificate, write its configuration."""
    serial, code = check_serial(serial), enrolment_code(code, code_file)
    folder = _prepare(folder)
    before = _configured(folder)
    own_keys = before.keys if before else _new_keys(folder, keys, tpm)
    if before.production if before else production:
        refuse_for_production(own_keys, folder / "kiosk.toml")
    enrolment = Enrolment(authority, folder, before, own_keys)
    try:
        made = enrolment.certify(serial, code, ca)
        place = enrolment.register(made, anew=new_keys)
        if before is None:
            _configure_kiosk(folder, place, own_keys, sensor, production)
        _configure_uplink(folder, enrolment.files, place, authority)
        enrolment.finish()
    except OSError as fault:
        where = fault.filename or folder
        raise CommandError(f"{where} cannot be written: {fault.strerror}", 3) from fault
    _tell(made, place, folder)


def renew_kiosk(
    config: Annotated[Path, typer.Option(help="The uplink's TOML file.")],
) -> None:
    """Renew this device's certificate when it is time, and hear of the matcher's new keys.

    A timer runs this each day. kiosk.toml is looked for beside the uplink's.
    """
    settings = read_configuration(config, UplinkConfig)
    broker = settings.broker
    if settings.authority is None:
        raise CommandError(f"{config} names no 'authority' to renew at: enrol this device", 4)
    if broker.certificate != broker.key:
        raise CommandError(
            f"{config}: certificate and key must be one file, which can be replaced as a whole: "
            "enrol this device",
            4,
        )
    check_link(broker)
    files = Pair(broker.certificate, broker.ca)
    client = AuthorityClient(settings.authority, files.roots, files.pair)
    try:
        done = renew(files, client, datetime.datetime.now(datetime.UTC))
    except OSError as fault:
        raise CommandError(f"{files.pair} cannot be replaced: {fault.strerror}", 3) from fault
    if done.new:
        print(f"{settings.kiosk} is renewed until {done.until:%Y-%m-%d}.")
    else:
        print(f"Nothing to do before {done.due:%Y-%m-%d}.")
    print(take_matcher(config.with_name("kiosk.toml"), client))


def _tell(made: x509.Certificate, place: Place, folder: Path) -> None:
    due = renewable_from(made.not_valid_before_utc, made.not_valid_after_utc)
    print(f"{place.kiosk} is enrolled until {made.not_valid_after_utc:%Y-%m-%d}.")
    print(f"Renew it from {due:%Y-%m-%d} on: greenline kiosk renew --config {folder}/uplink.toml")
    print(f"Start it: greenline kiosk --config {folder}/kiosk.toml")
    print(f"     and: greenline uplink --config {folder}/uplink.toml")


def _prepare(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder.resolve(strict=True)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be made: {fault.strerror}", 3) from fault


def _configured(folder: Path) -> KioskConfig | None:
    config = folder / "kiosk.toml"
    return read_configuration(config, KioskConfig) if config.exists() else None


def _new_keys(folder: Path, kind: KeyKind, tpm: str) -> KioskKeys:
    return KioskKeys(
        folder / "signing.pem" if kind is KeyKind.FILE else folder / "signing.tpm",
        folder / "opening.key",
        folder / "matcher.json",
        kind="file" if kind is KeyKind.FILE else "tpm",
        tpm=tpm,
    )


def _configure_kiosk(
    folder: Path, place: Place, keys: KioskKeys, sensor: str, production: bool
) -> None:
    written = KioskConfig(
        name=place.kiosk,
        sensor=sensor,
        store=folder / "kiosk.store",
        socket=folder / "uplink.sock",
        keys=keys,
        search=SearchDefaults(place.purpose, place.lists),
        production=production,
    )
    write_configuration(folder / "kiosk.toml", written)


def _configure_uplink(folder: Path, files: Pair, place: Place, authority: str) -> None:
    """Write the uplink's configuration; of one that is there the socket stays."""
    uplink = folder / "uplink.toml"
    socket = folder / "uplink.sock"
    if uplink.exists():
        socket = read_configuration(uplink, UplinkConfig).socket
    broker = LinkSettings(
        place.broker_host, place.kiosk, files.roots, files.pair, files.pair, place.broker_port
    )
    write_configuration(uplink, UplinkConfig(place.kiosk, socket, broker, authority))
