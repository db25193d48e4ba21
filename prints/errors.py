"""The faults of this folder: a record that cannot be read, a picture that cannot be one."""


class PrintsError(Exception):
    """Anything wrong with the fingerprint data itself."""


class RecordError(PrintsError):
    """The bytes are not the minutiae record they claim to be."""


class FrameError(PrintsError):
    """The pixels cannot be a picture of a finger (size, depth or resolution)."""
