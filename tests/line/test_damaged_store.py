"""A kiosk whose store was damaged starts, says what that has cost, and goes on taking fingers."""

from greenline.cli.demo_run import await_state
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint


def test_a_damaged_store_is_told_on_the_page_and_in_the_audit_log_and_the_kiosk_goes_on(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("kiosk")
    taken = [checkpoint.take(ENROLLED), checkpoint.take(UNKNOWN)]
    checkpoint.stop_all()
    store = checkpoint.site.folder / "kiosk.store"
    data = bytearray(store.read_bytes())
    at = data.index(b"GLN1")  # of the one that comes first in the file
    for number in range(100, 120):
        data[at + number] ^= 0xFF
    store.write_bytes(data)

    checkpoint.start("kiosk")
    state = await_state(checkpoint.kiosk, lambda state: state["pending"] == 1)

    (notice,) = [each for each in state["notices"] if "damaged" in each]
    assert notice.startswith("The store was damaged: 1 waiting requests kept, 1 lost")
    (left,) = {check["request_id"] for check in state["checks"]}
    assert left in taken
    another = checkpoint.take(ENROLLED)
    checkpoint.start("broker", "matcher", "uplink")
    for request_id in (left, another):
        checkpoint.answer(request_id)
    checkpoint.stop_all()
    audit = b"".join(each.read_bytes() for each in (checkpoint.site.folder / "audit").glob("*"))
    assert b"damaged store" in audit
