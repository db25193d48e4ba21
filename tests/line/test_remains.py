"""What is left on a kiosk's card, byte by byte: a real kiosk on a file system in a file.

The kiosk's data partition is an ext4 image, mounted through a loop device; the processes are the
real ones. At its end, and after a power cut (the image copied while everything runs), the whole
image is searched: used blocks, free ones, the journal. A case's key is never there bare.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.demo_run import await_state, begin_case, post
from greenline.cli.site import KIOSK, Site, SiteOptions, build_site
from greenline.firmware.config import KioskConfig
from greenline.firmware.config_keeping import RetentionConfig
from greenline.firmware.key_file import KeyFile
from greenline.firmware.vault import PLACE_BYTES, Vault
from greenline.models.extraction import Extractor
from greenline.protocol.envelope import Envelope
from tests.line.canary import Canary, canaries
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint
from tests.line.test_canary import scanned

IMAGE_MB = 48
PIECE, BLOCK = 24, 4096
NO_MATCH_S, REQUEST_S = 6, 45
HOUR_S = 3600
WRAPPED, BARE = "wrapped case key", "bare case key"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mkfs.ext4") is None,
    reason="only root can mount the image, and it needs mkfs.ext4",
)


@dataclass
class Card:
    """An image, and where it is mounted."""

    image: Path
    mounted: Path
    _there: bool = field(default=False, init=False)

    def format(self) -> None:
        with self.image.open("wb") as file:
            file.truncate(IMAGE_MB << 20)
        subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0", self.image], check=True)

    def mount(self) -> None:
        self.mounted.mkdir(exist_ok=True)
        options = ["mount", "-o", "loop", self.image, self.mounted]
        done = subprocess.run(options, check=False, capture_output=True)
        if done.returncode:
            pytest.skip(f"no loop device here: {done.stderr.decode().strip()}")
        self._there = True

    def unmount(self) -> None:
        if self._there:
            subprocess.run(["umount", self.mounted], check=True)
            self._there = False

    def bytes(self) -> bytes:
        """Everything on the card, also what no file names any more; but for blocks of zeros."""
        data = self.image.read_bytes()
        blocks = (data[at : at + BLOCK] for at in range(0, len(data), BLOCK))
        return b"".join(block for block in blocks if block.count(0) < len(block))


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    card = Card(tmp_path / "card.img", tmp_path / "card")
    card.format()
    card.mount()
    yield card
    card.unmount()


@pytest.fixture
def site(tmp_path: Path, card: Card) -> Site:
    """A site whose kiosk keeps everything that it keeps on the card, and not for long."""
    options = SiteOptions(resend_first_s=1.0, backoff_longest_s=0.5)
    site = build_site(tmp_path / "site", options)
    for key in site.folder.glob(f"{KIOSK}.*.*"):
        shutil.move(key, card.mounted / key.name)
    shutil.move(site.folder / "device.key", card.mounted / "device.key")
    subprocess.run(["sync", "-f", card.mounted], check=True)  # they are there for long, not moved
    move_to(site, card)
    return site


def move_to(site: Site, card: Card) -> None:
    """Have the kiosk keep its things on this card."""
    path = site.folder / "kiosk.toml"
    settings = read_configuration(path, KioskConfig)
    keys = settings.keys
    path.unlink()
    write_configuration(
        path,
        replace(
            settings,
            store=card.mounted / "kiosk.store",
            keys=replace(
                keys,
                signing=card.mounted / keys.signing.name,
                opening=card.mounted / keys.opening.name,
            ),
            request_lifetime_h=REQUEST_S / HOUR_S,
            retention=RetentionConfig(no_match_min=NO_MATCH_S / 60),
        ),
    )


@dataclass(frozen=True)
class Secrets:
    """Bytes that must not be left. name: of what they are."""

    pieces: tuple[tuple[str, bytes], ...]

    def found_in(self, data: bytes) -> set[str]:
        return {name for name, piece in self.pieces if piece in data}


def never_written(checkpoint: Checkpoint, extractor: Extractor) -> Secrets:
    """What may not be on the card at any time: template, picture, references, in clear."""
    wanted: list[Canary] = []
    for finger in (ENROLLED, UNKNOWN):
        frame = scanned(checkpoint, finger)
        wanted += canaries(f"finger {finger}", frame, extractor.extract(frame))
    pieces = [(each.name, each.piece) for each in wanted]
    return Secrets((*pieces, ("reference", f"entry-{ENROLLED}".encode())))


def kept_of_cases(card: Card, folder: Path) -> Secrets:
    """What is sealed on the card now, and the keys that open it, wrapped and bare.

    The head of an envelope, which everybody on the way may read, is no secret.
    """
    copy = folder / "copy"
    copy.mkdir(exist_ok=True)
    for name in ("kiosk.store", "kiosk.store-wal", "kiosk.store-keys"):
        shutil.copy(card.mounted / name, copy / name)
    with contextlib.closing(sqlite3.connect(copy / "kiosk.store")) as db:
        requests = [
            Envelope.from_bytes(bytes(row[0])).sealed
            for row in db.execute("SELECT envelope FROM request")
        ]
        answers = [bytes(row[0]) for row in db.execute("SELECT sealed FROM answer")]
    keys = (copy / "kiosk.store-keys").read_bytes()
    places = [keys[at : at + PLACE_BYTES] for at in range(0, len(keys), PLACE_BYTES)]
    wrapped = [place[20:144] for place in places if place.startswith(b"GLK1")]
    device = KeyFile(card.mounted / "device.key").read()
    assert device is not None
    with contextlib.closing(Vault(copy / "kiosk.store-keys", device, "")) as vault:
        bare = [vault._key(case).key for case in vault.cases()]
    shutil.rmtree(copy)
    named = {"sealed request": requests, "sealed answer": answers, WRAPPED: wrapped, BARE: bare}
    return Secrets(
        tuple(
            (name, secret[at : at + PIECE])
            for name, secrets in named.items()
            for secret in secrets
            for at in range(0, len(secret) - PIECE + 1, PIECE)
        )
    )


def joined(*secrets: Secrets) -> Secrets:
    return Secrets(tuple(piece for each in secrets for piece in each.pieces))


def gone(checkpoint: Checkpoint, request_id: str) -> None:
    """Wait until the page shows a check no more."""
    await_state(
        checkpoint.kiosk,
        lambda state: request_id not in {each["request_id"] for each in state["checks"]},
    )


def give_up(checkpoint: Checkpoint, order: dict[str, object]) -> None:
    """Take a finger, and end the case by this order before anything of it is sent."""
    begin_case(checkpoint.kiosk)
    checkpoint.module.press(checkpoint.prints.pressed[ENROLLED])
    await_state(checkpoint.kiosk, lambda state: state["capture"]["phase"] == "lift_finger")
    checkpoint.module.lift()
    post(checkpoint.kiosk, "api/case", order)
    await_state(checkpoint.kiosk, lambda state: state["case"] is None)


def purge(checkpoint: Checkpoint, request_id: str, reason: str = "minor") -> None:
    post(checkpoint.kiosk, "api/purge", {"request_id": request_id, "reason": reason})


def reject(checkpoint: Checkpoint, request_id: str) -> None:
    """Say that it is another person's; its evidence was looked at."""
    order = {"event": "reject", "request_id": request_id, "reason": "other-person"}
    post(checkpoint.kiosk, "api/lead", order)
    gone(checkpoint, request_id)


def lead(checkpoint: Checkpoint) -> str:
    request_id = checkpoint.take(ENROLLED)
    assert checkpoint.answer(request_id)["outcome"] == "candidates"
    return request_id


def test_however_a_case_ends_no_byte_of_it_is_left_on_the_card_also_across_a_power_cut(
    checkpoint: Checkpoint, extractor: Extractor, card: Card, tmp_path: Path
) -> None:
    never = never_written(checkpoint, extractor)
    checkpoint.start("broker", "matcher", "kiosk", "uplink")
    give_up(checkpoint, {"event": "stop"})
    give_up(checkpoint, {"event": "refuse", "reason": refusal_reason(checkpoint)})
    give_up(checkpoint, {"event": "adult", "answer": "under_18"})  # it emerges late
    answered = checkpoint.take(UNKNOWN)  # no match: it goes by itself
    checkpoint.answer(answered)
    seen = kept_of_cases(card, tmp_path)
    rejected, ordered = lead(checkpoint), lead(checkpoint)
    checkpoint.kill("matcher")
    unsent = checkpoint.take(UNKNOWN)  # it is never answered: it goes by its time
    seen = joined(seen, kept_of_cases(card, tmp_path))

    # The power goes: what is on the card now is all there is.
    cut = Card(tmp_path / "cut.img", tmp_path / "cut")
    shutil.copy(card.image, cut.image)
    before = cut.bytes()
    assert seen.found_in(before) == {"sealed request", "sealed answer", WRAPPED}
    assert never.found_in(before) == set()

    reject(checkpoint, rejected)
    for request_id in (ordered, unsent):
        purge(checkpoint, request_id)
        gone(checkpoint, request_id)
    await_state(checkpoint.kiosk, lambda state: not state["checks"])
    checkpoint.stop_all()
    card.unmount()
    after = card.bytes()
    assert never.found_in(after) == set()
    assert seen.found_in(after) == set()

    # The other card boots again: what is over goes by its time, the leads by order.
    cut.mount()
    try:
        move_to(checkpoint.site, cut)
        checkpoint.start("kiosk")
        for request_id in (rejected, ordered):
            purge(checkpoint, request_id, "mistake")
        await_state(
            checkpoint.kiosk,
            lambda state: {each["progress"] for each in state["checks"]} <= {"expired"},
        )
    finally:
        checkpoint.stop_all()
        cut.unmount()
    after = cut.bytes()
    assert never.found_in(after) == set()
    assert seen.found_in(after) == set()


def refusal_reason(checkpoint: Checkpoint) -> str:
    return str(checkpoint.state()["choices"]["refusal_reasons"][0])
