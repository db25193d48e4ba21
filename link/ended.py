"""Why a connection ended or none came about, in plain words; one place for all of them.

Sources: the numbers of X509_V_ERR_* in OpenSSL's x509_vfy.h; the names of TLS alerts as Python's
ssl module gives them (RFC 8446, 6.2).
"""

import datetime
import socket
import ssl
from dataclasses import dataclass

from greenline.link.reasons import SERVER_MOVED, Packet, Reaction, reason

_NOT_YET_VALID, _EXPIRED, _REVOKED = 9, 10, 23
_WRONG_NAME = (62, 64)

_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "RECORD_TOO_SMALL",
    "UNEXPECTED_MESSAGE",
    "BAD_RECORD_TYPE",
)
_ALERTS = {
    "CERTIFICATE_EXPIRED": "this device's certificate has expired: renew it, or call a technician",
    "CERTIFICATE_REVOKED": "this device's certificate was revoked: call a technician",
    "CERTIFICATE_REQUIRED": "the broker wants a certificate of this device: call a technician",
    "UNKNOWN_CA": "the broker does not know who signed this device's certificate: call a "
    "technician, who enrols it again",
}


@dataclass(frozen=True)
class Ended:
    """How a connection ended. reference: the broker that the last one sent us to; may be empty.

    code: "CONNACK 0x87" and the like where the broker gave one; else empty.
    """

    reaction: Reaction
    words: str
    code: str = ""
    reference: str = ""


LOST = Ended(Reaction.AGAIN, "the connection was lost")
SILENT = Ended(Reaction.AGAIN, "the line is dead: nothing came back")
STOPPED = Ended(Reaction.AGAIN, "stopped")
NO_MQTT = Ended(
    Reaction.TECHNICIAN, "what answers at this address is no proper broker: call a technician"
)
UNANSWERED = Ended(Reaction.AGAIN, "the broker does not answer")
UNCONFIRMED = Ended(Reaction.AGAIN, "the broker takes messages and does not confirm them")
MOVED_AWAY = Ended(Reaction.AGAIN, "this device has another address in the network now")
OUR_FAULT = Ended(Reaction.AGAIN, "a fault in the link itself")
CUT = Ended(Reaction.AGAIN, "the connection was cut")

_FAULTS: tuple[tuple[type[Exception], Ended], ...] = (
    (ConnectionRefusedError, Ended(Reaction.AGAIN, "there is no broker at this address")),
    (
        socket.gaierror,
        Ended(Reaction.AGAIN, "the broker's name cannot be resolved: no network, or no DNS"),
    ),
    (TimeoutError, UNANSWERED),
    (ConnectionResetError, CUT),
    (BrokenPipeError, CUT),
    (UnicodeDecodeError, NO_MQTT),
)


def refused(packet: Packet, code: int, reference: str = "") -> Ended:
    """Return what a reason code of the broker means."""
    found = reason(packet, code)
    label = f"{packet.name} 0x{code:02X}"
    return Ended(found.reaction, str(found), label, reference if code in SERVER_MOVED else "")


def failed(fault: Exception, now: datetime.datetime) -> Ended:
    """Return why no connection came about. now: what this device's clock says."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        # A clock is set soon after the start, and a login page is left: waiting may well help.
        return Ended(Reaction.AGAIN, _certificate(fault, now))
    if isinstance(fault, ssl.SSLError):
        return _tls(fault)
    for kind, found in _FAULTS:
        if isinstance(fault, kind):
            return found
    return Ended(Reaction.AGAIN, f"no connection to the broker ({fault})")


def _certificate(fault: ssl.SSLCertVerificationError, now: datetime.datetime) -> str:
    clock = f"or this device's clock is wrong (it says {now:%Y-%m-%d %H:%M} UTC)"
    if fault.verify_code == _EXPIRED:
        return f"the broker's certificate has expired, {clock}"
    if fault.verify_code == _NOT_YET_VALID:
        return f"the broker's certificate is not valid yet, {clock}"
    if fault.verify_code == _REVOKED:
        return "the broker's certificate was revoked: call a technician"
    if fault.verify_code in _WRONG_NAME:
        return (
            "what answers has a certificate for another name: a login page of the network, or "
            "broker.host is not as in the broker's certificate"
        )
    return (
        f"the broker's certificate is not one we trust ({fault.verify_message}): a login page of "
        "the network, or broker.ca is the wrong file"
    )


def _tls(fault: ssl.SSLError) -> Ended:
    name = fault.reason or ""
    for alert, words in _ALERTS.items():
        if name.endswith(alert):
            return Ended(Reaction.TECHNICIAN, words)
    if "ALERT" in name:
        return Ended(
            Reaction.TECHNICIAN, f"the broker refused our certificate ({name}): call a technician"
        )
    if name in _NO_TLS:
        return Ended(
            Reaction.AGAIN,
            "what answers at this address is no broker: a login page of the network, or the wrong "
            "port",
        )
    if isinstance(fault, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return CUT
    return Ended(Reaction.AGAIN, f"no secure connection to the broker ({name or fault})")
