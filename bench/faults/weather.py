"""What a port does to the bytes that pass it."""

from dataclasses import dataclass

PORTAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
    b"<html><head><title>Welcome</title></head><body>Please accept our terms.</body></html>"
)


@dataclass(frozen=True)
class Weather:
    """What happens to bytes. The default: nothing.

    refuse: reset each new connection. page: answer it with this and hang up. silent: connections,
    new ones and those that are open, carry nothing any more, for as long as they live. cut_after:
    hang up after so many bytes in both directions; reset: not in an orderly way. delay_s: up to so
    long, each piece. bytes_per_s: in each direction.
    """

    refuse: bool = False
    page: bytes = b""
    silent: bool = False
    cut_after: int | None = None
    reset: bool = False
    delay_s: float = 0.0
    bytes_per_s: float | None = None


FAIR = Weather()
