"""`greenline update door`: lets another user have a slot written; docs/updates.md."""

import contextlib
import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from greenline.cli import logs
from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.update_config import UpdateConfig, inside
from greenline.cli.update_user import client_user
from greenline.ota.door_serving import Doorkeeper

log = logging.getLogger(__name__)

_FIRST_HANDED_OVER: Final = 3
_IDLE_S: Final = 60.0


def door(
    config: Annotated[Path, typer.Option(help="TOML file; see docs/updates.md.")],
) -> None:
    """Let the client, which runs as another user, have the slot written that does not run."""
    logs.set_up("update-door")
    settings = read_configuration(config, UpdateConfig)
    if settings.door is None:
        raise CommandError(f"{config}: it names no 'door', so nobody would ask here", 4)
    allowed = {0, os.getuid(), client_user(settings, config).pw_uid}
    keeper = Doorkeeper(inside(settings), allowed.__contains__)
    with _listening(settings.door) as (listening, ours):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: keeper.stop())
        log.info("ready", extra={"door": str(settings.door)})
        # Started by whoever asked (systemd's socket), it ends when nobody does any more.
        keeper.serve(listening, None if ours else _IDLE_S)


@contextlib.contextmanager
def _listening(path: Path) -> Iterator[tuple[socket.socket, bool]]:
    """Give the socket, and whether we made it: systemd hands over one that it listens on."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        with socket.socket(fileno=_FIRST_HANDED_OVER) as handed_over:
            yield handed_over, False
        return
    if path.exists() and not path.is_socket():
        raise CommandError(f"{path} is not a socket: correct 'door' in the configuration", 4)
    with socket.socket(socket.AF_UNIX) as made:
        try:
            path.unlink(missing_ok=True)
            made.bind(str(path))
            path.chmod(0o666)  # who may talk is asked of the kernel
            made.listen()
        except OSError as fault:
            raise CommandError(f"no door can be opened at {path}: {fault.strerror}", 5) from fault
        try:
            yield made, True
        finally:
            path.unlink(missing_ok=True)
