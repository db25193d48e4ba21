"""A kiosk's operators on a real file, and the centre that sends their lists."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from greenline.firmware.clock import Instant
from greenline.firmware.errors import AuditError
from greenline.firmware.operators import Operators
from greenline.firmware.operators_file import OperatorsFile, operators_beside
from greenline.firmware.operators_login import Logins
from greenline.firmware.operators_session import Sessions
from greenline.firmware.operators_shown import SessionState
from greenline.protocol.audit import Event, Moment
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.operators import OperatorEntry, OperatorList, Role, seal_list
from greenline.protocol.pins import PinVerifier
from tests.firmware.stores import DEVICE

KIOSK = "kiosk-01"
CENTRE = SigningKey.generate()
OPENER = OpeningKey.generate()
IDENTITY = Identity(KIOSK, SigningKey.generate().public, OPENER.public)
NOON_MS = 1_790_000_000_000
DAY_MS = 24 * 3_600_000

PINS = {"4711": "829157", "4712": "650382", "4713": "391704", "4714": "718260"}
ROLES = {
    "4711": Role.OFFICER,
    "4712": Role.SUPERVISOR,
    "4713": Role.AUDITOR,
    "4714": Role.TECHNICIAN,
}


def cheap(pin: str, operator: str) -> PinVerifier:
    """What is kept of a PIN, at a price at which a test can try many."""
    blank = PinVerifier(bytes(16), bytes(32), memory_kib=8192, iterations=1)
    return msgspec.structs.replace(blank, digest=blank._derive(pin, operator))


ENTRIES = tuple(
    OperatorEntry(operator, role, cheap(PINS[operator], operator))
    for operator, role in ROLES.items()
)


def roll(number: int = 1, *entries: OperatorEntry, days: int = 7) -> OperatorList:
    issued = NOON_MS + number
    return OperatorList(number, KIOSK, issued, issued + days * DAY_MS, entries or ENTRIES)


def sealed(number: int = 1, *entries: OperatorEntry, days: int = 7) -> bytes:
    return seal_list(roll(number, *entries, days=days), IDENTITY, CENTRE)


def entry(operator: str, **change: object) -> OperatorEntry:
    found = next(each for each in ENTRIES if each.id == operator)
    return msgspec.structs.replace(found, **change)


def without(operator: str) -> tuple[OperatorEntry, ...]:
    """The same people, one of them revoked."""
    return tuple(
        msgspec.structs.replace(each, verifier=None) if each.id == operator else each
        for each in ENTRIES
    )


class Log:
    """An audit log that can be full."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    def note(self, *events: Event) -> None:
        if self.full:
            raise AuditError("the audit log cannot be written: the disk is full")
        self.events += events

    def told(self) -> list[tuple[str, str, dict[str, object]]]:
        return [(event.kind.value, event.who, dict(event.details)) for event in self.events]


@dataclass
class Post:
    """One kiosk, which can be switched off and on. The clocks stand still unless moved."""

    folder: Path
    audit: Log = field(default_factory=Log)
    moment_now: Moment = Moment(NOON_MS, False, b"a" * 16, 5_000)  # noqa: RUF009  # frozen
    instant_now: Instant = Instant(1_000, NOON_MS, NOON_MS, False)  # noqa: RUF009  # frozen
    idle_s: float = 120.0
    shown: SessionState = field(default_factory=SessionState)
    ended: int = 0
    read_by: list[str] = field(default_factory=list)
    also_show: Callable[[SessionState], None] | None = None

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin anew, as after a restart of the process."""
        self.file = OperatorsFile(operators_beside(self.folder / "kiosk.store"), DEVICE)
        self.operators = Operators(
            KIOSK,
            lambda: [CENTRE.public],
            [OPENER],
            self.file,
            lambda: self.instant_now,
            lambda: self.moment_now,
            self.audit,
        )
        self.logins = Logins(self.operators, lambda: self.moment_now, self.audit)
        self.sessions = Sessions(
            self.operators,
            self.logins,
            self._show,
            self.audit,
            lambda: self.moment_now.monotonic_ms / 1000,
            self.idle_s,
            12 * 3600,
        )
        self.sessions.when(begun=self.read_by.append, ended=self._ended)

    def boot(self) -> None:
        """Begin anew, as after a restart of the machine."""
        boot = bytes([self.moment_now.boot[0] + 1]) * 16
        self.moment_now = Moment(self.moment_now.wall_ms, False, boot, 2_000)
        self.start()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ms = round(seconds * 1000)
        self.moment_now = msgspec.structs.replace(
            self.moment_now,
            wall_ms=self.moment_now.wall_ms + ms,
            monotonic_ms=self.moment_now.monotonic_ms + ms,
        )
        now = self.instant_now
        self.instant_now = replace(
            now,
            running_ms=now.running_ms + ms,
            wall_ms=now.wall_ms + ms,
            floor_ms=now.floor_ms + ms,
        )

    def set_clock(self, days: float) -> None:
        """Set the wall clock, without any time passing."""
        ms = round(days * DAY_MS)
        self.moment_now = msgspec.structs.replace(
            self.moment_now, wall_ms=self.moment_now.wall_ms + ms
        )
        self.instant_now = replace(self.instant_now, wall_ms=self.instant_now.wall_ms + ms)

    def _show(self, state: SessionState) -> None:
        self.shown = state
        if self.also_show is not None:
            self.also_show(state)

    def _ended(self) -> None:
        self.ended += 1
