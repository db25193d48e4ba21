"""What can go wrong in the kiosk, by what the caller does about it."""


class FirmwareError(Exception):
    """Anything wrong in the kiosk's own parts."""


class StoreError(FirmwareError):
    """The store cannot be used: wrong version, in use by another process, or not a store."""


class StoreFullError(StoreError):
    """Nothing more can be written (disk full): the capture was not taken."""


class AuditError(StoreError):
    """The audit log cannot be written: what it should tell of is not done."""


class AuditFullError(AuditError, StoreFullError):
    """The audit log cannot grow (disk full)."""


class PipeError(FirmwareError):
    """What came through the socket between kiosk and uplink is not its language."""


class ConfigurationError(FirmwareError):
    """The configuration file cannot be used."""


class AuthorityLostError(FirmwareError):
    """The authority cannot be reached, or is not the one that we trust: try again later."""


class AuthorityRefusedError(FirmwareError):
    """The authority said no, and why: a person has to do something first."""


class DeviceKeyError(FirmwareError):
    """The TPM, or a key in it, cannot be used: a technician has to look."""


class WrappingError(FirmwareError):
    """What was wrapped by a device key cannot be unwrapped by this one."""


class WipedError(FirmwareError):
    """The device key was destroyed: this kiosk has to be enrolled again."""

    def __init__(self) -> None:
        super().__init__("This kiosk has been wiped; enrol it again")


class ShreddedError(FirmwareError):
    """What belongs to a case cannot be read any more: its key was deleted."""
