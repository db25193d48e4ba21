"""A fault that a command found itself: a sentence for the person, and the exit code."""


class CommandError(Exception):
    """Stops a command. exit_code: as listed in __main__.py."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
