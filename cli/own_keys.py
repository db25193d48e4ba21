"""A kiosk's own keys, wherever the configuration puts them: wrapped in files, or in a TPM.

One small secret, the device key, wraps all the others: it lies in a file of its own or in the TPM,
and whoever destroys it has destroyed them all. Only in files can there be keys that nobody wrapped:
those of a kiosk that was set up by an earlier version.
"""

import atexit
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_secret, write_secret
from greenline.firmware.config import KioskKeys
from greenline.firmware.device_key import DeviceKey, KeyPlace
from greenline.firmware.errors import DeviceKeyError, WrappingError
from greenline.firmware.key_file import KeyFile
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import OpeningKey, Signer, SigningKey

if TYPE_CHECKING:
    from greenline.firmware.tpm import Tpm

_WRAPPED = b"GLW1"
_CHIP = "device:"
_SIGNING, _OPENING = b"signing key", b"opening key"
_WIPED = "this kiosk has been wiped, or its device key was lost: enrol it again"


@dataclass(frozen=True)
class OwnKeys:
    """What a kiosk works with. device: wraps what it keeps; place: where that lies."""

    place: KeyPlace
    device: DeviceKey
    signer: Signer
    opener: OpeningKey
    earlier_openers: tuple[OpeningKey, ...] = ()
    tpm: "Tpm | None" = None

    def close(self) -> None:
        """Let go of the TPM, if there is one: its key can sign no more."""
        if self.tpm is not None:
            self.tpm.close()


def read_own_keys(keys: KioskKeys) -> OwnKeys:
    """Read the keys of a kiosk. Raises CommandError, DeviceKeyError, naming what to do."""
    return _read(keys, *_place(keys))


def _read(keys: KioskKeys, tpm: "Tpm | None", place: KeyPlace) -> OwnKeys:
    device = place.read()
    paths = (keys.opening, *keys.earlier_opening)
    signing = _unwrap(keys.signing, "signing key", _SIGNING, device)
    openers = [_opener(path, _unwrap(path, "opening key", _OPENING, device)) for path in paths]
    if device is None:
        device = place.make()  # for keys that an earlier version left unwrapped
    signer = _signer(keys.signing, signing, tpm)
    return OwnKeys(place, device, signer, openers[0], tuple(openers[1:]), tpm)


def keep_own_keys(keys: KioskKeys, *, anew: bool = False) -> OwnKeys:
    """Return a kiosk's keys as read_own_keys() does; what is missing is made, or all anew."""
    tpm, place = _place(keys)
    device = place.read()
    if device is None or anew:
        device = place.make()
        for path in (keys.signing, keys.opening):
            if anew or not _plain(path):  # what an earlier device key has wrapped is lost
                path.unlink(missing_ok=True)
    if not keys.signing.exists():
        made = _make_signing(tpm)
        write_secret(keys.signing, _WRAPPED + device.wrap(made, _SIGNING))
    if not keys.opening.exists():
        made = OpeningKey.generate().to_bytes()
        write_secret(keys.opening, _WRAPPED + device.wrap(made, _OPENING))
    return _read(keys, tpm, place)


def key_place(keys: KioskKeys) -> KeyPlace:
    """Return where the device key lies. Raises CommandError, DeviceKeyError."""
    return _place(keys)[1]


def refuse_for_production(keys: KioskKeys, config: Path) -> None:
    """Refuse keys in files on a kiosk that is in use, also those of a TPM that is a program.

    Raises CommandError, DeviceKeyError.
    """
    if keys.kind == "file":
        raise CommandError(
            f"{config}: production = true, but the keys lie in files: set keys.kind = 'tpm' and "
            "enrol again (docs/provisioning.md), or production = false on a kiosk for trials",
            4,
        )
    if not keys.tpm.startswith(_CHIP) or _is_simulated(keys):
        raise CommandError(
            f"{config}: production = true, but the TPM at {keys.tpm} is a program that keeps its "
            "keys in files: set keys.tpm = 'device:/dev/tpmrm0', a TPM of this device, and enrol "
            "again (docs/provisioning.md), or production = false on a kiosk for trials",
            4,
        )


def _is_simulated(keys: KioskKeys) -> bool:
    tpm, _ = _place(keys)
    if tpm is None:
        return True
    with contextlib.closing(tpm):
        return tpm.is_simulated()


def _place(keys: KioskKeys) -> "tuple[Tpm | None, KeyPlace]":
    if keys.kind == "file":
        return None, KeyFile(keys.device or keys.signing.with_name("device.key"))
    try:
        from greenline.firmware.tpm import Tpm  # noqa: PLC0415  # of an extra
        from greenline.firmware.tpm_keys import TpmPlace  # noqa: PLC0415  # as above
    except ImportError as fault:
        raise CommandError(
            "keys.kind is 'tpm', but tpm2-pytss is not installed: run "
            "pip install 'greenline[tpm]', or set keys.kind = 'file'",
            4,
        ) from fault
    tpm = Tpm(keys.tpm)
    atexit.register(tpm.close)
    return tpm, TpmPlace(tpm)


def _plain(path: Path) -> bool:
    return path.exists() and not path.read_bytes().startswith(_WRAPPED)


def _make_signing(tpm: "Tpm | None") -> bytes:
    if tpm is None:
        return SigningKey.generate().to_pem()
    from greenline.firmware.tpm_keys import make_signing_blob  # noqa: PLC0415  # of an extra

    return make_signing_blob(tpm)


def _signer(path: Path, data: bytes, tpm: "Tpm | None") -> Signer:
    if tpm is not None:
        from greenline.firmware.tpm_keys import read_signer  # noqa: PLC0415  # of an extra

        return read_signer(tpm, data)
    try:
        return SigningKey.from_pem(data)
    except ProtocolError as fault:
        raise CommandError(f"{path}: {fault}", 4) from fault


def _opener(path: Path, data: bytes) -> OpeningKey:
    try:
        return OpeningKey.from_bytes(data)
    except ProtocolError as fault:
        raise CommandError(f"{path}: {fault}", 4) from fault


def _unwrap(path: Path, what: str, context: bytes, device: DeviceKey | None) -> bytes:
    data = read_secret(path, what)
    if not data.startswith(_WRAPPED):
        return data
    if device is None:
        raise DeviceKeyError(_WIPED)
    try:
        return device.unwrap(data[len(_WRAPPED) :], context)
    except WrappingError as fault:
        raise DeviceKeyError(f"the {what} {path} cannot be used ({fault}): enrol again") from fault
