"""What can go wrong with a device: one leaf for each reaction of the caller.

What the person at the sensor can put right (no finger, smudged) is not here: that is a Retry.
"""

import errno


class DriverError(Exception):
    """Any fault of a device or of the line to it."""


class LibraryMissingError(DriverError):
    """A library that the device needs is not installed here: trying again does not help."""


class PortLostError(DriverError):
    """The port is absent, taken, or went away: close the driver and open it anew later."""


class PortRefusedError(PortLostError):
    """The port is there, but another program has it or this one may not use it."""


_REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.EAGAIN})


def port_lost(number: int, sentence: str) -> PortLostError:
    """Return the fault for an error number of the operating system."""
    return PortRefusedError(sentence) if number in _REFUSALS else PortLostError(sentence)


class PortTimeoutError(DriverError, TimeoutError):
    """The device said nothing before the deadline: repeat once, then open the port anew."""


class BadTransferError(DriverError):
    """The device answers, but what arrives stays damaged after the repeats: look at the cable."""


class StalledError(DriverError):
    """A USB endpoint has halted: clear the halt and start the device up again."""


class RefusedError(DriverError):
    """The device understood and said no.

    command: the name of what was asked. code: the device's own number for its reason.
    """

    def __init__(self, command: str, code: int, reason: str) -> None:
        super().__init__(f"the sensor refused {command} with code {code:#04x}: {reason}")
        self.command = command
        self.code = code


class SensorUrlError(DriverError, ValueError):
    """The configured address of a sensor cannot be meant: correct the configuration."""


class CameraUrlError(DriverError, ValueError):
    """The configured address of a camera cannot be meant: correct the configuration."""


class BadPacketError(DriverError):
    """A codec met bytes that are no packet; it has skipped them: ask it for the next packet."""
