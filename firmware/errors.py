"""What can go wrong in the kiosk, by what the caller does about it."""


class FirmwareError(Exception):
    """Anything wrong in the kiosk's own parts."""


class StoreError(FirmwareError):
    """The store cannot be used: wrong version, in use by another process, or not a store."""


class StoreFullError(StoreError):
    """Nothing more can be written (disk full): the capture was not taken."""


class PipeError(FirmwareError):
    """What came through the socket between kiosk and uplink is not its language."""


class ConfigurationError(FirmwareError):
    """The configuration file cannot be used."""
