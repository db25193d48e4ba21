"""A case ordered deleted, at a kiosk that cannot: nobody gets it, and it is tried again."""

import contextlib

import msgspec

from greenline.cli.configuration import read_configuration
from greenline.cli.kiosk import _parts
from greenline.cli.page_probe import PageProbe
from greenline.cli.wiping import make_wipe
from greenline.drivers.gpio import PinsOnDemand
from greenline.firmware.board import DeviceName
from greenline.firmware.config import KioskConfig
from greenline.firmware.erasures import Erasures, erasures_beside
from greenline.firmware.kiosk import Kiosk
from greenline.firmware.kiosk_parts import open_store
from greenline.firmware.store import Pending
from tests.firmware.waiting import missing, there, until
from tests.line.conftest import Checkpoint

ORDERED, OTHER = b"o" * 16, b"x" * 16


def done(kiosk: Kiosk) -> bool:
    order = kiosk._purging.erasures.get(ORDERED)
    assert order is not None
    return order.here


def offered(kiosk: Kiosk) -> set[bytes]:
    return {each.request.request_id for each in kiosk._gate.standing()}


def test_a_case_that_cannot_be_deleted_at_the_start_is_shown_to_nobody_and_deleted_later(
    checkpoint: Checkpoint,
) -> None:
    path = checkpoint.site.folder / "kiosk.toml"
    settings = read_configuration(path, KioskConfig)
    in_the_way = checkpoint.site.folder / "file"
    in_the_way.write_bytes(b"")
    audit = msgspec.structs.replace(settings.audit, folder=in_the_way / "audit")
    settings = msgspec.structs.replace(settings, audit=audit)
    wipe = make_wipe(path, settings)
    with contextlib.closing(PageProbe()) as probe:
        parts = _parts(settings, PinsOnDemand(), (), wipe, probe, None)
        now_ms = parts.clock.now_ms()
        with contextlib.closing(open_store(parts)) as store:
            for each in (ORDERED, OTHER):
                store.add_request(Pending(each, 1, now_ms, now_ms + 3_600_000), b"sealed")
        orders = Erasures(erasures_beside(parts.store), parts.device, parts.clock.instant)
        orders.add(ORDERED, "minor", "4711")
        running = Kiosk(parts)
        running.start()
        try:
            until(running.board, missing(DeviceName.STORE))
            assert [each.request_id for each in running.board.state().checks] == [OTHER.hex()]
            assert {ORDERED, OTHER} & offered(running) == {OTHER}
            assert not done(running)
            in_the_way.unlink()

            until(running.board, there(DeviceName.STORE))
            assert done(running)
            assert [each.request_id for each in running._purging.pending()] == [ORDERED]
        finally:
            running.stop()
