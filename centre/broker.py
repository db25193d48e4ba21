"""The configuration of the Mosquitto broker: TLS 1.3, certificates for all, each in its own topics.

Mosquitto's access list filters on delivery, not on subscription: a stranger's subscription is
granted and then nothing is delivered to it. It keeps no state that matters: wipe it at any time.
"""

from collections.abc import Sequence
from pathlib import Path

from greenline.protocol.topics import check_name

_CONFIGURATION = """\
# Greenline's broker. Identity is the certificate's common name; no password, no anonymous client.
per_listener_settings false
listener {port} {address}
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/{key}
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
# One session a certificate: nobody can take over another's by giving its client id.
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/access.conf

# A sealed request is at most 128 KiB; the queues are bounded, since kiosks offer again anyway.
max_packet_size 150000
max_queued_messages 2000
max_queued_bytes 67108864
# More than a matcher holds unacknowledged (256): else those of one kiosk would hold up all others'.
max_inflight_messages 512
set_tcp_nodelay true
retain_available false
persistence false
# Nothing about the broker itself is told to anybody.
sys_interval 0
persistent_client_expiration 14d
{lists}{user}"""

# On a hangup signal the broker reads the list anew; "greenline authority publish" sends it.
_LISTS = """\
crlfile {folder}/crl.pem
pid_file {folder}/{pid}
"""

BROKER_PID = "run/broker.pid"
"""In a folder of its own: the broker writes it as its own account, which owns nothing beside it."""

DEFAULT_USER = "mosquitto"
"""The account that Mosquitto takes by itself when root starts it."""

_ACCESS = """\
# %u is the user name, that is the certificate's common name.
pattern write greenline/1/request/%u
pattern write greenline/1/status/%u
pattern read greenline/1/result/%u

{rules}
# Sends the lists of operators, and reads nothing.
user {operators}
topic write greenline/1/result/+
"""

_MATCHER = """\
user {name}
topic read greenline/1/request/+
topic read greenline/1/status/+
topic write greenline/1/result/+
"""

MOST_MATCHERS = 64
"""As many processes as can share a matcher's requests."""

_SHUT_OUT_FROM = "\n# Shut out. The authority writes the rest of this file; write nothing below.\n"

# A connection that stands is not looked at again when a certificate is revoked: this ends what it
# may do. The matcher, too, answers nobody whose keys are not in its folder.
_SHUT_OUT = """
user {name}
topic deny #
"""


def write_configuration(
    folder: Path,
    port: int,
    matcher: str,
    address: str = "127.0.0.1",
    user: str = "",
    *,
    of_authority: bool = False,
) -> Path:
    """Write mosquitto.conf and access.conf beside ca.pem, broker.pem and broker.key.

    user: the account to run as when started by root (Mosquitto's own default otherwise).
    of_authority: broker.pem holds the key too, crl.pem beside it the revocation lists, and the
    folder of BROKER_PID is there and the account's own.
    Returns the path of mosquitto.conf. Raises MalformedError when matcher is no name.
    """
    as_user = f"user {user}\n" if user else ""
    lists = _LISTS.format(folder=folder, pid=BROKER_PID) if of_authority else ""
    key = "broker.pem" if of_authority else "broker.key"
    (folder / "access.conf").write_text(
        _ACCESS.format(
            rules=_MATCHER.format(name=check_name(matcher)), operators=operators_client(matcher)
        )
    )
    path = folder / "mosquitto.conf"
    path.write_text(
        _CONFIGURATION.format(
            folder=folder, port=port, address=address, user=as_user, lists=lists, key=key
        )
    )
    return path


def with_shut_out(access: str, names: Sequence[str]) -> str:
    """Return access.conf with these names shut out and no others; its other rules stay.

    names: that may do nothing at all. Raises MalformedError.
    """
    rules = access.partition(_SHUT_OUT_FROM)[0]
    blocks = "".join(_SHUT_OUT.format(name=check_name(name)) for name in names)
    return rules + _SHUT_OUT_FROM + blocks if blocks else rules


def with_matchers(access: str, wanted: Sequence[str], gone: Sequence[str]) -> str:
    """Return access.conf with the rules of these matcher processes, and without those of others.

    wanted: names at the broker; rules that stand there for one stay as they are. gone: names whose
    rules go, unless somebody has changed them. Raises MalformedError.
    """
    rules, shut_out_from, shut_out = access.partition(_SHUT_OUT_FROM)
    for name in gone:
        rules = rules.replace("\n" + _MATCHER.format(name=check_name(name)), "")
    for name in wanted:
        if f"user {check_name(name)}" not in rules.splitlines():
            rules += "\n" + _MATCHER.format(name=name)
    return rules + shut_out_from + shut_out


def matcher_client(matcher: str, part: int) -> str:
    """Return the name of one of several processes of a matcher. Raises MalformedError."""
    return check_name(f"{matcher}-{part}")


def operators_client(matcher: str) -> str:
    """Return the name under which lists of operators are sent. Raises MalformedError.

    No kiosk gets it: names that begin like the matcher's are never given to one.
    """
    return check_name(f"{matcher}-operators")
