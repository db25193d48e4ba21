"""`greenline kiosk enrol` and `renew`: how a kiosk joins a site, and stays in it.

Everything secret is made here, on the device, and never leaves it. Each step may be interrupted:
run the same command again.
"""

import contextlib
import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import check_link, write_public, write_secret
from greenline.cli.kiosk_code import check_serial, enrolment_code
from greenline.cli.kiosk_matcher import take_matcher
from greenline.cli.own_keys import OwnKeys, keep_own_keys, key_place, refuse_for_production
from greenline.firmware.config import KioskConfig, KioskKeys, SearchDefaults, UplinkConfig
from greenline.firmware.est import AuthorityClient, pem_of
from greenline.firmware.renewal import (
    Pair,
    check_issued,
    key_pem,
    pending_key,
    renew,
    request_for,
)
from greenline.firmware.wipe import Wipe, forget_wipe, is_wiped
from greenline.link.files import remove_file
from greenline.link.settings import LinkSettings
from greenline.protocol.enrolment import Place, Registration, renewable_from

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
    files = Pair(folder / "uplink.pem", folder / "ca.pem")
    before = _configured(folder)
    own_keys = before.keys if before else _new_keys(folder, keys, tpm)
    if before.production if before else production:
        refuse_for_production(own_keys, folder / "kiosk.toml")
    try:
        key = pending_key(files.next_key)
        asked = AuthorityClient(authority, ca)
        made = asked.enrol(serial, code, request_for(key, serial))
        _refuse_another(before, _name(made), folder)
        roots = asked.trusted_roots()
        check_issued(made, key, roots)
        write_public(files.roots, pem_of(roots))
        write_secret(files.pair, key_pem(key) + pem_of([made]))
        fingerprint = made.fingerprint(hashes.SHA256())
        with contextlib.closing(_keep_keys(own_keys, files, fingerprint, anew=new_keys)) as own:
            registration = Registration.make(own.signer, own.opener.public, fingerprint)
        client = AuthorityClient(authority, files.roots, files.pair)
        place = client.register(registration)
        write_public(own_keys.matcher, place.matcher)
        if before is None:
            _configure_kiosk(folder, place, own_keys, sensor, production)
        _configure_uplink(folder, files, place, authority)
        _forget_wipe(before, folder)
        remove_file(_renewed_for(files))
        # Last: until here the same command again gets the same certificate.
        remove_file(files.next_key)
    except OSError as fault:
        where = fault.filename or folder
        raise CommandError(f"{where} cannot be written: {fault.strerror}", 3) from fault
    due = renewable_from(made.not_valid_before_utc, made.not_valid_after_utc)
    print(f"{place.kiosk} is enrolled until {made.not_valid_after_utc:%Y-%m-%d}.")
    print(f"Renew it from {due:%Y-%m-%d} on: greenline kiosk renew --config {folder}/uplink.toml")
    print(f"Start it: greenline kiosk --config {folder}/kiosk.toml")
    print(f"     and: greenline uplink --config {folder}/uplink.toml")


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


def _keep_keys(keys: KioskKeys, files: Pair, fingerprint: bytes, *, anew: bool) -> OwnKeys:
    """Return the kiosk's keys, made anew once for a certificate however often this is repeated.

    The authority takes keys once: others, made by the same command again, would be an alarm.
    """
    note = _renewed_for(files)
    anew = anew and not (note.exists() and note.read_bytes() == fingerprint)
    own = keep_own_keys(keys, anew=anew)
    if anew:
        write_public(note, fingerprint)
    return own


def _renewed_for(files: Pair) -> Path:
    """Where it is noted for which certificate the keys were made anew."""
    return files.pair.with_name(f"{files.pair.name}.new-keys")


def _forget_wipe(before: KioskConfig | None, folder: Path) -> None:
    """Let a kiosk that was wiped start again, without what may be left of what it had."""
    store = before.store if before else folder / "kiosk.store"
    if before is not None and is_wiped(store):
        Wipe(key_place(before.keys), store).remove_rest()
    forget_wipe(store)


def _refuse_another(before: KioskConfig | None, name: str, folder: Path) -> None:
    """Refuse a folder of another kiosk before anything of it is replaced."""
    if before is not None and before.name != name:
        raise CommandError(
            f"{folder}/kiosk.toml belongs to another kiosk than {name}: name another --folder", 4
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


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
