"""Finding a ZFM module on a line: its speed, its password, what it says of itself.

Called when a module is opened (zfm.py) and whenever its speed may have changed (zfm_tuning.py).
"""

from greenline.drivers.errors import (
    BadPacketError,
    BadTransferError,
    PortTimeoutError,
    RefusedError,
)
from greenline.drivers.zfm_commands import (
    NO_PASSWORD,
    Command,
    Confirmation,
    ProductInfo,
    SystemParameters,
    reason,
)
from greenline.drivers.zfm_link import Answer, Link

SEARCH_BAUDS = (57600, 115200, 9600, 19200, 38400)
PROBE_S = 0.3

_SEARCH_ROUNDS = 2  # a module that has just got its power is deaf during the first


def demand_ok(code: Command, answer: Answer) -> None:
    """Raise RefusedError when the module said no."""
    if answer.code != Confirmation.OK:
        raise RefusedError(code.name, answer.code, reason(answer.code))


def verify_password(link: Link) -> None:
    """Unlock the module. Raises RefusedError when somebody has set a password, DriverError."""
    demand_ok(Command.VFY_PWD, link.ask(Command.VFY_PWD, NO_PASSWORD, PROBE_S))


def answers(link: Link) -> bool:
    """Say whether a module answers at the port's speed. Raises RefusedError, PortLostError."""
    try:
        verify_password(link)
    except (PortTimeoutError, BadTransferError):
        return False
    return True


def search_speed(link: Link) -> None:
    """Set the port to the speed at which a module answers, beginning with the present one.

    Raises PortTimeoutError when none answers at any, RefusedError when it wants a password.
    """
    bauds = dict.fromkeys((link.port.baud, *SEARCH_BAUDS))  # each once, in this order
    for _ in range(_SEARCH_ROUNDS):
        for baud in bauds:
            link.port.set_baud(baud)
            if answers(link):
                return
    raise PortTimeoutError(
        "no fingerprint module answers at any speed; look at its supply, whether its RX and TX "
        "wires are crossed, and on the Pi's own pins (/dev/serial0) whether a serial console uses "
        "the line: raspi-config switches it off"
    )


def product_of(link: Link) -> ProductInfo | None:
    """Ask the module what it is; None: it is of the older kind that cannot say."""
    try:
        answer = link.ask(Command.READ_PROD_INFO, timeout_s=PROBE_S)
        return ProductInfo.parse(answer.data) if answer.code == Confirmation.OK else None
    except (PortTimeoutError, BadTransferError, BadPacketError):
        return None  # it may ignore what it does not know; its picture's bytes give the size


def parameters_of(link: Link) -> SystemParameters | None:
    """Read the module's settings; None when it has no such command (R308). Raises DriverError."""
    answer = link.ask(Command.READ_SYS_PARA)
    try:
        return SystemParameters.parse(answer.data) if answer.code == Confirmation.OK else None
    except BadPacketError as error:
        raise BadTransferError(str(error)) from error
