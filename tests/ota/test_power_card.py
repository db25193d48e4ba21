"""The forgetful card of bench/ota_power, and the block server that QEMU reaches it through."""

import contextlib
import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.ota_power.block_server import BlockServer
from bench.ota_power.card import SECTOR_BYTES, ForgetfulCard

_SECTORS = 64
ONES, TWOS = b"1" * SECTOR_BYTES, b"2" * SECTOR_BYTES
READ, WRITE, LEAVE, FLUSH, TRIM = range(5)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[ForgetfulCard]:
    durable = tmp_path / "card"
    durable.write_bytes(bytes(_SECTORS * SECTOR_BYTES))
    made = ForgetfulCard(durable, tmp_path / "now")
    yield made
    made.close()


class TestForgetfulCard:
    def test_what_was_flushed_survives(self, card: ForgetfulCard) -> None:
        card.write(512, ONES)
        card.flush()
        loss = card.cut(random.Random(1), 0.0)
        assert (loss.unflushed, loss.lost) == (0, 0)
        assert card.read(512, 512) == ONES

    def test_what_was_not_is_gone(self, card: ForgetfulCard) -> None:
        card.write(0, ONES)
        card.flush()
        card.write(0, TWOS)
        assert card.read(0, 512) == TWOS
        assert card.cut(random.Random(1), 0.0).lost == 1
        assert card.read(0, 512) == ONES

    def test_or_is_there_when_all_arrived(self, card: ForgetfulCard) -> None:
        card.write(1024, TWOS)
        assert card.cut(random.Random(1), 1.0).lost == 0
        assert card.read(1024, 512) == TWOS

    def test_any_part_of_it_may_be_there_but_no_part_of_a_sector(self, card: ForgetfulCard) -> None:
        found = set()
        for seed in range(60):
            card.write(0, bytes(4 * SECTOR_BYTES))
            card.flush()
            card.write(0, ONES * 4)
            card.cut(random.Random(seed), 0.5)
            sectors = [card.read(at * 512, 512) for at in range(4)]
            assert all(sector in {ONES, bytes(SECTOR_BYTES)} for sector in sectors)
            found.add(tuple(sector == ONES for sector in sectors))
        assert {(True,) * 4, (False,) * 4} < found

    def test_a_later_write_may_arrive_without_an_earlier_one(self, card: ForgetfulCard) -> None:
        found = set()
        for seed in range(40):
            card.write(0, bytes(2 * SECTOR_BYTES))
            card.flush()
            card.write(0, ONES)
            card.write(512, ONES)
            card.cut(random.Random(seed), 0.5)
            found.add((card.read(0, 512) == ONES, card.read(512, 512) == ONES))
        assert found == {(False, False), (False, True), (True, False), (True, True)}

    def test_what_is_left_is_on_the_durable_file(self, card: ForgetfulCard, tmp_path: Path) -> None:
        for at in range(_SECTORS):
            card.write(at * 512, ONES)
        loss = card.cut(random.Random(3), 0.3)
        assert 0 < loss.lost < loss.sectors == _SECTORS
        assert (tmp_path / "card").read_bytes() == (tmp_path / "now").read_bytes()

    @pytest.mark.parametrize(
        ("at", "data"), [(1, ONES), (0, ONES[1:]), (_SECTORS * SECTOR_BYTES, ONES)]
    )
    def test_it_takes_whole_sectors(self, card: ForgetfulCard, at: int, data: bytes) -> None:
        with pytest.raises(ValueError, match="whole sectors"):
            card.write(at, data)


class Guest:
    """Speaks the protocol from the other side."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        assert self.take(18)[:16] == b"NBDMAGICIHAVEOPT"
        self._socket.sendall(struct.pack(">I", 3))

    def take(self, size: int) -> bytes:
        return self._socket.recv(size, socket.MSG_WAITALL)

    def option(self, number: int) -> None:
        self._socket.sendall(struct.pack(">8sII", b"IHAVEOPT", number, 0))

    def open(self) -> int:
        """Agree, and return the card's size."""
        self.option(1)
        return int(struct.unpack(">QH", self.take(10))[0])

    def ask(self, kind: int, at: int = 0, size: int = 0, data: bytes = b"") -> bytes | None:
        """Return the answer's data; None: there is no answer any more."""
        head = struct.pack(">IHHQQI", 0x25609513, 0, kind, 7, at, size or len(data))
        self._socket.sendall(head + data)
        answer = self.take(16)
        if len(answer) < 16:
            return None
        magic, fault, cookie = struct.unpack(">IIQ", answer)
        assert (magic, cookie) == (0x67446698, 7)
        return b"fault" if fault else self.take(size) if kind == READ else b""

    def close(self) -> None:
        self._socket.close()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


class Bench:
    def __init__(self, card: ForgetfulCard, folder: Path) -> None:
        self.card = card
        self.path = folder / "socket"
        self.guests: list[Guest] = []
        self.cuts = 0
        self.server = BlockServer(card, self.path, self._cut)

    def _cut(self) -> None:
        self.cuts += 1
        for guest in self.guests:
            guest.stop()

    def guest(self) -> Guest:
        guest = Guest(self.path)
        self.guests.append(guest)
        return guest

    def opened(self) -> Guest:
        guest = self.guest()
        assert guest.open() == _SECTORS * SECTOR_BYTES
        return guest


@pytest.fixture
def bench(card: ForgetfulCard, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(card, tmp_path)
    yield made
    made.server.close()
    for guest in made.guests:
        guest.close()


class TestBlockServer:
    def test_it_reads_writes_and_flushes(self, bench: Bench) -> None:
        guest = bench.opened()
        assert guest.ask(WRITE, 1024, data=ONES) == b""
        assert guest.ask(READ, 1024, 512) == ONES
        assert guest.ask(FLUSH) == b""
        assert bench.server.requests == 2
        bench.card.cut(random.Random(1), 0.0)
        assert bench.card.read(1024, 512) == ONES

    def test_it_says_what_it_does_not_know(self, bench: Bench) -> None:
        guest = bench.guest()
        guest.option(8)
        assert struct.unpack(">QIII", guest.take(20))[1:3] == (8, 2**31 + 1)
        assert guest.open() == _SECTORS * SECTOR_BYTES
        assert guest.ask(TRIM, 0, 512) == b"fault"

    @pytest.mark.parametrize(("after", "left"), [(False, bytes(512)), (True, ONES)])
    def test_it_cuts_at_a_request_before_or_after_it(
        self, bench: Bench, after: bool, left: bytes
    ) -> None:
        guest = bench.opened()
        bench.server.arm(3, after=after)
        assert guest.ask(WRITE, 0, data=TWOS) == b""
        assert guest.ask(WRITE, 512, data=ONES) == b""
        assert guest.ask(FLUSH) is None
        assert bench.cuts == 1
        bench.card.cut(random.Random(1), 0.0)
        assert bench.card.read(512, 512) == left

    def test_after_a_cut_nothing_is_written_until_power_is_back(self, bench: Bench) -> None:
        guest = bench.opened()
        bench.server.cut()
        bench.server.cut()
        assert bench.cuts == 1
        guest.close()
        bench.server.power_on()
        again = bench.opened()
        assert again.ask(READ, 0, 512) == bytes(512)
        assert again.ask(WRITE, 0, data=ONES) == b""
