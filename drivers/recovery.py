"""When to try a device again that went away: a pure policy, for every device of the kiosk.

The thread that owns a device asks next_step(), does it, and says how it went. Nothing here waits,
opens or resets anything; a lost device never costs the kiosk more than this waiting.

    while not stopping:
        match recovery.next_step():
            case Step.WAIT: stopping.wait(recovery.wait_s())
            case Step.RESET: usb_reset.reset_usb(url), whatever comes of it; recovery.reset_done()
            case Step.TRY: open the device: recovery.succeeded() or recovery.failed()
"""

from dataclasses import dataclass
from enum import Enum

from greenline.drivers.port import Clock


class Step(Enum):
    """What to do with a device that is not there."""

    WAIT = "wait"
    RESET = "reset its USB device, then try"
    TRY = "try to open it"


@dataclass(frozen=True)
class Policy:
    """first_s: wait after the first failure, doubled after each one up to most_s.

    reset_after: failures in a row after which the USB device is reset, and again after as many
    more. steady_s: a device that works so long counts as recovered; one that fails sooner goes on
    with the waits and the count it had.
    """

    first_s: float = 1.0
    most_s: float = 30.0
    reset_after: int = 3
    steady_s: float = 10.0


class Recovery:
    """The state of one device. failures: in a row, since it last worked steadily."""

    def __init__(self, clock: Clock, policy: Policy | None = None) -> None:
        self._clock = clock
        self._policy = policy or Policy()
        self.failures = 0
        self._curable = 0  # failures in a row that a reset may help against
        self._next_try_s = clock()
        self._works_since_s: float | None = None
        self._reset_due = False

    def next_step(self) -> Step:
        """Return what to do now."""
        if self._clock() < self._next_try_s:
            return Step.WAIT
        return Step.RESET if self._reset_due else Step.TRY

    def wait_s(self) -> float:
        """Return how many seconds to wait before anything else, 0 or more."""
        return max(0.0, self._next_try_s - self._clock())

    def succeeded(self) -> None:
        """Note that the device has been opened."""
        self._works_since_s = self._clock()
        self._reset_due = False

    def failed(self, *, reset_helps: bool = True) -> None:
        """Note that the device could not be opened, or that it failed in use.

        reset_helps: False when the reason is one that no USB reset changes.
        """
        now, works_since_s = self._clock(), self._works_since_s
        if works_since_s is not None and now - works_since_s >= self._policy.steady_s:
            self.failures = self._curable = 0
        self._works_since_s = None
        self.failures += 1
        self._curable = self._curable + 1 if reset_helps else 0
        self._reset_due = self._curable > 0 and self._curable % self._policy.reset_after == 0
        doublings = min(self.failures - 1, 30)
        self._next_try_s = now + min(self._policy.most_s, self._policy.first_s * 2**doublings)

    def reset_done(self) -> None:
        """Note that the USB device was reset, or that it has none: the next step is to try."""
        self._reset_due = False
