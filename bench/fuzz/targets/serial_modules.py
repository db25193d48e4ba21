"""Modules on a serial line: packets, blocks of settings, whole conversations."""

import re

from bench.fuzz import repairs
from bench.fuzz.target import BrokenError, Prepared, Target, comes_back
from greenline.drivers import zfm_codec
from greenline.drivers.errors import BadPacketError, DriverError
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.virtual import VirtualClock
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_codec import Packet, PacketKind
from greenline.drivers.zfm_commands import ProductInfo, SystemParameters
from greenline.prints.frame import Frame

_HEADER = b"\xef\x01\xff\xff\xff\xff"
_ZFM_TOKENS = (_HEADER, _HEADER + b"\7\0\3\0", _HEADER + b"\2\1\2", b"\x55", b"\xef\x01", b"\xef")


def _packet(kind: PacketKind, content: bytes) -> bytes:
    return zfm_codec.encode(Packet(kind, content))


def _answer(content: bytes) -> bytes:
    return _packet(PacketKind.ANSWER, content)


def _product() -> ProductInfo:
    return ProductInfo("R503", "0123", "12345678", 0x0102, "GD3032", 32, 32, 1536, 200)


def _packets() -> Prepared:
    data = _packet(PacketKind.DATA, bytes(range(128))) + _packet(PacketKind.LAST_DATA, b"end")

    def decode(data: bytes) -> tuple[list[Packet], int]:
        return _decoded([data])

    def check(data: bytes, found: tuple[list[Packet], int]) -> None:
        cut = [data[at : at + 7] for at in range(0, len(data), 7)]
        if _decoded(cut) != found:
            raise BrokenError("cut into pieces, it is other packets")
        packets, rest = found
        if sum(len(zfm_codec.encode(each)) for each in packets) + rest != len(data):
            raise BrokenError("bytes were lost or counted twice")

    return Prepared(
        decode, (_answer(b"\0"), data, b"\x55\0" + data + b"\xef"), check, _ZFM_TOKENS,
        repaired=repairs.zfm_sums,
    )  # fmt: skip


def _decoded(pieces: list[bytes]) -> tuple[list[Packet], int]:
    """Return the packets, and how many bytes are in none."""
    decoder, found = zfm_codec.Decoder(), []
    for piece in pieces:
        decoder.feed(piece)
        while True:
            try:
                packet = decoder.next_packet()
            except BadPacketError:
                continue
            if packet is None:
                break
            found.append(packet)
    return found, decoder.skipped + decoder.pending


def _settings() -> Prepared:
    settings = SystemParameters(0, 9, 200, 3, 0xFFFFFFFF, 128, 57600)
    return Prepared(
        SystemParameters.parse, (settings.encode(),), comes_back(SystemParameters.encode)
    )


def _descriptions() -> Prepared:
    def check(_data: bytes, found: ProductInfo) -> None:
        # Not the same bytes: what cannot be shown is left out of the texts.
        if ProductInfo.parse(found.encode()) != found:
            raise BrokenError("written and read again, it is another thing")

    return Prepared(ProductInfo.parse, (_product().encode(),), check)


class _Told:
    """A port on which a module says what it was told to: one answer for each command."""

    baud = 57600

    def __init__(self, data: bytes) -> None:
        self.clock = VirtualClock()
        self._answers = re.split(b"(?=\xef\x01\xff\xff\xff\xff\x07)", data)[::-1]
        self._arrived = b""

    def read(self, most: int, deadline: float) -> bytes:
        part, self._arrived = self._arrived[:most], self._arrived[most:]
        if not part:
            self.clock.now = max(self.clock.now, deadline)
        self.clock.now += len(part) * 10 / self.baud
        return part

    def write(self, data: bytes, deadline: float) -> None:
        del data, deadline
        if self._answers:
            self._arrived += self._answers.pop()

    def flush_input(self) -> None:
        self._arrived = b""

    def set_baud(self, baud: int) -> None:
        del baud

    def close(self) -> None:
        pass


def _modules() -> Prepared:
    """A whole conversation, from opening to a picture, with the real driver."""
    ok, picture = _answer(b"\0"), bytes(range(256)) * 2
    rows = b"".join(_packet(PacketKind.DATA, picture[at : at + 128]) for at in (0, 128, 256))
    upload = ok + rows + _packet(PacketKind.LAST_DATA, picture[384:])
    count = _answer(b"\0\0\7")
    told = _answer(b"\0" + _product().encode())
    seeds = (
        ok + count + told + ok + upload,
        ok + count + _answer(b"\xfc") + _answer(b"\2"),
    )

    def decode(data: bytes) -> Frame | Retry:
        port = _Told(data)
        with Zfm.open(port, port.clock) as module:
            module.info()
            return module.scan()

    return Prepared(decode, seeds, None, _ZFM_TOKENS, repaired=repairs.zfm_sums)


TARGETS = (
    Target("zfm-packets", _packets, (DriverError,)),
    Target("zfm-settings", _settings, (DriverError,), most_bytes=64),
    Target("zfm-description", _descriptions, (DriverError,), most_bytes=128),
    Target("zfm-module", _modules, (DriverError,), most_mb=48.0),
)
