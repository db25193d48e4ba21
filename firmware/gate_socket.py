"""The socket on which the kiosk waits for its uplink."""

import socket
from pathlib import Path

from greenline.firmware.errors import ConfigurationError


def listen(path: Path) -> socket.socket:
    """Listen on a socket that only this account and its group may use.

    Raises ConfigurationError.
    """
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        server.bind(str(path))
        path.chmod(0o660)
    except OSError as fault:
        server.close()
        raise ConfigurationError(
            f"the socket {path} cannot be made ({fault}): its folder must be there and writable, "
            "and the whole path at most 107 characters long"
        ) from fault
    server.listen(2)
    return server
