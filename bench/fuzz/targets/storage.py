"""What lies sealed on a disk that somebody may have had in their hands."""

import os
from pathlib import Path

from bench.fuzz import samples
from bench.fuzz.files import folder, through_file
from bench.fuzz.target import BrokenError, Prepared, Target
from greenline.cli.errors import CommandError
from greenline.cli.own_keys import read_own_keys
from greenline.firmware import operators_file
from greenline.firmware.clock import Kept
from greenline.firmware.clock_file import ClockFile
from greenline.firmware.config import KioskKeys
from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.errors import FirmwareError
from greenline.firmware.key_file import KeyFile
from greenline.firmware.vault import Vault
from greenline.matcher.gallery_seal import Sealer
from greenline.protocol.keys import SigningKey

_SECRET = bytes(range(32))
_CASES = (b"c" * 16, b"d" * 16)


def _device() -> SecretDeviceKey:
    return SecretDeviceKey(_SECRET)


def _only(*allowed: object) -> object:
    def check(_data: bytes, found: object) -> None:
        if found is not None and found not in allowed:
            raise BrokenError("something was read that nobody wrote")

    return check


def _page() -> Prepared:
    sealer = Sealer(_SECRET)
    record = samples.record(12)
    context = b"watch-list\ncase-17\n2"
    return Prepared(
        lambda data: sealer.open(data, context), (sealer.seal(record, context),), _only(record)
    )


def _wrapped() -> Prepared:
    device = _device()
    seed = device.wrap(b"secret" * 16, b"opening key")
    return Prepared(
        lambda data: device.unwrap(data, b"opening key"), (seed,), _only(b"secret" * 16)
    )


def _case_keys() -> Prepared:
    """The file of case keys is the input; what was sealed under them opens, or nothing does."""
    device, path = _device(), folder() / "made"
    vault = Vault(path, device, samples.PURPOSE)
    sealed = {case: vault.seal(case, b"body" + case) for case in _CASES}
    vault.close()

    def read(file: Path) -> list[bytes]:
        found = Vault(file, device, samples.PURPOSE)
        try:
            return [found.open(case, sealed[case]) for case in sorted(found.cases() & set(_CASES))]
        finally:
            found.close()

    def check(_data: bytes, found: list[bytes]) -> None:
        if not set(found) <= {b"body" + case for case in _CASES}:
            raise BrokenError("a case opened that is none")

    return Prepared(through_file(read), (path.read_bytes(),), check, (b"GLK1", *_CASES))


def _case_body() -> Prepared:
    vault = Vault(folder() / "keys", _device(), samples.PURPOSE)
    seed = vault.seal(_CASES[0], b"body" * 30)
    return Prepared(lambda data: vault.open(_CASES[0], data), (seed,), _only(b"body" * 30))


def _clock() -> Prepared:
    device, path = _device(), folder() / "clock"
    kept = Kept(samples.NOW_MS, 1000, b"b" * 16, 2000)
    ClockFile(path, device).write(kept)
    read = through_file(lambda file: ClockFile(file, device).read())
    return Prepared(read, (path.read_bytes(),), _only(kept))


def _operators() -> Prepared:
    device, path = _device(), folder() / "operators"
    kept = operators_file.Kept(3, b"sealed", 1, samples.NOW_MS, trusted=True, left_ms=1000)
    operators_file.OperatorsFile(path, device).write(kept)
    read = through_file(lambda file: operators_file.OperatorsFile(file, device).read())
    return Prepared(read, (path.read_bytes(),), _only(kept))


def _device_key() -> Prepared:
    return Prepared(through_file(lambda file: KeyFile(file).read()), (_SECRET, bytes(32)))


def _own_keys() -> Prepared:
    """The opening key of a kiosk as its file has it, wrapped or as an earlier version wrote it."""
    place = folder()
    keys = KioskKeys(place / "signing", place / "opening", place / "matcher.json")
    device = KeyFile(place / "device.key").make()
    _put(keys.signing, SigningKey(samples.signer().key).to_pem())
    opening = samples.opener().to_bytes()

    def decode(data: bytes) -> bytes:
        _put(keys.opening, data)
        return read_own_keys(keys).opener.to_bytes()

    return Prepared(decode, (b"GLW1" + device.wrap(opening, b"opening key"), opening))


def _put(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, data)
    finally:
        os.close(file)


TARGETS = (
    Target("gallery-page", _page, ()),
    Target("wrapped-secret", _wrapped, (FirmwareError,), most_bytes=512),
    Target("case-keys", _case_keys, (FirmwareError,)),
    Target("case-body", _case_body, (FirmwareError,), most_bytes=512),
    Target("clock-file", _clock, (FirmwareError,), most_bytes=512),
    Target("operators-file", _operators, (FirmwareError,), most_bytes=512),
    Target("device-key", _device_key, (FirmwareError,), most_bytes=512),
    Target("own-opening-key", _own_keys, (CommandError, FirmwareError), most_bytes=512),
)
