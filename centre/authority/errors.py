"""What can go wrong at the authority, by what the one who asked does about it."""


class AuthorityError(Exception):
    """Anything wrong at the authority."""


class RequestError(AuthorityError):
    """What was sent is not a request of the kind that belongs here: correct it."""


class CredentialsError(AuthorityError):
    """Serial, code or certificate are not ones that open anything here."""


class RefusedError(AuthorityError):
    """Known, but not allowed, or not now: the sentence says who can change that."""


class FolderError(AuthorityError):
    """The authority's own files cannot be used: a disk, a database, a key."""
