"""What a receipt does to a running kiosk: the page tells where a request lies, and no more."""

import contextlib
import os

from greenline.cli.demo_run import await_state
from greenline.cli.site import KIOSK
from greenline.firmware import pipe
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import SigningKey
from greenline.protocol.receipt import RequestReceipt, encode_receipt
from tests.firmware.test_gate import FakeUplink
from tests.line.conftest import ENROLLED, Checkpoint
from tests.line.test_rogue import Keys


def receipt(
    keys: Keys, request_id: bytes, kiosk: str = KIOSK, signer: SigningKey | None = None
) -> bytes:
    header = Header(EnvelopeKind.RECEIPT, Lane.PERSON_WAITING, request_id, kiosk, 1, 2)
    body = encode_receipt(RequestReceipt(1))
    return seal(header, body, keys.kiosk.seal, signer or keys.matcher_signer).to_bytes()


def test_the_matchers_receipt_is_shown_and_a_forged_one_is_counted(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("kiosk")
    request = checkpoint.take(ENROLLED)
    keys = Keys.of(checkpoint)
    asked = bytes.fromhex(request)
    other = receipt(keys, os.urandom(16))
    forged = (
        receipt(keys, asked, signer=SigningKey.generate()),
        receipt(keys, asked, kiosk="kiosk-02"),
        other[:8] + asked + other[24:],
    )

    with contextlib.closing(FakeUplink(checkpoint.site.folder / "uplink.sock")) as uplink:
        uplink.send(pipe.Hello(pipe.VERSION))
        for delivery, envelope in enumerate(forged):
            uplink.send(pipe.Arrived(delivery, envelope))
            assert uplink.receive() == pipe.Committed(delivery)
        await_state(checkpoint.kiosk, lambda state: state["refused"] == len(forged))
        assert checkpoint.check(request)["progress"] == "queued"

        genuine = receipt(keys, asked)
        for delivery in (10, 11):
            uplink.send(pipe.Arrived(delivery, genuine))
            assert uplink.receive() == pipe.Committed(delivery)

        state = await_state(
            checkpoint.kiosk, lambda _: checkpoint.check(request)["progress"] == "received"
        )
        assert (state["pending"], state["refused"]) == (1, len(forged))
        uplink.send(pipe.Arrived(12, keys.answer(asked)))
        assert checkpoint.answer(request)["outcome"] == "none"
        uplink.send(pipe.Arrived(13, genuine))
        assert uplink.receive() == pipe.Committed(12)
        assert uplink.receive() == pipe.Committed(13)
        assert checkpoint.check(request)["progress"] == "answered"
