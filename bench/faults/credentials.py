"""Certificates of a checkpoint: put into their place, and read for a port between two ends."""

import ssl
from pathlib import Path

from bench.faults.port import Ends
from greenline.centre.certificates import Credential
from greenline.cli.keyfiles import write_secret
from greenline.cli.site import Site


def keep(site: Site, name: str, credential: Credential) -> None:
    """Put a certificate and its key in the place of earlier ones, each as a whole."""
    for suffix, data in ((".pem", credential.certificate_pem), (".key", credential.key_pem)):
        path = site.folder / f"{name}{suffix}"
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        write_secret(unfinished, data)
        unfinished.replace(path)


def both_ends(folder: Path, client: str) -> Ends:
    """Return the TLS of a port that stands between this client and the broker."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.minimum_version = ssl.TLSVersion.TLSv1_3
    server.load_cert_chain(folder / "broker.pem", folder / "broker.key")
    server.load_verify_locations(folder / "ca.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    onward = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    onward.load_verify_locations(folder / "ca.pem")
    onward.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    return Ends(server, onward)
