"""What a kiosk is made of, as the command line wires it from the configuration."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from greenline.drivers.sensor import Sensor
from greenline.firmware.attack_detection import AttackDetection
from greenline.firmware.case_rules import CaseRules
from greenline.firmware.clock import Clock
from greenline.firmware.device_key import DeviceKey
from greenline.firmware.health import HealthParts
from greenline.firmware.lateness import LATE_AFTER_S
from greenline.firmware.line import Case, Extraction
from greenline.firmware.operators_door import OperatorsParts
from greenline.firmware.panel import Panel
from greenline.firmware.reopening import Opening
from greenline.firmware.retention import NO_MATCH_MS
from greenline.firmware.store import Store
from greenline.firmware.store_bounds import USUAL, Bounds
from greenline.firmware.store_proofs import proofs_of
from greenline.firmware.trigger import Settling
from greenline.firmware.updates_told import UpdateParts
from greenline.firmware.vault import Vault, keys_beside
from greenline.firmware.wipe import Wipe
from greenline.models.quality import Quality
from greenline.prints.frame import Frame
from greenline.protocol.audit import Moment
from greenline.protocol.keys import Identity, OpeningKey, Signer


@dataclass(frozen=True)
class AuditParts:
    """The audit log. folder: of its files. keep_ms: of what the centre has. moment: the clocks."""

    folder: Path
    keep_ms: int
    moment: Callable[[], Moment]


@dataclass(frozen=True)
class KioskParts:
    """What a kiosk is made of. Times in milliseconds; qualities 0-100.

    device: wraps the cases' keys. end: asks this process to end. early_stop, settling: see Line.
    rescan_below: see Taking. earlier_openers: see Inbox. notices: see BoardState. operators: None
    where nobody logs in. bounds: of the store. late_after_s: see Lateness. health, updates: None
    where nothing of ours updates the kiosk. no_match_ms: see Inbox.
    clean_every: see FingerCounts. certificate: of the link, a PEM file. case: what every request
    asks for; rules: of cases. attacks: see Line.
    """

    name: str
    sensor: Opening[Sensor]
    panel: Panel
    judge: Callable[[Frame], Quality]
    extraction: Extraction
    signer: Signer
    opener: OpeningKey
    matcher: Identity
    store: Path
    socket: Path
    case: Case
    rules: CaseRules
    software: str
    minimum_quality: int
    attempts: int
    request_lifetime_ms: int
    answer_lifetime_ms: int
    audit: AuditParts
    device: DeviceKey
    clock: Clock
    wipe: Wipe
    end: Callable[[], None]
    resend_first_s: float = 15.0
    early_stop: bool = True
    settling: Settling = field(default_factory=Settling)
    rescan_below: int = 0
    earlier_openers: tuple[OpeningKey, ...] = ()
    operators: OperatorsParts | None = None
    notices: tuple[str, ...] = ()
    bounds: Bounds = USUAL
    late_after_s: float = LATE_AFTER_S
    health: HealthParts | None = None
    updates: UpdateParts | None = None
    list_age_ms: int | None = None
    no_match_ms: int = NO_MATCH_MS
    clean_every: int = 200
    certificate: Path | None = None
    attacks: AttackDetection | None = None

    @property
    def openers(self) -> tuple[OpeningKey, ...]:
        """What opens for this kiosk, the newest key first."""
        return (self.opener, *self.earlier_openers)


def open_store(parts: KioskParts) -> Store:
    """Open the store and the cases' keys beside it. Raises StoreError."""
    vault = Vault(keys_beside(parts.store), parts.device, parts.case.purpose)
    try:
        return Store(
            parts.store,
            vault,
            parts.clock.instant,
            parts.bounds,
            proofs_of(parts.signer.public),
        )
    except BaseException:
        vault.close()
        raise
