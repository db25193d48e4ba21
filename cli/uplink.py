"""`greenline uplink`: the uplink process, wired from its configuration."""

import contextlib
import logging
import signal
from pathlib import Path
from typing import Annotated

import typer

from greenline.cli import logs
from greenline.cli.configuration import read_configuration
from greenline.cli.keyfiles import check_link
from greenline.firmware.config import UplinkConfig
from greenline.firmware.uplink import Uplink
from greenline.protocol.topics import check_name

app = typer.Typer()
log = logging.getLogger(__name__)


@app.command()
def uplink(
    config: Annotated[Path, typer.Option(help="TOML file; see docs/configuration.md.")],
) -> None:
    """Run the pipe between a kiosk and the broker."""
    logs.set_up("uplink")
    settings = read_configuration(config, UplinkConfig)
    check_name(settings.kiosk)
    check_link(settings.broker)
    running = Uplink(settings.kiosk, settings.socket, settings.broker)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: running.stop())
    with _metrics(settings, running):
        log.info("ready")
        running.run()


def _metrics(settings: UplinkConfig, running: Uplink) -> contextlib.AbstractContextManager[object]:
    if settings.metrics_port is None:
        return contextlib.nullcontext()
    # Here, so that an uplink that tells no numbers does without a web server's memory.
    from greenline.cli.metrics_serving import metrics_served  # noqa: PLC0415
    from greenline.firmware.metrics_uplink import UplinkMetrics  # noqa: PLC0415

    return metrics_served(settings.metrics_port, UplinkMetrics(running.counts).text)
