"""Does things in several threads that all begin at once."""

import threading
from collections.abc import Callable


def at_the_same_time(work: Callable[[], object], times: int) -> list[Exception]:
    """Do it so many times side by side, wait for all, and return what was raised."""
    start = threading.Barrier(times)
    faults: list[Exception] = []

    def one() -> None:
        start.wait()
        try:
            work()
        except Exception as fault:  # noqa: BLE001  # whatever it is, the test looks at it
            faults.append(fault)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults
