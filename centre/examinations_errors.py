"""What can go wrong with examinations, by what the one who asked does about it."""


class ExaminationsError(Exception):
    """The file of examinations cannot be used: a disk, a database."""


class NotThereError(ExaminationsError):
    """There is no such examination to decide, or not by this person: the sentence says why."""


class UnknownExaminerError(NotThereError):
    """Who asks is nobody who may examine."""
