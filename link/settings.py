"""Where the broker is, who we are, and how patient the link is."""

import math
import ssl
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta


class LinkError(Exception):
    """The link cannot be tried at all: a certificate or key file is missing or wrong."""


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one broker is."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883

    def __str__(self) -> str:
        """Name it as in a log."""
        return f"{self.host}:{self.port}"


class LinkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to reach the broker. Times in seconds.

    ca, certificate, key: PEM files. window: most publishes without PUBACK (the broker's Receive
    Maximum can only lower it). backoff: the longest wait before a new try, with full jitter.
    others: brokers to go to when the one at host and port is not there, in this order.
    """

    host: str
    client_id: str
    ca: Path
    certificate: Path
    key: Path
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    window: Annotated[int, Meta(ge=1, le=65535)] = 16
    keepalive_s: Annotated[int, Meta(ge=1, le=65535)] = 20
    connect_timeout_s: Annotated[float, Meta(gt=0, le=3600)] = 20.0
    backoff_first_s: Annotated[float, Meta(gt=0, le=3600)] = 0.5
    backoff_longest_s: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    session_expiry_s: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 7 * 24 * 3600
    others: Annotated[tuple[Broker, ...], Meta(max_length=15)] = ()

    def __post_init__(self) -> None:
        """Refuse a broker that is named twice: it would be tried twice and mean nothing."""
        if len(set(self.brokers)) != len(self.brokers):
            raise ValueError("broker.others names a broker twice, or the first one again")

    @property
    def brokers(self) -> tuple[Broker, ...]:
        """All brokers, the preferred one first."""
        return (Broker(self.host, self.port), *self.others)


def tls_context(settings: LinkSettings) -> ssl.SSLContext:
    """Make the TLS 1.3 context for mutual authentication. Raises LinkError with what to do."""
    for what, path in (
        ("CA certificate", settings.ca),
        ("certificate", settings.certificate),
        ("key", settings.key),
    ):
        if not path.is_file():
            raise LinkError(f"the {what} {path} is missing: enrol this device or correct the path")
    try:
        return _load(settings)
    except (ssl.SSLError, OSError):
        # A renewal may have replaced the files between the reading of the one and of the other.
        try:
            return _load(settings)
        except (ssl.SSLError, OSError) as fault:
            raise LinkError(
                f"{settings.certificate}, {settings.key} or {settings.ca} cannot be used "
                f"({fault}): enrol this device again"
            ) from fault


def _load(settings: LinkSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(settings.ca)
    context.load_cert_chain(settings.certificate, settings.key)
    return context


def backoff_ceiling(settings: LinkSettings, failures: int) -> float:
    """Return the longest wait in seconds after so many failures in a row.

    The wait itself is drawn evenly between 0 and this ("full jitter"), so that a fleet that lost
    its broker does not come back in step.
    """
    doublings = min(failures - 1, 1 + int(math.log2(settings.backoff_longest_s)) + 8)
    return min(settings.backoff_longest_s, settings.backoff_first_s * 2.0**doublings)
