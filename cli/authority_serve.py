"""`greenline authority serve`: the enrolment server, wired."""

import datetime
import logging
import socket
from pathlib import Path
from typing import Annotated

import typer

from greenline.centre.authority.app import make_app
from greenline.centre.authority.authority import opened
from greenline.centre.authority.following import Follower
from greenline.centre.authority.serving import Identification, Server
from greenline.cli import logs
from greenline.cli.errors import CommandError

log = logging.getLogger(__name__)

_HIGHEST_PORT = 65535


def serve(
    folder: Annotated[Path, typer.Option(help="The authority's own folder.")],
    listen: Annotated[
        str, typer.Option(help="Where to listen, as ADDRESS or ADDRESS:PORT.")
    ] = "0.0.0.0:8443",  # it serves kiosks elsewhere, over TLS
    to: Annotated[
        Path | None, typer.Option(help="The published folder, to be kept up to date.")
    ] = None,
) -> None:
    """Serve kiosks that enrol and renew (EST over TLS 1.3)."""
    logs.set_up("authority")
    with opened(folder) as authority, _listening(listen) as listening:
        follow = _nothing if to is None else Follower(authority, to.absolute(), _now).look
        identification = Identification(authority, _now)
        server = Server(make_app(authority, _now), identification, follow=follow)
        log.info("ready", extra={"port": listening.getsockname()[1]})
        server.run(listening)


def _nothing() -> None:
    """Leave publishing to the operators."""


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _listening(where: str) -> socket.socket:
    address, _, port = where.rpartition(":") if ":" in where else (where, "", "8443")
    if not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise CommandError(f"{where!r} is no ADDRESS or ADDRESS:PORT to listen at", 2)
    try:
        return socket.create_server((address, int(port)), backlog=128)
    except OSError as fault:
        raise CommandError(
            f"{where} cannot be listened at ({fault.strerror}): stop what uses it or give another "
            "--listen",
            4,
        ) from fault
