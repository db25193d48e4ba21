"""The configuration of the kiosk and of the uplink, as read from TOML by the command line."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.link.settings import LinkSettings
from greenline.protocol.messages import Label


class SearchDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a case asks for. purpose: code; lists: names at the matcher."""

    purpose: Label
    lists: Annotated[tuple[Label, ...], Meta(min_length=1, max_length=8)]


class KioskKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Key files. signing, opening: this kiosk's private keys; matcher: its public identity."""

    signing: Path
    opening: Path
    matcher: Path


class KioskConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosk process.

    sensor: a device URL. store: its database file. socket: where the uplink connects.
    minimum_quality: 0-100, below it the finger is asked for again, attempts times at most.
    request_lifetime_h, answer_lifetime_h: hours until an unanswered request, an answer, expires.
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
    model_threads: Annotated[int, Meta(ge=1, le=8)] = 1
    resend_first_s: Annotated[float, Meta(gt=0)] = 15.0


class UplinkConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The uplink process. kiosk: the kiosk's name; socket: where the kiosk listens."""

    kiosk: str
    socket: Path
    broker: LinkSettings
