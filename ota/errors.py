"""What can go wrong with an update: a leaf for each reaction of the caller."""

from greenline.ota.reasons import WORDS, Reason


class OtaError(Exception):
    """Any fault of the release office, the client or the installer."""


class RefusedError(OtaError):
    """Policy or an attack: this update is not taken, and trying again changes nothing."""

    def __init__(self, code: Reason, words: str = "") -> None:
        """words: for a person; by default those of the table."""
        super().__init__(words or WORDS[code])
        self.code = code


class LostError(OtaError):
    """The network or the medium went away: try again."""


class CardError(OtaError):
    """Our own memory card is full, read-only or fails: the old release is untouched."""


class OfficeError(OtaError):
    """The release office's folder, or a file given to it, cannot be used: nothing was changed."""


class KeyFileError(OfficeError):
    """A key file, its passphrase or its owner is the wrong one."""


class NotReadyError(OfficeError):
    """A check said no: signatures are missing, something has expired, a number goes back."""
