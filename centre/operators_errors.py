"""What can go wrong with the register of operators, by what the one who asked does about it."""


class OperatorsError(Exception):
    """Anything wrong with the register."""


class RegisterError(OperatorsError):
    """The register's own files cannot be used: a disk, a database."""


class NotAllowedError(OperatorsError):
    """Known, but not allowed, or not now: the sentence says who can change that."""
