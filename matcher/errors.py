"""What can go wrong at the matcher, by what the caller does about it."""


class MatcherError(Exception):
    """Anything wrong in the matcher's own parts."""


class DatabaseError(MatcherError):
    """A database file cannot be used: wrong version, damaged, locked, or the disk is full."""


class GalleryKeyError(MatcherError):
    """The gallery's key is not the one it was written with."""


class EnrolmentError(MatcherError):
    """This entry cannot be enrolled; nothing was changed."""
