"""Opening a device again and again: waits that grow, a USB reset after three failures."""

import pytest

from greenline.drivers.errors import PortLostError, PortRefusedError
from greenline.drivers.simulation.virtual import VirtualClock
from greenline.firmware.reopening import POLICY, Opening, Reopener


class Cable:
    """A device that can be unplugged; notes what was done to it, and when."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.plugged = False
        self.fault = PortLostError("gone")
        self.resets_work = True
        self.done: list[tuple[float, str]] = []
        self.reopener = Reopener(Opening(self.open, self.reset), self.wait, self.clock)

    def open(self) -> "Cable":
        self.done.append((self.clock.now, "open"))
        if not self.plugged:
            raise self.fault
        return self

    def reset(self) -> bool:
        self.done.append((self.clock.now, "reset"))
        if not self.resets_work:
            raise PortLostError("its udev rule is missing")
        return True

    def close(self) -> None:
        self.done.append((self.clock.now, "close"))

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.clock.now += seconds

    def fail(self, times: int) -> None:
        """Let it fail so often to be opened."""
        for _ in range(times):
            with pytest.raises(PortLostError) as fault:
                self.opened()
            self.reopener.failed(fault.value)

    def opened(self) -> "Cable":
        """Do what is due until it is open."""
        while (found := self.reopener.next_step()) is None:
            pass
        return found


def test_the_waits_grow_to_ten_seconds_and_every_third_failure_resets_the_usb_device() -> None:
    cable = Cable()
    cable.fail(7)
    assert cable.done == [
        (0, "open"), (1, "open"), (3, "open"), (7, "reset"), (7, "open"), (15, "open"),
        (25, "open"), (35, "reset"), (35, "open"),
    ]  # fmt: skip
    assert POLICY.most_s == 10


def test_a_device_that_is_back_is_opened_at_the_next_try() -> None:
    cable = Cable()
    cable.fail(2)
    cable.plugged = True
    assert cable.opened() is cable
    assert cable.done[-1] == (3, "open")


def test_a_reset_that_fails_is_no_reason_to_give_up() -> None:
    cable = Cable()
    cable.resets_work = False
    cable.fail(4)
    assert cable.done[-2:] == [(7, "reset"), (7, "open")]


def test_a_device_that_another_program_has_is_not_torn_from_it() -> None:
    cable = Cable()
    cable.fault = PortRefusedError("another program uses it")
    cable.fail(7)
    assert "reset" not in {what for _, what in cable.done}
    cable.fault = PortLostError("it does not answer")
    cable.fail(3)
    assert [what for _, what in cable.done].count("reset") == 0
    cable.fail(1)
    assert [what for _, what in cable.done][-2:] == ["reset", "open"]
