"""The configuration of the kiosk and of the uplink, as read from TOML by the command line."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from greenline.drivers.oled import USUAL_ADDRESS, Controller
from greenline.firmware.config_case import CaseConfig
from greenline.firmware.config_keeping import CareConfig, RetentionConfig
from greenline.firmware.lateness import LATE_AFTER_S
from greenline.firmware.store_bounds import MEGABYTE, USUAL, Bounds
from greenline.link.settings import LinkSettings
from greenline.protocol.messages import Label, TargetFpir

AUTOMATIC = "auto"


class SearchDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a case asks for. purpose: code; lists: names at the matcher.

    target_fpir: the chance that a search of strangers alone may name anyone; without it the
    matcher's own threshold decides. free_placement: fingers may lie in any direction on the sensor.
    list_age_h: a list that was last changed longer ago says no "no match". There is always such a
    limit, and a configuration that we write names it.
    """

    purpose: Label
    lists: Annotated[tuple[Label, ...], Meta(min_length=1, max_length=8)]
    target_fpir: TargetFpir | None = None
    free_placement: bool = False
    list_age_h: Annotated[float, Meta(gt=0, le=87_600)] = 720.0

    @property
    def list_age_ms(self) -> int:
        """The same in milliseconds."""
        return int(self.list_age_h * 3_600_000)


class KioskKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Key files. signing, opening: this kiosk's private keys; matcher: its public identity.

    kind: "file", or "tpm" with tpm, a TPM 2.0's address. device: the file of the device key, which
    wraps the others; None: device.key beside signing; not used with a TPM.
    earlier_opening: keys that opening has replaced; what was sealed to them is still opened.
    """

    signing: Path
    opening: Path
    matcher: Path
    earlier_opening: tuple[Path, ...] = ()
    kind: Literal["file", "tpm"] = "file"
    device: Path | None = None
    tpm: str = "device:/dev/tpmrm0"


Pin = Annotated[int, Meta(ge=0, le=27)]
"""A GPIO number (not the number of the contact) on the 40-pin header of a Raspberry Pi."""


class LightConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One RGB LED. common_anode: its shared leg is at the supply, so low is on."""

    red: Pin
    green: Pin
    blue: Pin
    common_anode: bool = False


class KeysConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hardware keys; each connects its pin to ground. ok: the next step of a case; left: stop.

    wipe: held for 3 s it destroys all keys of the kiosk; None: there is none.
    """

    ok: Pin
    left: Pin
    wipe: Pin | None = None


class DisplayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The status display, an OLED of 128x64 pixels at an I2C line."""

    controller: Controller
    line: str = "/dev/i2c-1"
    address: Annotated[int, Meta(ge=0x03, le=0x77)] = USUAL_ADDRESS
    upside_down: bool = False


class PanelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the kiosk has besides sensor and screen; nothing of it is needed to capture.

    camera: a device URL. lights: in the order of their ring, or a single one.
    """

    camera: str | None = None
    lights: tuple[LightConfig, ...] = ()
    buzzer: Pin | None = None
    keys: KeysConfig | None = None
    display: DisplayConfig | None = None


class LiveConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a picture is looked at before it is there. Qualities 0-100, times in seconds.

    early_stop: a slow sensor's picture is given up when it cannot reach minimum_quality.
    good_quality, settle_s, preview_s: a live sensor's picture is taken once it is good and its
    score has not risen for settle_s (shorter), after preview_s at the latest. rescan_below: a
    usable picture below it is kept, but asked for again as long as there are attempts.
    """

    early_stop: bool = True
    good_quality: Annotated[int, Meta(ge=0, le=100)] = 60
    settle_s: Annotated[float, Meta(ge=0, le=3)] = 0.4
    preview_s: Annotated[float, Meta(ge=1, le=30)] = 4.0
    rescan_below: Annotated[int, Meta(ge=0, le=100)] = 0

    def __post_init__(self) -> None:
        """Refuse a preview that ends before a finger can have settled."""
        if self.settle_s >= self.preview_s:
            raise ValueError("settle_s must be shorter than preview_s")


class AuditConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The audit log. folder: of its files; None: "audit" beside the store.

    keep_days: so long what the centre has stays here too.
    """

    folder: Path | None = None
    keep_days: Annotated[int, Meta(ge=0, le=3650)] = 30


class OperatorsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who logs in. identity: the public identity of the centre's register of operators.

    idle_s: without a touch for so many seconds the page is locked. shift_h: hours a session lasts.
    """

    identity: Path
    idle_s: Annotated[int, Meta(ge=10, le=120)] = 120
    shift_h: Annotated[float, Meta(gt=0, le=24)] = 12.0


class UpdateFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What kiosk and update tell each other by. health, busy: as in update.toml; we write them.

    history: the installer's `history.jsonl`; status: the client's `status.json`; read only.
    """

    health: Path = Path("/run/greenline/health.json")
    busy: Path = Path("/run/greenline/busy.lock")
    history: Path = Path("/var/lib/greenline-boot/history.jsonl")
    status: Path = Path("/var/lib/greenline-update/status.json")


class StoreConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much waits at most: requests without an answer, megabytes of requests and answers."""

    most_requests: Annotated[int, Meta(ge=20, le=1_000_000)] = USUAL.most_requests
    most_mb: Annotated[int, Meta(ge=4, le=10_000)] = USUAL.most_bytes // MEGABYTE

    @property
    def bounds(self) -> Bounds:
        """The same for the store."""
        return Bounds(self.most_requests, self.most_mb * MEGABYTE)


class KioskConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosk process.

    sensor: a device URL. store: its database file. socket: where the uplink connects.
    minimum_quality: 0-100, below it the finger is asked for again, attempts times at most.
    quality: what judges pictures, the quality network or the gradient measure; AUTOMATIC: by the
    sensor.
    model: the minutiae network; accurate: it also looks at the mirror image.
    panel: lights, keys, display, camera. live: quality while a picture is taken. audit: the log
    of who did what.
    bounds: of the store. late_after_s: an answer that comes later is shown as late.
    request_lifetime_h, answer_lifetime_h: hours until an unanswered request, an answer, expires.
    case: how cases go. retention: what expires sooner. care: of the sensor.
    operators: who logs in; None: nobody does. update: None: this kiosk is not updated by us.
    production: real travellers are checked here; it
    refuses to start with keys in files, or without operators.
    """

    name: str
    sensor: str
    store: Path
    socket: Path
    keys: KioskKeys
    search: SearchDefaults
    page_port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    minimum_quality: Annotated[int, Meta(ge=0, le=100)] = 20
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    request_lifetime_h: Annotated[float, Meta(gt=0, le=72)] = 72.0
    answer_lifetime_h: Annotated[float, Meta(gt=0, le=24)] = 24.0
    quality: str = AUTOMATIC
    model: str = "greenline-1"
    accurate: bool = False
    model_threads: Annotated[int, Meta(ge=1, le=8)] = 1
    resend_first_s: Annotated[float, Meta(gt=0)] = 15.0
    late_after_s: Annotated[float, Meta(ge=1, le=86400)] = LATE_AFTER_S
    panel: PanelConfig = PanelConfig()
    live: LiveConfig = LiveConfig()
    audit: AuditConfig = AuditConfig()
    operators: OperatorsConfig | None = None
    bounds: StoreConfig = StoreConfig()
    case: CaseConfig = CaseConfig()
    retention: RetentionConfig = RetentionConfig()
    care: CareConfig = CareConfig()
    update: UpdateFiles | None = None
    production: bool = False

    @property
    def audit_folder(self) -> Path:
        """Where the audit log lies."""
        return self.audit.folder or self.store.with_name("audit")


class UplinkConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The uplink process. kiosk: the kiosk's name; socket: where the kiosk listens.

    authority: where its certificate is renewed, https://HOST:PORT. metrics_port: where Prometheus
    reads, on 127.0.0.1; None: nowhere.
    """

    kiosk: str
    socket: Path
    broker: LinkSettings
    authority: str | None = None
    metrics_port: Annotated[int, Meta(ge=1, le=65535)] | None = None
