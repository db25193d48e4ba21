"""What is said in the packets of the ZFM family: commands, confirmation codes, parameter blocks.

Source: ZFM-20 user manual 2.0, R503 user manual 1.2.1. Only the commands that Greenline sends or
simulates have a name: matching and storing on the module would leave prints on it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from greenline.drivers.errors import BadPacketError
from greenline.drivers.zfm_codec import Packet, PacketKind

BAUD_STEP = 9600
NO_PASSWORD = bytes(4)


class Command(IntEnum):
    """Instruction codes, by the names of the manuals."""

    GEN_IMG = 0x01
    UP_IMAGE = 0x0A
    SET_SYS_PARA = 0x0E
    READ_SYS_PARA = 0x0F
    VFY_PWD = 0x13
    READ_INF_PAGE = 0x16  # data packets follow, 512 bytes
    TEMPLATE_NUM = 0x1D
    SLEEP = 0x33  # later R5xx modules only, by hearsay: in neither manual
    AURA_LED_CONFIG = 0x35
    CHECK_SENSOR = 0x36
    READ_PROD_INFO = 0x3C
    SOFT_RST = 0x3D
    HAND_SHAKE = 0x40


ANSWERED_WITH_DATA = frozenset(
    {Command.READ_SYS_PARA, Command.TEMPLATE_NUM, Command.READ_PROD_INFO}
)
"""The answer to every other command is its confirmation code and nothing else."""


class Parameter(IntEnum):
    """Numbers of SetSysPara."""

    BAUD = 4  # value: baud / 9600
    SECURITY = 5  # 1-5
    PACKET_SIZE = 6  # 0-3: 32, 64, 128, 256 bytes


class Confirmation(IntEnum):
    """Confirmation codes; a code that is not listed stays a plain number."""

    OK = 0x00
    BAD_PACKET = 0x01
    NO_FINGER = 0x02
    CAPTURE_FAILED = 0x03
    MESSY = 0x06
    FEW_POINTS = 0x07
    CANNOT_UPLOAD_IMAGE = 0x0F
    WRONG_PASSWORD = 0x13
    NO_IMAGE = 0x15
    FLASH = 0x18
    BAD_PARAMETER = 0x1A
    BAD_VALUE = 0x1B
    WRONG_ADDRESS = 0x20
    VERIFY_PASSWORD_FIRST = 0x21
    SENSOR_BROKEN = 0x29
    UNSUPPORTED = 0xFC
    HARDWARE = 0xFD
    FAILED = 0xFE


_REASONS = {
    Confirmation.BAD_PACKET: "it received a damaged command; look at the cable",
    Confirmation.CANNOT_UPLOAD_IMAGE: "it cannot send its picture",
    Confirmation.WRONG_PASSWORD: "somebody has set a password on it; exchange the sensor",
    Confirmation.NO_IMAGE: "it holds no picture",
    Confirmation.FLASH: "its memory is worn out; exchange the sensor",
    Confirmation.BAD_PARAMETER: "it does not know this setting",
    Confirmation.BAD_VALUE: "it does not accept this value",
    Confirmation.VERIFY_PASSWORD_FIRST: "it wants its password first",
    Confirmation.SENSOR_BROKEN: "its sensing surface is broken; exchange the sensor",
    Confirmation.UNSUPPORTED: "it does not know this command",
    Confirmation.HARDWARE: "its electronics are broken; exchange the sensor",
    Confirmation.FAILED: "it failed without saying why; switch it off and on",
}


def confirmation(code: int) -> Confirmation | int:
    """Return the named code, or the number itself when the manuals do not list it."""
    return Confirmation(code) if code in frozenset(Confirmation) else code


def reason(code: int) -> str:
    """Say in plain words what a confirmation code means and what to do about it."""
    known = confirmation(code)
    if not isinstance(known, Confirmation):
        return "a code that the manuals do not explain"
    return _REASONS.get(known, known.name.lower().replace("_", " "))


def command(code: Command, parameters: bytes = b"") -> Packet:
    """Return the packet that gives this command."""
    return Packet(PacketKind.COMMAND, bytes([code]) + parameters)


@dataclass(frozen=True)
class SystemParameters:
    """The answer of ReadSysPara. packet_size: bytes. baud: bits a second."""

    status: int
    system_id: int
    library_size: int
    security: int
    address: int
    packet_size: int
    baud: int

    SIZE = 16

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the 16 bytes behind the confirmation code. Raises BadPacketError."""
        if len(data) != cls.SIZE:
            raise BadPacketError(f"the sensor's settings have {len(data)} bytes instead of 16")
        words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, cls.SIZE, 2)]
        status, system_id, library_size, security, high, low, size_code, step = words
        if size_code > 3 or step == 0:
            raise BadPacketError("the sensor's settings name no packet size or speed that exists")
        address = high << 16 | low
        return cls(
            status, system_id, library_size, security, address, 32 << size_code, step * BAUD_STEP
        )

    def encode(self) -> bytes:
        """Return the 16 bytes again."""
        return b"".join(
            (
                self.status.to_bytes(2, "big"),
                self.system_id.to_bytes(2, "big"),
                self.library_size.to_bytes(2, "big"),
                self.security.to_bytes(2, "big"),
                self.address.to_bytes(4, "big"),
                (self.packet_size.bit_length() - 6).to_bytes(2, "big"),
                (self.baud // BAUD_STEP).to_bytes(2, "big"),
            )
        )


@dataclass(frozen=True)
class ProductInfo:
    """The answer of ReadProdInfo (R503 and later). width, height: pixels of the picture."""

    model: str
    batch: str
    serial: str
    hardware: int
    sensor_type: str
    width: int
    height: int
    template_size: int
    library_size: int

    SIZE = 46

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the 46 bytes behind the confirmation code. Raises BadPacketError."""
        if len(data) != cls.SIZE:
            raise BadPacketError(f"the sensor's description has {len(data)} bytes instead of 46")
        hardware, *sizes = (int.from_bytes(data[at : at + 2], "big") for at in (28, 38, 40, 42, 44))
        width, height, template_size, library_size = sizes
        if not width or not height:
            raise BadPacketError("the sensor's description gives its picture no size")
        return cls(
            _text(data[:16]), _text(data[16:20]), _text(data[20:28]), hardware, _text(data[30:38]),
            width, height, template_size, library_size,
        )  # fmt: skip

    def encode(self) -> bytes:
        """Return the 46 bytes again."""
        numbers = (self.width, self.height, self.template_size, self.library_size)
        return b"".join(
            (
                self.model.encode("ascii").ljust(16, b"\0"),
                self.batch.encode("ascii").ljust(4, b"\0"),
                self.serial.encode("ascii").ljust(8, b"\0"),
                self.hardware.to_bytes(2, "big"),
                self.sensor_type.encode("ascii").ljust(8, b"\0"),
                *(number.to_bytes(2, "big") for number in numbers),
            )
        )


def _text(data: bytes) -> str:
    """Return the printable ASCII of a padded field: a device's text may end up on a screen."""
    text = data.split(b"\0")[0].decode("ascii", "replace")
    return "".join(letter for letter in text if letter.isascii() and letter.isprintable()).strip()
