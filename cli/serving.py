"""Runs a page on the loopback interface until the process is told to end."""

import logging
import signal
import socket

import uvicorn
from starlette.types import ASGIApp

from greenline.cli.errors import CommandError

log = logging.getLogger(__name__)


def listen(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; port 0 takes a free one. Raises CommandError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as fault:
        listening.close()
        raise CommandError(
            f"port {port} cannot be used ({fault.strerror}): stop what uses it or set another", 4
        ) from fault
    listening.listen(64)
    return listening


def serve(app: ASGIApp, listening: socket.socket, *further: socket.socket) -> None:
    """Serve the page, on further sockets too; returns after SIGINT or SIGTERM."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        # Event streams never end by themselves.
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)

    def end(*_: object) -> None:
        server.should_exit = True

    # uvicorn raises a caught signal again once it has ended: without a handler of our own that
    # would end the process before the caller could give back its devices and files.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    log.info("ready", extra={"url": f"http://127.0.0.1:{listening.getsockname()[1]}/"})
    server.run(sockets=[listening, *further])
