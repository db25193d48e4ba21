"""The configuration of the Mosquitto broker: TLS 1.3, certificates for all, each in its own topics.

Mosquitto's access list filters on delivery, not on subscription: a stranger's subscription is
granted and then nothing is delivered to it. It keeps no state that matters: wipe it at any time.
"""

from pathlib import Path

from greenline.protocol.topics import check_name

_CONFIGURATION = """\
# Greenline's broker. Identity is the certificate's common name; no password, no anonymous client.
per_listener_settings false
listener {port} {address}
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
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
max_inflight_messages 16
set_tcp_nodelay true
retain_available false
persistence false
persistent_client_expiration 14d
{user}"""

_ACCESS = """\
# %u is the user name, that is the certificate's common name.
pattern write greenline/1/request/%u
pattern read greenline/1/result/%u

user {matcher}
topic read greenline/1/request/+
topic write greenline/1/result/+
"""


def write_configuration(
    folder: Path, port: int, matcher: str, address: str = "127.0.0.1", user: str = ""
) -> Path:
    """Write mosquitto.conf and access.conf beside ca.pem, broker.pem and broker.key.

    user: the account to run as when started by root (Mosquitto's own default otherwise).
    Returns the path of mosquitto.conf. Raises MalformedError when matcher is no name.
    """
    as_user = f"user {user}\n" if user else ""
    (folder / "access.conf").write_text(_ACCESS.format(matcher=check_name(matcher)))
    path = folder / "mosquitto.conf"
    path.write_text(_CONFIGURATION.format(folder=folder, port=port, address=address, user=as_user))
    return path
