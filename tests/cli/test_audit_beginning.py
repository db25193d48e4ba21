"""`greenline audit verify` of a log without its beginning: did the kiosk delete it, or who?"""

from collections.abc import Callable

import pytest

from greenline.firmware.audit import MEMORY
from tests.cli.conftest import Told
from tests.cli.test_audit import Kiosk, kiosk
from tests.firmware.audit_logs import COLLECTED

__all__ = ["kiosk"]

Greenline = Callable[..., Told]
NOT_SHOWN = (
    "all that is here is whole and signed, but not every log begins with its first entry, and "
    "nothing here tells who removed what came before: run it on the kiosk with --config, or "
    "compare with the centre; docs/audit.md"
)


def test_a_removed_beginning_is_found_by_the_kiosks_memory(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    kiosk.segments()[0].unlink()

    told = greenline("audit", "verify", kiosk.log, "--config", kiosk.config)

    assert told.code == 1
    assert "segment 1 was there and is missing" in told.out
    assert told.sentence == "the log is not whole and signed, see above; docs/audit.md"


def test_without_the_memory_a_beginning_that_is_not_there_is_a_result_of_its_own(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    kiosk.segments()[0].unlink()

    told = greenline("audit", "verify", kiosk.log, "--identity", kiosk.identity)

    assert (told.code, told.sentence) == (9, NOT_SHOWN)
    assert "are not here" in told.out


def test_what_the_kiosk_itself_deleted_is_missed_by_nobody_who_has_its_memory(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    log = kiosk.open()
    log.remove_oldest(1)
    log.close()
    assert kiosk.segments()[0].name == "00000002.log"

    known = greenline("audit", "verify", kiosk.log, "--config", kiosk.config)
    alone = greenline("audit", "verify", kiosk.log, "--identity", kiosk.identity)
    kiosk.segments()[0].unlink()
    another = greenline("audit", "verify", kiosk.log, "--config", kiosk.config)

    assert (known.code, known.err) == (0, "")
    assert "are not here: the kiosk deleted them" in known.out
    assert (alone.code, alone.sentence) == (9, NOT_SHOWN)
    assert another.code == 1
    assert "segment 2 was there and is missing" in another.out


def test_a_segment_of_which_only_the_deletion_was_noted_is_no_fault(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    first = kiosk.segments()[0]
    kept = first.read_bytes()
    log = kiosk.open()
    log.remove_oldest(1)
    log.close()
    first.write_bytes(kept)  # the power went before it was unlinked

    assert greenline("audit", "verify", kiosk.log, "--config", kiosk.config).code == 0


@pytest.mark.parametrize("by", ["--config", "--identity"])
def test_segments_that_are_missing_between_two_chains_are_told(
    greenline: Greenline, kiosk: Kiosk, by: str
) -> None:
    before = kiosk.segments()
    damaged = bytearray(before[-1].read_bytes())
    damaged[200] ^= 1
    before[-1].write_bytes(damaged)
    log = kiosk.open()  # begins a new chain
    log.note(COLLECTED)
    log.close()
    assert len(before) > 2
    before[-1].unlink()
    before[-2].unlink()
    named = kiosk.config if by == "--config" else kiosk.identity

    told = greenline("audit", "verify", kiosk.log, by, named)

    assert told.code == 1
    last = len(before)
    assert f"segments {last - 1} to {last} were there and are missing" in told.out


def test_a_later_chain_without_its_beginning_is_a_fault_even_if_the_files_are_renamed(
    greenline: Greenline, kiosk: Kiosk
) -> None:
    for path in kiosk.segments()[1:]:
        path.rename(path.with_name(f"moved-{path.name}"))
    (kiosk.log / MEMORY).unlink()
    damaged = bytearray(kiosk.segments()[0].read_bytes())
    damaged[200] ^= 1
    kiosk.segments()[0].write_bytes(damaged)
    for _ in range(2):
        kiosk.write()  # a new chain, of more than one segment
    second, *rest = kiosk.segments()[1:]
    second.unlink()
    for number, path in enumerate(rest, 2):
        path.rename(path.with_name(f"{number:08d}.log"))

    told = greenline("audit", "verify", kiosk.log, "--identity", kiosk.identity)

    assert told.code == 1
    assert "are missing: a later chain of a log begins with entry 1" in told.out


def test_one_segment_alone_is_not_the_whole_log(greenline: Greenline, kiosk: Kiosk) -> None:
    last = kiosk.segments()[-1]

    told = greenline("audit", "verify", last, "--config", kiosk.config)

    assert (told.code, told.sentence) == (9, NOT_SHOWN)
