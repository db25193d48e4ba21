"""The modules that can be simulated: how two common ones differ, by their manuals."""

from dataclasses import dataclass, replace
from enum import Enum

from greenline.drivers.zfm_commands import Command, ProductInfo


class SpeedChange(Enum):
    """When a new speed is taken: all of these were met in the field, and all confirm with 00."""

    AT_ONCE = "at once"
    LATE = "late"
    AT_POWER_ON = "at power-on"
    NEVER = "never"


@dataclass(frozen=True)
class ModuleKind:
    """One kind of module. Sizes in pixels, speeds in bits a second.

    commands: what it knows. unknown_code: its answer to anything else, None for silence.
    start_byte: what it sends unasked after power-on. wants_password: refuses everything with code
    0x21 until VfyPwd. marks_last: ends a picture with packet 08 (the R551 does not). deaf_s: how
    long it hears nothing after power-on. late_after: commands until a LATE change of speed.
    """

    name: str
    width: int
    height: int
    dpi: float
    system_id: int
    bauds: tuple[int, ...]
    commands: frozenset[Command]
    product: ProductInfo | None = None
    start_byte: bytes = b""
    wants_password: bool = False
    marks_last: bool = True
    unknown_code: int | None = 0xFC
    speed_change: SpeedChange = SpeedChange.AT_ONCE
    deaf_s: float = 0.0
    late_after: int = 20


_R503_ONLY = frozenset({Command.READ_PROD_INFO, Command.AURA_LED_CONFIG, Command.CHECK_SENSOR})
_LATER_ONLY = frozenset({Command.SLEEP})

AS608 = ModuleKind(
    name="AS608",
    width=256,
    height=288,
    dpi=500.0,
    system_id=9,
    bauds=tuple(9600 * step for step in range(1, 13)),
    commands=frozenset(Command) - _R503_ONLY - _LATER_ONLY,
    deaf_s=0.5,
)

R503 = ModuleKind(
    name="R503",
    width=192,
    height=192,
    dpi=508.0,
    system_id=0,
    bauds=(9600, 19200, 38400, 57600, 115200),
    commands=frozenset(Command) - _LATER_ONLY,
    product=ProductInfo("R503", "SIM", "00000001", 0x0102, "SIMUL", 192, 192, 1536, 200),
    start_byte=b"\x55",
    wants_password=True,
    deaf_s=0.05,
)

SLEEPING_R503 = replace(R503, name="R503 with sleep", commands=R503.commands | _LATER_ONLY)

R551 = replace(R503, name="R551", marks_last=False)
OLD_UNMARKED = replace(AS608, name="AS608 without end marks", marks_last=False)
