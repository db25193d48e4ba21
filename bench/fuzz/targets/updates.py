"""What the update reads: from the network, from its own card, and through the installer's door."""

import datetime
import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import msgspec

from bench.fuzz.files import through_file
from bench.fuzz.target import BrokenError, Prepared, Target, comes_back, reads_back
from greenline.ota import autoboot, chunk_table, floors, index
from greenline.ota.boot_record import BootRecords, SlotRecord, SlotState, Trial
from greenline.ota.door_words import (
    BrokenDoorError,
    Done,
    Files,
    Lay,
    Open,
    Question,
    Read,
    Refused,
    Write,
    hear_answer,
    hear_question,
)
from greenline.ota.durable import with_sum
from greenline.ota.errors import RefusedError
from greenline.ota.reasons import Reason
from greenline.ota.trial import Health, fault_in, read_health

_SUM = "%064x"


def _index(chunks: int) -> index.Index:
    parts = [bytes([number]) * (number + 1) for number in range(chunks)]
    return index.Index(
        release="1.2", security_version=3, hardware=["rpi4", "rpi5"],
        bootloader_not_before=datetime.date(2026, 2, 23), from_release_security_at_least=1,
        data_floor=2,
        image=index.Image(sum(map(len, parts)), hashlib.sha256(b"".join(parts)).hexdigest()),
        chunks=[
            index.Chunk(hashlib.sha256(part).hexdigest(), len(part), len(part)) for part in parts
        ],
        rollout_permille=500, deadline=datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC),
    )  # fmt: skip


def _indexes() -> Prepared:
    def check(data: bytes, found: index.Index) -> None:
        # Two readers of one format: the client's, which keeps no objects, says what the other says.
        if list(found.chunks) != list(index.decode(data).chunks):
            raise BrokenError("the two readers of an index disagree")

    def decode(data: bytes) -> index.Index:
        try:
            return chunk_table.decode(data)
        except RefusedError:
            index_refuses(data)
            raise

    def index_refuses(data: bytes) -> None:
        try:
            index.decode(data)
        except RefusedError:
            return
        raise BrokenError("the two readers of an index disagree")

    seeds = tuple(index.encode(_index(chunks)) for chunks in (1, 3, 12))
    return Prepared(decode, seeds, check, tree=(msgspec.json.decode, msgspec.json.encode))


def _conversation(hear: Any, messages: tuple[Any, ...]) -> Prepared:
    def decode(data: bytes) -> Any:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)
            return hear(ours)

    seeds = tuple(_framed(msgspec.msgpack.encode(each)) for each in messages)
    return Prepared(
        decode, seeds, tree=(_unframed, lambda tree: _framed(msgspec.msgpack.encode(tree)))
    )


def _framed(body: bytes) -> bytes:
    return len(body).to_bytes(4) + body


def _unframed(data: bytes) -> Any:
    return msgspec.msgpack.decode(data[4:])


def _questions() -> Prepared:
    asked: tuple[Question, ...] = (
        Open({"timestamp.json": b"{}", "root_history/1.root.json": b"{}"}, b"index"),
        Write(5000, b"chunk"), Read("a", 0, 100),
        Files({"timestamp.json": b"{}"}), Lay("centre/matcher.json", b"keys"),
    )  # fmt: skip
    return _conversation(hear_question, asked)


def _answers() -> Prepared:
    return _conversation(
        hear_answer, (Done(b"chunk", ("centre/x",)), Refused("busy", "words", (0, 4096)))
    )


def _summed(data: bytes) -> bytes:
    """Put the check sum of a file of ours right."""
    return with_sum(data[65:]) if len(data) > 65 else data


def _floors() -> Prepared:
    known = floors.Floors(
        root=2, timestamp=floors.RoleFloor(_SUM % 7, 12, 2), security_version=4, time=1_900_000_000
    )

    def decode(data: bytes) -> floors.Floors:
        found = floors.decode(data)
        if found is None:
            raise RefusedError(Reason.BROKEN_STATE)
        return found

    def check(_data: bytes, found: floors.Floors) -> None:
        joined = known.joined(found)
        if joined != joined.joined(known) or joined.security_version < known.security_version:
            raise BrokenError("a floor fell")
        reads_back(floors.encode, decode)(_data, found)

    return Prepared(decode, (floors.encode(known),), check, repaired=_summed)


def _boot_record() -> Prepared:
    kept = {
        "serial": 7, "given_up": {_SUM % 1: "trial-failed-sensor"}, "unhealthy_starts": 2,
        "slots": {"a": msgspec.to_builtins(SlotRecord(SlotState.GOOD, "1.1", _SUM % 2, 3, 1))},
        "trial": msgspec.to_builtins(Trial("b", 1, 1_900_000_000)),
    }  # fmt: skip

    def read(path: Path) -> Any:
        found = BootRecords(path.parent).read()
        if found.serial == 0:
            raise RefusedError(Reason.BROKEN_STATE)
        return found

    return Prepared(
        through_file(read, "boot-a"), (with_sum(json.dumps(kept).encode()),), repaired=_summed
    )


def _health() -> Prepared:
    def read(path: Path) -> Health:
        found = read_health(path)
        if found is None:
            raise RefusedError(Reason.TRIAL_FAILED_HEALTH)
        fault_in(found, Trial("b", 1, 1_900_000_000), found.boot, 81.0, 1_900_000_100.0)
        return found

    told = {
        "format": 1, "boot": "4d0c", "monotonic_ms": 81230, "sensor": "ok", "store": "ok",
        "page": "ok", "clock": "sane", "software": "0.2.0",
    }  # fmt: skip
    seed = json.dumps(told).encode()
    return Prepared(through_file(read), (seed,), tree=(msgspec.json.decode, msgspec.json.encode))


def _autoboot() -> Prepared:
    seeds = tuple(autoboot.Autoboot(*two).encode() for two in ((2, 3), (3, 2), (12, 5)))
    return Prepared(autoboot.decode, seeds, comes_back(autoboot.Autoboot.encode))


TARGETS = (
    Target("update-index", _indexes, (RefusedError,)),
    Target("update-door-question", _questions, (BrokenDoorError,)),
    Target("update-door-answer", _answers, (BrokenDoorError,)),
    Target("update-floors", _floors, (RefusedError,)),
    Target("update-boot-record", _boot_record, (RefusedError,)),
    Target("update-health", _health, (RefusedError,)),
    Target("update-autoboot", _autoboot, (autoboot.AutobootError,)),
)
