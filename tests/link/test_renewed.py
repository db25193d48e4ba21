"""A link takes up the certificate that lies there when it connects; it need not be restarted."""

import datetime
import os
from pathlib import Path

import msgspec
import pytest

from greenline.centre.certificates import CertificateAuthority
from greenline.cli.children import Child
from greenline.cli.site import KIOSK, Site
from greenline.link.files import remove_file, replace_file
from greenline.link.settings import LinkSettings
from tests.link.conftest import StartLink

RESULT_TOPIC = f"greenline/1/result/{KIOSK}"

# paho leaves the socket of a failed TLS handshake to the garbage collector, which closes it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def one_file(kiosk_settings: LinkSettings, tmp_path: Path) -> LinkSettings:
    """The kiosk's settings with key and certificate in one file."""
    pair = tmp_path / "pair.pem"
    good = kiosk_settings.key.read_bytes() + kiosk_settings.certificate.read_bytes()
    replace_file(pair, good, 0o600)
    return msgspec.structs.replace(kiosk_settings, certificate=pair, key=pair)


def test_a_renewed_pair_is_taken_up_with_the_next_connection(
    broker: Child, start_link: StartLink, one_file: LinkSettings
) -> None:
    good = one_file.key.read_bytes()
    now = datetime.datetime.now(datetime.UTC)
    old = CertificateAuthority.create("Another root", now).issue_client(KIOSK, now)
    replace_file(one_file.key, old.key_pem + old.certificate_pem, 0o600)
    kiosk = start_link(one_file, [RESULT_TOPIC])
    kiosk.heard.next("down")

    replace_file(one_file.key, good, 0o600)

    assert kiosk.heard.next("up")[0] == "up"


def test_while_the_file_cannot_be_used_what_was_read_before_serves_on(
    site: Site, start_link: StartLink, one_file: LinkSettings
) -> None:
    broker = site.start("broker")
    kiosk = start_link(one_file, [RESULT_TOPIC])
    kiosk.heard.next("up")
    one_file.key.write_bytes(b"cut")
    broker.kill()
    kiosk.heard.next("down")

    again = site.start("broker")

    assert kiosk.heard.next("up")[0] == "up"
    kiosk.stop()
    again.stop()


def test_a_file_is_replaced_as_a_whole_and_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)

    replace_file(path, b"new", 0o600)

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
    remove_file(path)
    remove_file(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_service_goes_on_reading_what_root_replaces(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    os.chown(path, 4001, 4002)

    replace_file(path, b"new", 0o600)

    found = path.stat()
    assert (path.read_bytes(), found.st_mode & 0o777) == (b"new", 0o600)
    assert (found.st_uid, found.st_gid) == (4001, 4002)


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    (tmp_path / "secret.new").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        replace_file(path, b"new", 0o600)

    assert path.read_bytes() == b"old"
    assert not (tmp_path / "elsewhere").exists()
