"""Why something that arrived from outside is not used."""


class ProtocolError(Exception):
    """Anything wrong with what the other side sent, or with a key."""


class MalformedError(ProtocolError):
    """The bytes are not what they claim to be: cut, too large, of an unknown version."""


class ForgedError(ProtocolError):
    """The signature or the seal does not hold: changed on the way, or made by somebody else."""


class WrongKeyError(ProtocolError):
    """The envelope names a key that is not ours, or not one that we know."""


class KeyFormatError(ProtocolError):
    """A key file's bytes are not a key of the kind that is needed."""
