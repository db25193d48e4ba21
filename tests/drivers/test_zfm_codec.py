"""The codec alone: known bytes, round trip, every cut, every corruption, junk, false headers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.drivers.errors import BadPacketError
from greenline.drivers.zfm_codec import Decoder, Packet, PacketKind, encode

KNOWN = {
    "GenImg": (Packet(PacketKind.COMMAND, b"\x01"), "ef01ffffffff010003010005"),
    "UpImage": (Packet(PacketKind.COMMAND, b"\x0a"), "ef01ffffffff0100030a000e"),
    "VfyPwd": (Packet(PacketKind.COMMAND, b"\x13" + bytes(4)), "ef01ffffffff0100071300000000001b"),
    "HandShake": (Packet(PacketKind.COMMAND, b"\x40"), "ef01ffffffff010003400044"),
    "acknowledge": (Packet(PacketKind.ANSWER, b"\x00"), "ef01ffffffff07000300000a"),
    "no finger": (Packet(PacketKind.ANSWER, b"\x02"), "ef01ffffffff07000302000c"),
    "last data": (Packet(PacketKind.LAST_DATA, b"\xff\xfe"), "ef01ffffffff080004fffe0209"),
}

kinds = st.sampled_from(PacketKind)
packets = st.builds(Packet, kinds, st.binary(max_size=256))
# What a header cannot be read into; its last byte may be the first of one.
junk = st.binary(max_size=40).filter(lambda data: b"\xef\x01" not in data)


def drain(decoder: Decoder) -> tuple[list[Packet], int]:
    """Return all packets that the decoder has now, and how often it refused one."""
    found: list[Packet] = []
    refused = 0
    while True:
        try:
            packet = decoder.next_packet()
        except BadPacketError:
            refused += 1
            continue
        if packet is None:
            return found, refused
        found.append(packet)


def decode(data: bytes) -> tuple[list[Packet], int]:
    decoder = Decoder()
    decoder.feed(data)
    return drain(decoder)


@pytest.mark.parametrize(("packet", "known"), KNOWN.values(), ids=KNOWN)
def test_packets_are_the_bytes_of_the_manual(packet: Packet, known: str) -> None:
    assert encode(packet).hex() == known
    assert decode(bytes.fromhex(known)) == ([packet], 0)


@given(st.lists(packets, max_size=4), st.lists(st.integers(0, 1100), max_size=6))
def test_packets_come_out_as_they_went_in_however_the_bytes_are_cut(
    sent: list[Packet], cuts: list[int]
) -> None:
    data = b"".join(encode(packet) for packet in sent)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    decoder = Decoder()
    found = []
    for begin, end in pairwise(places):
        decoder.feed(data[begin:end])
        found += drain(decoder)[0]
    assert (found, decoder.skipped) == (sent, 0)


def test_a_packet_comes_out_with_its_last_byte_at_every_cut() -> None:
    data = encode(Packet(PacketKind.DATA, bytes(range(20))))
    for cut in range(len(data)):
        decoder = Decoder()
        decoder.feed(data[:cut])
        assert (drain(decoder), decoder.pending) == (([], 0), cut)
        decoder.feed(data[cut:])
        assert drain(decoder) == ([Packet(PacketKind.DATA, bytes(range(20)))], 0)
        assert decoder.pending == 0


@given(junk, packets)
def test_junk_before_a_packet_is_skipped_and_counted(noise: bytes, packet: Packet) -> None:
    decoder = Decoder()
    decoder.feed(noise + encode(packet))
    assert drain(decoder) == ([packet], 0)
    assert decoder.skipped == len(noise)


@pytest.mark.parametrize("start_up", [b"\x55", b"\x00", b"\x00\x55", b"\xef", b"\xef\xef"])
def test_lone_start_up_bytes_are_skipped(start_up: bytes) -> None:
    answer = Packet(PacketKind.ANSWER, b"\x00")
    assert decode(start_up + encode(answer)) == ([answer], 0)


@pytest.mark.parametrize("size", [0, 1, 256])
def test_contents_from_none_to_256_bytes_pass(size: int) -> None:
    packet = Packet(PacketKind.DATA, b"\xa5" * size)
    assert decode(encode(packet)) == ([packet], 0)


def test_a_content_of_257_bytes_cannot_be_a_packet() -> None:
    with pytest.raises(ValueError, match="257 bytes are too many"):
        Packet(PacketKind.DATA, bytes(257))


@pytest.mark.parametrize("length", [0, 1, 259, 0xFFFF])
def test_a_length_out_of_range_is_refused_without_waiting_for_it(length: int) -> None:
    good = Packet(PacketKind.ANSWER, b"\x00")
    false = bytes.fromhex("ef01ffffffff07") + length.to_bytes(2, "big")
    assert decode(false) == ([], 1)
    assert decode(false + encode(good)) == ([good], 1)


@pytest.mark.parametrize("kind", sorted(set(range(256)) - set(PacketKind)))
def test_an_unknown_identifier_is_refused(kind: int) -> None:
    assert decode(bytes.fromhex("ef01ffffffff") + bytes([kind]) + b"\x00\x03") == ([], 1)


def test_a_packet_from_another_address_is_refused() -> None:
    stranger = Packet(PacketKind.ANSWER, b"\x00", address=0x12345678)
    assert decode(encode(stranger)) == ([], 1)
    decoder = Decoder(address=0x12345678)
    decoder.feed(encode(stranger))
    assert drain(decoder) == ([stranger], 0)


def test_a_wrong_sum_is_refused_once_and_the_next_packet_follows() -> None:
    data = bytearray(encode(Packet(PacketKind.DATA, bytes(50))))
    data[-1] ^= 1
    good = Packet(PacketKind.DATA, b"next")
    assert decode(bytes(data) + encode(good)) == ([good], 1)


def test_a_good_packet_inside_a_falsely_long_one_is_found() -> None:
    good = [Packet(PacketKind.DATA, b"one"), Packet(PacketKind.LAST_DATA, b"two")]
    false = bytes.fromhex("ef01ffffffff020080")  # claims 128 bytes
    tail = b"\x33" * 128
    assert decode(false + encode(good[0]) + encode(good[1]) + tail) == (good, 1)


def test_a_whole_packet_inside_a_content_stays_content() -> None:
    inner = encode(Packet(PacketKind.ANSWER, b"\x00"))
    outer = Packet(PacketKind.DATA, b"ab" + inner + b"cd")
    assert decode(encode(outer)) == ([outer], 0)


def test_a_partial_packet_waits_until_it_is_given_up() -> None:
    good = Packet(PacketKind.ANSWER, b"\x00")
    decoder = Decoder()
    decoder.feed(bytes.fromhex("ef01ffffffff070050") + encode(good))
    assert drain(decoder) == ([], 0)
    assert decoder.give_up_partial()
    assert drain(decoder) == ([good], 0)
    assert not decoder.give_up_partial()


def test_clear_forgets_a_partial_packet() -> None:
    good = Packet(PacketKind.ANSWER, b"\x00")
    decoder = Decoder()
    decoder.feed(encode(good)[:7])
    decoder.clear()
    decoder.feed(encode(good))
    assert drain(decoder) == ([good], 0)


@pytest.mark.parametrize("content", [b"\x00", bytes(range(1, 47)), b"\xef\x01" * 16])
def test_no_single_wrong_byte_gives_a_wrong_packet(content: bytes) -> None:
    sent = Packet(PacketKind.ANSWER, content)
    data = encode(sent)
    for place in range(len(data)):
        for value in set(range(256)) - {data[place]}:
            found, _ = decode(data[:place] + bytes([value]) + data[place + 1 :])
            assert found == [], (place, value)


@given(packets, st.data())
def test_only_a_wrong_length_byte_can_ever_pass_the_sum(sent: Packet, data: st.DataObject) -> None:
    encoded = encode(sent)
    place = data.draw(st.integers(0, len(encoded) - 1).filter(lambda at: at not in {7, 8}))
    value = data.draw(st.integers(0, 255).filter(lambda other: other != encoded[place]))
    found, _ = decode(encoded[:place] + bytes([value]) + encoded[place + 1 :])
    # Random contents may hold a whole packet, which comes out once the outer one is refused.
    assert sent not in found
    assert all(encode(packet) in sent.content for packet in found)


def test_what_an_additive_sum_cannot_see() -> None:
    """The limit of the protocol, not of the decoder: the driver must compare the total."""
    data = bytearray(encode(Packet(PacketKind.DATA, b"ab")))
    data[9], data[10] = data[10], data[9]
    assert decode(bytes(data)) == ([Packet(PacketKind.DATA, b"ba")], 0)
    shortened = bytearray(encode(Packet(PacketKind.DATA, b"\x00\x04tail")))
    shortened[8] = 2  # the content's first bytes happen to be the sum of an empty packet
    assert decode(bytes(shortened)) == ([Packet(PacketKind.DATA, b"")], 0)


@given(st.binary(max_size=600))
def test_any_bytes_are_taken_without_another_error_and_never_pile_up(data: bytes) -> None:
    decoder = Decoder()
    for place in range(0, len(data), 7):
        decoder.feed(data[place : place + 7])
        drain(decoder)
    while decoder.give_up_partial():
        drain(decoder)
    good = Packet(PacketKind.ANSWER, b"\x00")
    decoder.feed(encode(good))
    assert drain(decoder)[0][-1:] == [good]
