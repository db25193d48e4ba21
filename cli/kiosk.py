"""`greenline kiosk`: the kiosk process, wired from its configuration."""

import contextlib
import signal
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli import logs
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_identity
from greenline.cli.kiosk_clock import kiosk_clock
from greenline.cli.kiosk_enrol import enrol_kiosk, renew_kiosk
from greenline.cli.kiosk_health import health_parts, kiosk_software, update_parts
from greenline.cli.kiosk_operators import (
    operators_parts,
    refuse_without_operators,
    refuse_without_purpose,
    take_operators,
)
from greenline.cli.kiosk_upkeep import certificate_of, kept_up
from greenline.cli.own_keys import OwnKeys, read_own_keys, refuse_for_production
from greenline.cli.page_probe import PageProbe
from greenline.cli.panel import make_panel
from greenline.cli.serving import listen, serve
from greenline.cli.traces import swap_on_disk
from greenline.cli.wiping import end_wipe, make_wipe, refuse_powerless
from greenline.drivers.errors import SensorUrlError
from greenline.drivers.gpio import PinsOnDemand
from greenline.drivers.sensor import Sensor
from greenline.drivers.urls import open_sensor, sensor_pins
from greenline.drivers.usb_reset import reset_usb
from greenline.firmware.case_rules import CaseRules
from greenline.firmware.config import AUTOMATIC, KioskConfig
from greenline.firmware.config_case import case_rules, only_purpose
from greenline.firmware.errors import WipedError
from greenline.firmware.kiosk import Kiosk
from greenline.firmware.kiosk_parts import AuditParts, KioskParts
from greenline.firmware.line import Case
from greenline.firmware.page.app import make_app
from greenline.firmware.reopening import Opening
from greenline.firmware.trigger import Settling
from greenline.firmware.wipe import Wipe, is_wiped
from greenline.models.early import Judge
from greenline.models.extraction import Extractor
from greenline.models.quality import ALGORITHM, judge
from greenline.models.quality_network import MODEL, QualityNetwork
from greenline.models.readings import READINGS
from greenline.protocol.topics import check_name
from greenline.protocol.wording import SWAP_ON_DISK

app = typer.Typer()

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


@app.callback(invoke_without_command=True)
def kiosk(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="TOML file; see docs/configuration.md.")
    ] = None,
) -> None:
    """Run the kiosk: sensor, store, officer's page. Or enrol it, or renew its certificate."""
    if context.invoked_subcommand is not None:
        return
    if config is None:
        raise typer.BadParameter("say which configuration with --config FILE")
    run_kiosk(config, PinsOnDemand())


app.command("enrol")(enrol_kiosk)
app.command("renew")(renew_kiosk)
app.command("operators")(take_operators)


def run_kiosk(config: Path, pins: PinsOnDemand) -> None:
    """Run a kiosk until it is told to end. pins: the board's, for sensor and panel."""
    logs.set_up("kiosk")
    settings = read_configuration(config, KioskConfig)
    check_name(settings.name)
    if is_wiped(settings.store):
        end_wipe(config, settings)
        raise WipedError
    try:
        wired = sensor_pins(settings.sensor)
    except SensorUrlError as fault:
        raise CommandError(f"{config}: sensor: {fault}", 4) from fault
    refuse_powerless(settings)
    if settings.production:
        refuse_for_production(settings.keys, config)
        refuse_without_operators(settings, config)
        refuse_without_purpose(settings, config)
    with contextlib.closing(PageProbe()) as probe:
        wipe = make_wipe(config, settings)
        parts = _parts(settings, pins, wired, wipe, probe, certificate_of(config))
        _run(config, settings, parts, probe, pins)


def _run(
    config: Path, settings: KioskConfig, parts: KioskParts, probe: PageProbe, pins: PinsOnDemand
) -> None:
    # The gate removes what lies there; that must only ever be the socket of an earlier run.
    if settings.socket.exists() and not settings.socket.is_socket():
        raise CommandError(f"{settings.socket} is not a socket: correct 'socket' in {config}", 4)
    with listen(settings.page_port) as listening:
        running = Kiosk(parts)
        running.start()
        try:
            with kept_up(running, parts, config, settings.keys.matcher):
                serve(make_app(running), listening, probe.socket)
        finally:
            running.stop()
            pins.close()


def _parts(
    settings: KioskConfig,
    pins: PinsOnDemand,
    wired: tuple[int, ...],
    wipe: Wipe,
    probe: PageProbe,
    certificate: Path | None,
) -> KioskParts:
    address = settings.sensor

    own = read_own_keys(settings.keys)
    clock = kiosk_clock(settings, own.device)

    def open_it() -> Sensor:
        return open_sensor(address, pins=pins.pins() if wired else None)

    return KioskParts(
        name=settings.name,
        sensor=Opening(open_it, lambda: reset_usb(address)),
        panel=make_panel(settings.panel, pins, wired),
        judge=_judge(settings),
        extraction=_extractor(settings),
        signer=own.signer,
        opener=own.opener,
        earlier_openers=own.earlier_openers,
        matcher=read_identity(settings.keys.matcher),
        store=settings.store,
        socket=settings.socket,
        case=Case(
            settings.search.purpose,
            settings.search.lists,
            target_fpir=settings.search.target_fpir,
            free_placement=settings.search.free_placement,
        ),
        rules=_rules(settings),
        software=kiosk_software(),
        minimum_quality=settings.minimum_quality,
        attempts=settings.attempts,
        request_lifetime_ms=int(settings.request_lifetime_h * _HOUR_MS),
        bounds=settings.bounds.bounds,
        answer_lifetime_ms=int(settings.answer_lifetime_h * _HOUR_MS),
        no_match_ms=settings.retention.no_match_ms,
        clean_every=settings.care.clean_every,
        certificate=certificate,
        resend_first_s=settings.resend_first_s,
        late_after_s=settings.late_after_s,
        list_age_ms=settings.search.list_age_ms,
        early_stop=settings.live.early_stop,
        settling=Settling(
            settings.live.good_quality, settings.live.settle_s, settings.live.preview_s
        ),
        rescan_below=settings.live.rescan_below,
        audit=AuditParts(settings.audit_folder, settings.audit.keep_days * _DAY_MS, clock.moment),
        device=own.device,
        operators=operators_parts(settings, clock),
        notices=_notices(own),
        clock=clock,
        wipe=wipe,
        end=lambda: signal.raise_signal(signal.SIGTERM),
        health=health_parts(settings, clock, probe.answers),
        updates=update_parts(settings),
    )


def _rules(settings: KioskConfig) -> CaseRules:
    search, least = settings.search, settings.minimum_quality
    default = only_purpose(search.purpose, search.lists, least)
    return case_rules(settings.case, settings.name, default, settings.attempts, least)


def _notices(own: OwnKeys) -> tuple[str, ...]:
    """Return what must be known of this kiosk as long as it runs."""
    keys = (own.place.announcement,) if own.place.announcement else ()
    return (*keys, SWAP_ON_DISK) if swap_on_disk() else keys


def _judge(settings: KioskConfig) -> Judge:
    chosen = settings.quality
    if chosen == AUTOMATIC:
        # A serial module takes seconds for a picture: there the measure that can give a hopeless
        # one up on its way is worth more than the better judge of the whole.
        chosen = ALGORITHM if settings.sensor.startswith("serial:") else MODEL
    if chosen == ALGORITHM:
        return judge
    if chosen != MODEL:
        raise CommandError(
            f"quality: there is no {chosen!r}, but {AUTOMATIC}, {MODEL}, {ALGORITHM}", 4
        )
    return QualityNetwork(num_threads=settings.model_threads).judge


def _extractor(settings: KioskConfig) -> Extractor:
    if settings.model not in READINGS:
        raise CommandError(f"model: there is no {settings.model!r}, but {', '.join(READINGS)}", 4)
    if settings.accurate and READINGS[settings.model].mirrored is None:
        raise CommandError(f"accurate: the model {settings.model} has no such mode", 4)
    return Extractor(
        model=settings.model, accurate=settings.accurate, num_threads=settings.model_threads
    )
