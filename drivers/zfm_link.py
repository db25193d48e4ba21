"""Conversation with a ZFM module: one command, its answer, and the data packets that may follow.

Half duplex: never two commands at once, nothing numbered. So a late answer to an old command
looks like the answer to a new one; after anything went wrong the link therefore waits until the
line is silent before it speaks again, and settle() tells old answers from new ones: without it the
picture of an earlier finger could be taken for that of a later one. settle()'s own question may be
answered late too, which is why an answer of another length than the command's is never taken.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from greenline.drivers.errors import BadPacketError, BadTransferError, PortTimeoutError
from greenline.drivers.port import Clock, Port
from greenline.drivers.zfm_codec import (
    DEFAULT_ADDRESS,
    MAX_CONTENT,
    Decoder,
    Packet,
    PacketKind,
    encode,
)
from greenline.drivers.zfm_commands import ANSWERED_WITH_DATA, Command, Confirmation, command
from greenline.drivers.zfm_transfer import SILENCE_S, Rest, Transfer

ANSWER_S = 1.0
MAX_PICTURE_BYTES = 1 << 19

_ATTEMPTS = 3
_SETTLE_ATTEMPTS = 2
_QUIET_S = 0.1
_GAP_S = 0.03  # longer than a USB adapter holds bytes back (16 ms)
_USUAL_PICTURE_BYTES = 1 << 16
_NOISE_S = 10.0  # longer than any picture takes at the usual speeds
_FRAME_BYTES = 11  # of a packet, besides its content
_READ_SIZE = 4096


@dataclass(frozen=True)
class Answer:
    """What the module said. code: its confirmation code. data: what follows the code."""

    code: int
    data: bytes


class Link:
    """Commands and answers over one port; it owns the port.

    damages: how many answers and transfers have arrived damaged so far.
    """

    def __init__(self, port: Port, clock: Clock, address: int = DEFAULT_ADDRESS) -> None:
        self.port = port
        self.clock = clock
        self.damages = 0
        self._address = address
        self._decoder = Decoder(address)
        self._rest = Rest(port, clock)
        self._in_step = True
        self._owed = True  # an answer to an earlier command, of this program or the one before
        self._unsettled = False  # a question of settle() got no answer so far
        self._hissing = False  # the last wait for silence was in vain

    def ask(self, code: Command, parameters: bytes = b"", timeout_s: float = ANSWER_S) -> Answer:
        """Give one command and return the answer, whatever it is.

        A command or an answer that was damaged on the way is repeated. Raises PortTimeoutError
        when nothing comes, BadTransferError when only damaged packets come.
        """
        packet = replace(command(code, parameters), address=self._address)
        fits = bool if code in ANSWERED_WITH_DATA else _is_bare_code
        for _ in range(_ATTEMPTS):
            answer = self._exchange(packet, timeout_s, fits)
            if answer is not None and answer.code != Confirmation.BAD_PACKET:
                return answer
        raise BadTransferError(
            f"{code.name} was damaged on the line {_ATTEMPTS} times; look at the sensor's cable"
        )

    def settle(self) -> None:
        """Make sure that no answer to an earlier command is still to come.

        Asks for something whose answer looks like no other's; a module answers in order, so all
        earlier answers have come by then. It costs nothing while all goes well. Raises
        PortTimeoutError.
        """
        if not self._owed:
            return
        packet = replace(command(Command.TEMPLATE_NUM), address=self._address)
        for _ in range(_SETTLE_ATTEMPTS):
            with suppress(PortTimeoutError):
                if self._exchange(packet, ANSWER_S, _is_count) is not None:
                    # More of them may follow; the module hears nothing while it speaks.
                    self._in_step &= not self._unsettled
                    self._owed = self._unsettled = False
                    return
            self._unsettled = True
            self._fill_up()
        raise PortTimeoutError(
            f"the sensor did not answer within {_SETTLE_ATTEMPTS * ANSWER_S:g} s, or only to "
            "earlier commands; look at its cable and its supply"
        )

    def receive(
        self,
        expected: int | None,
        report: Callable[[int], None],
        wanted: Callable[[bytearray], bool] | None = None,
    ) -> Transfer:
        """Collect the data packets that follow an answer, to their end or until silence.

        A module cannot be stopped: after a bad packet the rest is still taken off the line.
        expected: how many bytes there should be, None if that is not known yet. Some modules
        (R551) mark no packet as the last; with expected known that costs a short look for more.
        report: called with the number of bytes collected, after each packet. wanted, for known
        sizes: says of an undamaged beginning whether the rest is wanted; if not, take_rest() and
        the next command take it off the line.
        """
        data, damaged, before = bytearray(), False, self._decoder.skipped
        ended = self._in_step = False
        limit = self.clock() + self._transfer_s(expected or _USUAL_PICTURE_BYTES)
        while len(data) < MAX_PICTURE_BYTES and self.clock() < limit:
            packet, bad = self._next_packet(self.clock() + SILENCE_S)
            damaged |= bad
            if packet is None:
                break
            if packet.kind in (PacketKind.DATA, PacketKind.LAST_DATA):
                data += packet.content
                report(len(data))
                left = (expected or 0) - len(data)
                if wanted is not None and left > 0 and not damaged:
                    goes_on = False
                    try:
                        goes_on = wanted(data)
                    finally:  # a watch that fails stops the transfer too
                        if not goes_on:
                            self._expect_rest(left, len(packet.content))
                    if not goes_on:
                        return Transfer(bytes(data), ended=False, stopped=True)
            ended = packet.kind is PacketKind.LAST_DATA
            if ended or (len(data) == expected and not self._more_comes()):
                self._in_step = not damaged and self._decoder.skipped == before
                break
        clean = not damaged and self._decoder.skipped == before
        self.damages += not clean
        return Transfer(bytes(data), ended, clean)

    def idle(self, deadline: float) -> None:
        """Let time pass on the port, which notices when it is unplugged."""
        self._rest.read(deadline)

    def take_rest(self, deadline: float) -> bool:
        """Take the rest of a stopped transfer off the line; False: more of it is to come."""
        return self._rest.take(deadline)

    def _exchange(
        self, packet: Packet, timeout_s: float, fits: Callable[[bytes], bool] = bool
    ) -> Answer | None:
        """Return the answer; None: it came damaged. Raises PortTimeoutError when none came.

        fits: says of an answer's content whether it can be the answer to this command.
        """
        if not self._in_step:
            self._wait_for_silence()
        self._in_step = False
        self.port.flush_input()
        self._decoder.clear()
        deadline = self.clock() + timeout_s
        self.port.write(encode(packet), deadline)
        damaged = False
        while True:
            answer, bad = self._next_packet(deadline)
            damaged |= bad
            if answer is None:
                break
            if answer.kind is PacketKind.ANSWER and fits(answer.content):
                self._in_step = not damaged
                self.damages += damaged
                return Answer(answer.content[0], answer.content[1:])
        self._owed = True
        if damaged:
            self.damages += 1
            return None
        raise PortTimeoutError(
            f"the sensor did not answer within {timeout_s:g} s; look at its cable and its supply"
        )

    def _fill_up(self) -> None:
        """Give the module the rest of a command whose length reached it too large.

        It would wait for that, and take the next commands for it. Zeros outside a packet are
        noise, which it skips.
        """
        rest = bytes(MAX_CONTENT)
        took_s = len(rest) * 10 / self.port.baud
        self.port.write(rest, self.clock() + took_s + ANSWER_S)
        self.idle(self.clock() + took_s)

    def _next_packet(self, deadline: float) -> tuple[Packet | None, bool]:
        """Return the next good packet, None at the deadline; and whether bad ones came before."""
        damaged = over = False
        while True:
            try:
                packet = self._decoder.next_packet()
            except BadPacketError:
                damaged = True
                continue
            if packet is not None:
                return packet, damaged
            if not over:
                over = self.clock() >= deadline  # what has arrived by then still counts
                received = self.port.read(_READ_SIZE, deadline)
                self._decoder.feed(received)
                over |= not received
            elif self._decoder.give_up_partial():
                damaged = True
            else:
                return None, damaged

    def _more_comes(self) -> bool:
        """Look whether a transfer goes on that has all its bytes: then one came that is not its."""
        if not self._decoder.pending:
            self._decoder.feed(self.port.read(_READ_SIZE, self.clock() + _GAP_S))
        return self._decoder.pending > 0

    def _transfer_s(self, picture_bytes: int) -> float:
        """Return what a transfer may take at most: twice its bytes, for packets cost some too."""
        return _NOISE_S + 2 * picture_bytes * 10 / self.port.baud

    def _wait_for_silence(self) -> None:
        """Take bytes off the line until none come, but only once as long as a picture takes."""
        self._rest.take(self.clock() + self._transfer_s(self._rest.count))
        self._rest.forget()
        limit = self.clock() + (_QUIET_S if self._hissing else _NOISE_S)
        received = b"noise"
        while received and (now := self.clock()) < limit:
            received = self.port.read(_READ_SIZE, now + _QUIET_S)
        self._hissing = bool(received)

    def _expect_rest(self, content_bytes: int, in_each_packet: int) -> None:
        """Note what is still to come of a transfer: so many bytes of content, in packets."""
        packets = -(-content_bytes // max(1, in_each_packet))
        self._rest.expect(content_bytes + packets * _FRAME_BYTES - self._decoder.pending)
        self._owed = True  # it may pause for longer than silence lasts: settle() finds that out


def _is_bare_code(content: bytes) -> bool:
    """Say whether this answers a command to which only a confirmation code is said."""
    return len(content) == 1


def _is_count(content: bytes) -> bool:
    """Say whether this answers TempleteNum: a code and a count, or a refusal.

    A module that takes pictures does not refuse GenImg and UpImage with FC.
    """
    refusals = (Confirmation.UNSUPPORTED, Confirmation.VERIFY_PASSWORD_FIRST)
    return len(content) == 3 or (len(content) == 1 and content[0] in refusals)
