"""What board and page show of who is logged in."""

import msgspec


class SessionState(msgspec.Struct, frozen=True):
    """Who works here. required: nothing is done without a login; role, may: see operators_roles.py.

    locked: operator has to log in again. words: what has to be said beside it, such as why nobody
    can log in.
    """

    required: bool = False
    operator: str = ""
    role: str = ""
    locked: bool = False
    may: tuple[str, ...] = ()
    words: str = ""
