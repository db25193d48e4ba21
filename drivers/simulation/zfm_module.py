"""A fingerprint module of the ZFM family, simulated: command bytes in, answer bytes out.

Sans-IO: the line (line.py, virtual.py) carries the bytes, paces and spoils them. A test or the
simulator's page speaks domain words: press(), lift(), restart().
"""

from collections.abc import Callable, Iterator

from greenline.drivers.errors import BadPacketError
from greenline.drivers.simulation.sensor_area import on_sensor
from greenline.drivers.simulation.zfm_kinds import ModuleKind, SpeedChange
from greenline.drivers.zfm_codec import DEFAULT_ADDRESS, Decoder, Packet, PacketKind, encode
from greenline.drivers.zfm_commands import (
    BAUD_STEP,
    NO_PASSWORD,
    Command,
    Confirmation,
    Parameter,
    SystemParameters,
)
from greenline.prints.frame import Frame

Answer = list[bytes]
"""One answer as it would leave an unspoilt module: its packets in order, encoded."""

_PASSWORD_VERIFIED, _PICTURE_VALID = 0x04, 0x08
_INFO_PAGE_BYTES = 512
_SEVEN_COLOURS_FROM = 0x0102  # version of an R503; those before know three


class ZfmModule:
    """One module with power. press() and lift() may be called from another thread than the line's.

    baud: the speed it has now. packet_size: data bytes a packet. commands: how many it carried
    out or refused. last_command: the name of the latest. settings_written: how often its flash
    was. light: the parameters of the latest AuraLedConfig (control, speed, colour, times), None
    before any.
    """

    def __init__(
        self,
        kind: ModuleKind,
        baud: int = 57600,
        packet_size: int = 128,
        password: bytes = NO_PASSWORD,
    ) -> None:
        self.kind = kind
        self.baud = baud
        self.packet_size = packet_size
        self.commands = 0
        self.last_command = ""
        self.settings_written = 0
        self.light: tuple[int, int, int, int] | None = None
        self._stored_baud = baud
        self._password = password
        self._security = 3
        self._late_left = 0
        self._asleep = False
        self._unlocked = not kind.wants_password
        self._finger: Frame | None = None
        self._picture: Frame | None = None
        self._decoder = Decoder()
        self._deeds = self._make_deeds()

    def press(self, frame: Frame) -> None:
        """Lay a finger on the sensor; it stays until lift()."""
        self._finger = on_sensor(frame, self.kind.width, self.kind.height, self.kind.dpi)

    def lift(self) -> None:
        """Take the finger away."""
        self._finger = None

    @property
    def seen(self) -> Frame | None:
        """What lies on the sensor now, as the sensor sees it; None without a finger."""
        return self._finger

    @property
    def deaf_s(self) -> float:
        """How long it hears nothing after power-on."""
        return self.kind.deaf_s

    def status(self) -> dict[str, str]:
        """Describe the module for a person: label to value, in the order to show them."""
        kind = self.kind
        return {
            "Sensor": kind.name,
            "Picture": f"{kind.width} × {kind.height}, {kind.dpi:g} dpi",
            "Speed": f"{self.baud} bit/s",
            "Packets": f"{self.packet_size} bytes",
            "Commands": str(self.commands),
            "Last command": self.last_command or "none yet",
        }

    def restart(self) -> Answer:
        """Switch the power off and on; return what the module sends unasked."""
        self.baud = self._stored_baud
        self.light = None
        self._late_left = 0
        self._asleep = False
        self._unlocked = not self.kind.wants_password
        self._picture = None
        self._decoder.clear()
        return [self.kind.start_byte] if self.kind.start_byte else []

    def receive(self, data: bytes) -> list[Answer]:
        """Take bytes from the host; return the answers that they cause, in order."""
        if self._asleep:
            self._asleep = False  # it wakes by what it hears, and does not hear it
            return []
        self._decoder.feed(data)
        return list(self._answers())

    def _answers(self) -> Iterator[Answer]:
        while True:
            try:
                packet = self._decoder.next_packet()
            except BadPacketError:
                yield _acknowledge(Confirmation.BAD_PACKET)
                continue
            if packet is None:
                return
            if packet.kind is PacketKind.COMMAND and packet.content:
                answer = self._carry_out(packet.content[0], packet.content[1:])
                self._change_speed_late()
                if answer:
                    yield answer

    def _carry_out(self, code: int, parameters: bytes) -> Answer:
        self.commands += 1
        if code not in self.kind.commands or code not in self._deeds:
            self.last_command = f"unknown {code:#04x}"
            unknown = self.kind.unknown_code
            return [] if unknown is None else _acknowledge(unknown)
        self.last_command = Command(code).name
        if not self._unlocked and code not in _WITHOUT_PASSWORD:
            return _acknowledge(Confirmation.VERIFY_PASSWORD_FIRST)
        return self._deeds[code](parameters)

    def _make_deeds(self) -> dict[int, Callable[[bytes], Answer]]:
        """Say which method carries out which command; each gets the command's parameters."""
        return {
            Command.GEN_IMG: self._gen_img,
            Command.UP_IMAGE: self._up_image,
            Command.SET_SYS_PARA: self._set_sys_para,
            Command.READ_SYS_PARA: self._read_sys_para,
            Command.VFY_PWD: self._vfy_pwd,
            Command.READ_INF_PAGE: self._read_inf_page,
            Command.TEMPLATE_NUM: self._template_num,
            Command.SLEEP: self._sleep,
            Command.AURA_LED_CONFIG: self._aura_led,
            Command.CHECK_SENSOR: self._nothing,
            Command.READ_PROD_INFO: self._read_prod_info,
            Command.SOFT_RST: self._soft_rst,
            Command.HAND_SHAKE: self._nothing,
        }

    def _gen_img(self, _: bytes) -> Answer:
        self._picture = self._finger  # one look: the finger may be lifted by another thread
        return _acknowledge(Confirmation.NO_FINGER if self._picture is None else Confirmation.OK)

    def _up_image(self, _: bytes) -> Answer:
        if self._picture is None:
            return _acknowledge(Confirmation.CANNOT_UPLOAD_IMAGE)
        return self._send(self._picture.to_nibbles())

    def _read_inf_page(self, _: bytes) -> Answer:
        return self._send(bytes(_INFO_PAGE_BYTES))

    def _send(self, data: bytes) -> Answer:
        size = self.packet_size
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        kinds = [PacketKind.DATA] * len(parts)
        if self.kind.marks_last:
            kinds[-1] = PacketKind.LAST_DATA
        packets = [encode(Packet(kind, part)) for kind, part in zip(kinds, parts, strict=True)]
        return _acknowledge(Confirmation.OK) + packets

    def _set_sys_para(self, parameters: bytes) -> Answer:
        if len(parameters) != 2:
            return _acknowledge(Confirmation.BAD_PACKET)
        number, value = parameters
        if number == Parameter.BAUD and value * BAUD_STEP in self.kind.bauds:
            self._set_baud(value * BAUD_STEP)
        elif number == Parameter.SECURITY and 1 <= value <= 5:
            self._security = value
        elif number == Parameter.PACKET_SIZE and value <= 3:
            self.packet_size = 32 << value
        else:
            known = number in frozenset(Parameter)
            return _acknowledge(Confirmation.BAD_VALUE if known else Confirmation.BAD_PARAMETER)
        self.settings_written += 1
        return _acknowledge(Confirmation.OK)

    def _set_baud(self, baud: int) -> None:
        if self.kind.speed_change is not SpeedChange.NEVER:
            self._stored_baud = baud
        if self.kind.speed_change is SpeedChange.AT_ONCE:
            self.baud = baud  # the line has noted the old speed for the answer
        if self.kind.speed_change is SpeedChange.LATE:
            self._late_left = self.kind.late_after

    def _change_speed_late(self) -> None:
        if self._late_left:
            self._late_left -= 1
            self.baud = self.baud if self._late_left else self._stored_baud

    def _read_sys_para(self, _: bytes) -> Answer:
        status = _PASSWORD_VERIFIED * self._unlocked | _PICTURE_VALID * (self._picture is not None)
        parameters = SystemParameters(
            status, self.kind.system_id, 200, self._security, DEFAULT_ADDRESS,
            self.packet_size, self._stored_baud,
        )  # fmt: skip
        return _acknowledge(Confirmation.OK, parameters.encode())

    def _vfy_pwd(self, parameters: bytes) -> Answer:
        right = parameters == self._password
        self._unlocked |= right
        return _acknowledge(Confirmation.OK if right else Confirmation.WRONG_PASSWORD)

    def _template_num(self, _: bytes) -> Answer:
        return _acknowledge(Confirmation.OK, bytes(2))  # Greenline stores no print on a module

    def _aura_led(self, parameters: bytes) -> Answer:
        if len(parameters) != 4 or not 1 <= parameters[0] <= 6:
            return _acknowledge(Confirmation.BAD_PACKET)
        control, speed, colour, times = parameters
        product = self.kind.product
        recent = product is not None and product.hardware >= _SEVEN_COLOURS_FROM
        if not 1 <= colour <= (7 if recent else 3):
            return _acknowledge(Confirmation.BAD_VALUE)
        self.light = control, speed, colour, times
        return _acknowledge(Confirmation.OK)

    def _read_prod_info(self, _: bytes) -> Answer:
        if self.kind.product is None:
            return _acknowledge(Confirmation.UNSUPPORTED)
        return _acknowledge(Confirmation.OK, self.kind.product.encode())

    def _soft_rst(self, _: bytes) -> Answer:
        return _acknowledge(Confirmation.OK) + self.restart()

    def _sleep(self, _: bytes) -> Answer:
        self._asleep, self.light = True, None
        self._unlocked = not self.kind.wants_password
        return _acknowledge(Confirmation.OK)

    def _nothing(self, _: bytes) -> Answer:
        return _acknowledge(Confirmation.OK)


def _acknowledge(code: int, data: bytes = b"") -> Answer:
    return [encode(Packet(PacketKind.ANSWER, bytes([code]) + data))]


_WITHOUT_PASSWORD = frozenset({Command.VFY_PWD, Command.HAND_SHAKE, Command.SOFT_RST})
