"""The speed and the packets of a ZFM module: raised as far as they work, lowered when they fail.

Modules confirm a change of speed with 00 and then take it at once, some time later, at the next
power-on or never (pyfingerprint #41, Adafruit library #114), so nothing is believed until the
module has answered at the new speed. Settings go to the module's flash: they are written only
when they differ.
"""

from contextlib import suppress
from enum import Enum

from greenline.drivers.errors import (
    BadTransferError,
    PortTimeoutError,
    RefusedError,
)
from greenline.drivers.zfm_commands import (
    BAUD_STEP,
    Command,
    Confirmation,
    Parameter,
    ProductInfo,
    SystemParameters,
)
from greenline.drivers.zfm_geometry import BY_BYTES, stated_geometry
from greenline.drivers.zfm_link import Link
from greenline.drivers.zfm_start import (
    PROBE_S,
    answers,
    parameters_of,
    search_speed,
    verify_password,
)
from greenline.drivers.zfm_wiring import OFF_AT_LEAST_S, SupplySwitch

BEST_BAUDS = (115200, 57600, 38400, 19200, 9600)  # the R503 knows no others; fastest first

_PACKET_SIZES = (256, 128, 64)
_SETTLE_S = 1.0  # ReadSysPara fails when it comes sooner after SetSysPara (Adafruit #30)
_TRIAL_EXCHANGES = 8
_INFO_PAGE_BYTES = 512
_TAKE_BACK_ATTEMPTS = 5

_BAD_LINE = (PortTimeoutError, BadTransferError)


class Change(Enum):
    """What came of a change of speed."""

    TAKEN = "the module answers at the new speed"
    KEPT = "it said yes and keeps the old one for now"
    REFUSED = "it said no"


class Tuning:
    """The speed of one module.

    product: what the module says of itself; one that can say it also knows SoftRst. supply: the
    switch of its supply, if one is wired. Either may make a new speed count.
    """

    def __init__(
        self, link: Link, product: ProductInfo | None, supply: SupplySwitch | None = None
    ) -> None:
        self._link = link
        self._supply = supply
        self._may_restart = product is not None or supply is not None
        size = None if product is None else stated_geometry(product)
        self._picture_bytes = frozenset(BY_BYTES if size is None else {size.picture_bytes})
        self._awaited: int | None = None  # a speed that the module may still change to by itself
        self._raised = False
        self._usual_packet: int | None = None

    def change(self, baud: int) -> Change:
        """Ask for another speed, and find the module again at that one or at the one it kept.

        Raises PortTimeoutError when it answers at none.
        """
        link, self._awaited = self._link, None
        if link.port.baud == baud:
            return Change.TAKEN
        if not self._is_stored(baud) and not self._tell(Parameter.BAUD, baud // BAUD_STEP):
            return Change.REFUSED
        link.idle(link.clock() + PROBE_S)
        self._search(baud)
        if link.port.baud != baud and self._may_restart:
            self._restart(baud)
        if link.port.baud == baud:
            return Change.TAKEN
        self._awaited = baud
        return Change.KEPT

    def raise_to_best(self) -> None:
        """Bring the module to the fastest speed and the largest packets that pass a trial.

        Raises PortTimeoutError when the module is lost on the way.
        """
        self._raised = True
        usual = self._link.port.baud
        for baud in (faster for faster in BEST_BAUDS if faster > usual):
            if self._passes_at(baud, usual):
                break
        self._enlarge_packets()

    def step_down(self) -> bool:
        """Give up what was raised, one speed at a time; False: there is nothing to give up."""
        slower = next((baud for baud in BEST_BAUDS if baud < self._link.port.baud), None)
        if not self._raised or slower is None:
            return False
        try:
            self._restore_packets()
            return self.change(slower) is Change.TAKEN
        except (*_BAD_LINE, RefusedError):
            return False

    def follow(self) -> bool:
        """After silence: say whether the module has changed to the awaited speed by itself."""
        before = self._link.port.baud
        if self._awaited in (None, before):
            return False
        self._link.port.set_baud(self._awaited or before)
        if answers(self._link):
            self._awaited = None
            return True
        self._link.port.set_baud(before)
        return False

    def _passes_at(self, baud: int, usual: int) -> bool:
        """Try a speed; True: stay there, or the module cannot change. False: back to the usual."""
        try:
            change = self.change(baud)
        except PortTimeoutError:
            change = Change.TAKEN  # it may be there, on a line that carries nothing so fast
        else:
            if change is not Change.TAKEN:
                return change is Change.KEPT
            if self._carries():
                return True
        self._take_back(baud, usual)
        return False

    def _take_back(self, baud: int, usual: int) -> None:
        """Tell a module at a speed that the line does not carry to leave it, again and again."""
        self._link.port.set_baud(baud)
        for _ in range(_TAKE_BACK_ATTEMPTS):
            try:
                if self.change(usual) is Change.TAKEN:
                    return
            except _BAD_LINE:
                self._link.port.set_baud(baud)
        search_speed(self._link)

    def _carries(self) -> bool:
        """Try the line: short exchanges, then a picture or, where there is none, the info page."""
        before = self._link.damages
        try:
            for _ in range(_TRIAL_EXCHANGES):
                verify_password(self._link)
            whole = self._carries_data()
            verify_password(self._link)
        except _BAD_LINE:
            return False
        return whole and self._link.damages == before

    def _carries_data(self) -> bool:
        page = frozenset({_INFO_PAGE_BYTES})
        for code, counts in (
            (Command.UP_IMAGE, self._picture_bytes),
            (Command.READ_INF_PAGE, page),
        ):
            try:
                if self._link.ask(code).code != Confirmation.OK:
                    continue
            except PortTimeoutError:
                continue  # it may ignore what it cannot do; the next exchange tells
            got = self._link.receive(max(counts) if len(counts) == 1 else None, lambda _: None)
            return len(got.data) in counts
        return True

    def _enlarge_packets(self) -> None:
        settings = self._settings()
        if settings is None:
            return
        for size in (larger for larger in _PACKET_SIZES if larger > settings.packet_size):
            self._usual_packet = settings.packet_size
            if self._set_packets(size) and self._carries():
                return
        self._restore_packets()

    def _restore_packets(self) -> None:
        if self._usual_packet is not None:
            self._set_packets(self._usual_packet)
            self._usual_packet = None

    def _set_packets(self, size: int) -> bool:
        if not self._tell(Parameter.PACKET_SIZE, size.bit_length() - 6):
            return False
        self._link.idle(self._link.clock() + _SETTLE_S)
        settings = self._settings()
        return settings is not None and settings.packet_size == size

    def _settings(self) -> SystemParameters | None:
        try:
            return parameters_of(self._link)
        except _BAD_LINE:
            return None

    def _is_stored(self, baud: int) -> bool:
        """Say whether the module was told this speed before, and only waits to use it."""
        settings = self._settings()
        return settings is not None and settings.baud == baud

    def _tell(self, number: Parameter, value: int) -> bool:
        """Set a parameter; without an intact answer it may have been set: True."""
        try:
            answer = self._link.ask(Command.SET_SYS_PARA, bytes([number, value]))
        except _BAD_LINE:
            return True
        return answer.code == Confirmation.OK

    def _restart(self, baud: int) -> None:
        """Reset the module, which may make the stored speed its present one."""
        if self._supply is None:
            with suppress(*_BAD_LINE):
                self._link.ask(Command.SOFT_RST)
        else:
            self._supply.switch(on=False)
            self._link.idle(self._link.clock() + OFF_AT_LEAST_S)
            self._supply.switch(on=True)
        self._link.idle(self._link.clock() + PROBE_S)
        self._search(baud)

    def _search(self, first: int) -> None:
        self._link.port.set_baud(first)
        search_speed(self._link)
