"""`greenline authority`: who belongs to a site. For the operators of the centre."""

import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greenline.centre.authority import publishing
from greenline.centre.authority.authority import Authority, Site, create, opened
from greenline.centre.authority.clearing import clear_alarms
from greenline.centre.authority.enrolment import CODE_DAYS, allow, approve
from greenline.centre.authority.files import write_file
from greenline.centre.authority.matchers import share
from greenline.centre.authority.records import (
    Device,
    alarms,
    certificates_of,
    devices,
    find_device,
)
from greenline.centre.authority.revocation import Reason, revocation_lists, revoke
from greenline.centre.broker import MOST_MATCHERS
from greenline.cli.authority_audit import audited
from greenline.cli.authority_matcher import (
    matcher_identity,
    refuse_other_split,
    write_matcher_configurations,
    write_operators_configuration,
)
from greenline.cli.authority_roots import retire, rotate
from greenline.cli.authority_serve import serve
from greenline.cli.errors import CommandError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Decide which kiosks belong to a site: enrol, renew, revoke.",
)

Folder = Annotated[Path, typer.Option(help="The authority's own folder.")]
Serial = Annotated[str, typer.Argument(help="The device's serial.")]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@app.command("create")
def create_authority(
    folder: Folder,
    site: Annotated[str, typer.Option(help="The site's name, as people call it.")],
    host: Annotated[
        list[str], typer.Option(help="Name or address of the authority's server; repeatable.")
    ],
    broker: Annotated[str, typer.Option(help="The broker, as HOST or HOST:PORT.")],
    purpose: Annotated[str, typer.Option(help="The purpose that kiosks search for.")],
    lists: Annotated[
        list[str], typer.Option("--list", help="A list that kiosks search; repeatable.")
    ],
    matcher: Annotated[str, typer.Option(help="The matcher's name.")] = "matcher-01",
) -> None:
    """Make a new authority: its root of trust, its database."""
    broker_host, port = _host_and_port(broker)
    hosts = tuple(dict.fromkeys([*host, broker_host]))
    made = Site(site, hosts, matcher, broker_host, port, purpose, tuple(lists))
    create(folder, made, _now())
    with audited(folder) as authority:
        authority.trail.note("authority created")
    print(f"The authority of {site} is in {folder}. Keep a copy of it where nobody else reads it.")
    print(f"Next: greenline authority publish --folder {folder} --to DIR")


@app.command("allow")
def allow_serial(
    serial: Serial,
    folder: Folder,
    kiosk: Annotated[str | None, typer.Option(help="The kiosk's name, for a new serial.")] = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="How long the code lasts.")] = CODE_DAYS,
) -> None:
    """Put a device on the allow-list, or let it come back: prints its one-time code."""
    with audited(folder) as authority:
        code = allow(authority, serial, kiosk, _now(), days)
        device = find_device(authority.database, serial=serial)
    name = device.kiosk if device else ""
    print(f"{name} ({serial}) may enrol once within {days} days with the code")
    print(f"    {code}")
    print("It is shown only now. Hand it to the technician, not along with the device.")


@app.command("approve")
def approve_serial(serial: Serial, folder: Folder) -> None:
    """Let a device that is enrolled already enrol once more; its certificate ends then."""
    with audited(folder) as authority:
        device = approve(authority, serial, _now())
    print(f"{device.kiosk} may enrol again with the code that it has.")


@app.command("list")
def list_devices(folder: Folder) -> None:
    """Show every device of the allow-list and where it stands."""
    table = Table("kiosk", "serial", "certificate", "keys", "code", box=None)
    with opened(folder) as authority:
        for device in devices(authority.database):
            table.add_row(
                device.kiosk,
                device.serial,
                _certificate_words(authority, device),
                "registered" if device.identity else "none",
                _code_words(device),
            )
    Console(soft_wrap=True).print(table)


@app.command("revoke")
def revoke_kiosk(
    kiosk: Annotated[str, typer.Argument(help="The kiosk's name.")],
    folder: Folder,
    reason: Annotated[Reason, typer.Option(help="Why.")],
) -> None:
    """End a kiosk's membership, as after a theft. Publish afterwards."""
    with audited(folder) as authority:
        ended = revoke(authority, kiosk, reason, _now())
    print(f"{kiosk} is revoked ({reason}): {len(ended)} certificates, its keys and its code ended.")
    print("Broker and matcher hear of it with 'greenline authority publish'.")


@app.command("crl")
def write_lists(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Where to write the revocation lists, PEM.")],
    broker_pid: Annotated[
        Path | None, typer.Option(help="The broker's pid file: it reads them at once.")
    ] = None,
) -> None:
    """Write the revocation lists, and have the broker read them."""
    with opened(folder) as authority:
        write_file(out, revocation_lists(authority, _now()))
    told = broker_pid is not None and publishing.tell_broker(broker_pid)
    print(f"{out} is written" + (", and the broker reads it." if told else "."))


@app.command("publish")
def publish_folder(
    folder: Folder,
    to: Annotated[Path, typer.Option(help="The folder that broker and matcher read.")],
    listen: Annotated[str, typer.Option(help="Where the broker listens.")] = "0.0.0.0",  # noqa: S104  # it serves kiosks elsewhere; TLS with certificates for all
    broker_user: Annotated[
        str, typer.Option(help="The account of a broker that root starts.")
    ] = "",
    matchers: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_MATCHERS, help="So many matchers share the requests."),
    ] = None,
) -> None:
    """Bring broker and matcher up to date: after each change, and each day by a timer."""
    to = to.absolute()
    if matchers is not None:
        refuse_other_split(to, matchers)
    # Another number of matchers may revoke some: a decision. Else nothing is decided here.
    with (opened if matchers is None else audited)(folder) as authority:
        publishing.prepare(authority, to, listen, broker_user)
        changed = share(authority, to, matchers, _now()) if matchers is not None else []
        changed += publishing.publish(authority, to, _now())
        authority.set_matcher(matcher_identity(to, authority.site().matcher))
        write_matcher_configurations(to, authority.site())
        write_operators_configuration(to, authority.site())
        waiting = len(alarms(authority.database))
    told = publishing.tell_broker(publishing.broker_pid(to))
    print(f"{to}: {', '.join(changed)}" + ("; the broker reads them." if told else "."))
    if matchers not in {None, 1} and (to / "matcher.toml").exists():
        print("Start matcher-1.toml and so on, and matcher.toml, which is of one alone, no more.")
    if waiting:
        print(f"{waiting} alarms wait: greenline authority alarms --folder {folder}")


@app.command("alarms")
def show_alarms(
    folder: Folder,
    clear: Annotated[int, typer.Option(help="Those up to this number were looked into.")] = 0,
    cleared: Annotated[
        bool, typer.Option("--cleared", help="Show those, with who cleared them and when.")
    ] = False,
) -> None:
    """Show what somebody has to look at. Ends with 1 while there is anything."""
    with (audited if clear else opened)(folder) as authority:
        if clear:
            clear_alarms(authority, clear, _now())
        found = alarms(authority.database, cleared=cleared)
    for alarm in found:
        words = f"{alarm.kind}: {alarm.subject}: {alarm.words}"
        if alarm.cleared is not None:
            words += f"; cleared {_minute(alarm.cleared)} by {alarm.cleared_by}"
        print(f"{alarm.id}  {_minute(alarm.at)}  {words}")
    if cleared:
        return
    if found:
        raise CommandError(f"{len(found)} alarms wait: look into each, then --clear NUMBER", 1)
    print("No alarms.")


app.command("serve")(serve)
app.command("rotate")(rotate)
app.command("retire")(retire)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    if not host or (port and not port.isdigit()):
        raise CommandError(f"{text!r} is no HOST or HOST:PORT", 2)
    return host, int(port or 8883)


def _minute(seconds: int) -> str:
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d %H:%M} UTC"


def _certificate_words(authority: Authority, device: Device) -> str:
    found = certificates_of(authority.database, device.kiosk)
    if not found:
        return "not enrolled"
    newest = found[0]
    until = datetime.datetime.fromtimestamp(newest.until, datetime.UTC)
    if newest.revoked is not None:
        return f"revoked ({newest.reason})"
    return f"{'until' if newest.holds(_now()) else 'expired'} {until:%Y-%m-%d}"


def _code_words(device: Device) -> str:
    if device.digest is None:
        return "none"
    if device.code_used is not None:
        return "used"
    until = datetime.datetime.fromtimestamp(device.code_until, datetime.UTC)
    return f"{'open until' if _now() < until else 'expired'} {until:%Y-%m-%d}"
