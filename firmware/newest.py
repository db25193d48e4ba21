"""What is kept in memory by request, no more than so many: the oldest are forgotten."""

from typing import TypeVar

_Kept = TypeVar("_Kept")


def remember(where: dict[bytes, _Kept], request_id: bytes, what: _Kept, most: int) -> None:
    """Put something there; of very many the newest stay."""
    where[request_id] = what
    while len(where) > most:
        del where[next(iter(where))]
