"""What is due soon, as the page of a real kiosk process tells it."""

import datetime

from greenline.centre.certificates import CertificateAuthority
from greenline.cli.demo_run import await_state
from greenline.cli.keyfiles import read_identity
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.wording import CERTIFICATE_ENDS, MATCHER_HAS_NEW_KEYS
from tests.line.conftest import Checkpoint


def test_a_kiosk_tells_that_its_certificate_ends_soon(checkpoint: Checkpoint) -> None:
    now = datetime.datetime.now(datetime.UTC)
    root = CertificateAuthority.create("root", now, days=30)
    made = root.issue_client("kiosk-01", now, days=10)
    (checkpoint.site.folder / "uplink.pem").write_bytes(made.certificate_pem)

    checkpoint.start("kiosk")

    await_state(checkpoint.kiosk, lambda state: CERTIFICATE_ENDS in state["notices"])


def test_a_kiosk_takes_up_its_matchers_new_keys_with_a_restart(checkpoint: Checkpoint) -> None:
    path = checkpoint.site.folder / "matcher-01.json"
    old = read_identity(path)
    made = Identity(old.name, SigningKey.generate().public, OpeningKey.generate().public)
    path.write_bytes(made.succeeding(old, 2_000_000_000_000).to_json())

    checkpoint.start("kiosk")

    state = await_state(checkpoint.kiosk, lambda state: state["capture"]["phase"] == "ready")
    assert MATCHER_HAS_NEW_KEYS not in state["notices"]
