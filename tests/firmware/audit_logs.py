"""A kiosk's audit log in a test's hands: its keys, its clocks, its files."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from greenline.firmware.audit import MEMORY, AuditLog, Sizes
from greenline.firmware.audit_memory import memory_key, read_memory
from greenline.firmware.audit_segments import segment_paths
from greenline.protocol.audit import NOT_LOGGED_IN, Entry, Event, Moment, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import Walk
from greenline.protocol.keys import SigningKey

OWNER = "kiosk-01"
SECRET = b"the kiosk's own secret"
COLLECTED = Event(Kind.COLLECT, NOT_LOGGED_IN, "border-check", pseudonym(b"r" * 16), {"finger": 2})


@dataclass
class Clocks:
    """Wall and monotonic milliseconds that stand still until a test moves them."""

    wall_ms: int = 1_800_000_000_000
    monotonic_ms: int = 50_000
    boot: bytes = b"b" * 16

    def __call__(self) -> Moment:
        return Moment(self.wall_ms, True, self.boot, self.monotonic_ms)

    def pass_ms(self, elapsed_ms: int) -> None:
        self.wall_ms += elapsed_ms
        self.monotonic_ms += elapsed_ms


@dataclass
class Place:
    """Where a log lies. open(): a kiosk's start. walk(): as an auditor with the memory reads it."""

    folder: Path
    signer: SigningKey = field(default_factory=SigningKey.generate)
    clocks: Clocks = field(default_factory=Clocks)
    sizes: Sizes = dataclasses.field(default_factory=Sizes)
    owner: str = OWNER
    secret: bytes = SECRET
    earlier: tuple[bytes, ...] = ()

    @property
    def key(self) -> bytes:
        return memory_key(self.secret)

    def open(self) -> AuditLog:
        return AuditLog(
            self.folder, self.owner, self.signer, [self.key, *self.earlier], self.clocks, self.sizes
        )

    def clocks_now(self) -> int:
        return self.clocks.wall_ms

    def segments(self) -> dict[int, Path]:
        return segment_paths(self.folder)

    def walk(self, *, chain_from: int = 1) -> Walk:
        known = read_memory(self.folder / MEMORY, self.key)
        walk = Walk([self.signer.public], known.end if known else None)
        for sequence, path in self.segments().items():
            if sequence >= chain_from:
                for _ in walk.segment(path.name, path.read_bytes()):
                    pass
        walk.finish()
        return walk

    def events(self) -> list[Event]:
        """All events that can be read, of all segments."""
        found: list[Event] = []
        for path in self.segments().values():
            links = [record.link for record in Walk(None).segment("", path.read_bytes())]
            found += [link.event for link in links if isinstance(link, Entry)]
        return found

    def told(self) -> list[str]:
        """What entries of repair say."""
        return [str(e.details["what"]) for e in self.events() if e.kind is Kind.REPAIR]
