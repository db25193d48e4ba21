"""A TPM 2.0 through tpm2-pytss (the extra "tpm"): keys that cannot leave it, a little memory.

Imported only where the configuration asks for it. What the TPM gives out are blobs: wrapped by a
key that it derives anew from its own seed each time, they are of use in this TPM alone, and lie in
ordinary files. Source: TCG, Trusted Platform Module Library 2.0, part 1 (objects, NV memory) and
part 3 (commands).
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import msgspec

# The library below tpm2-pytss writes to standard error by itself; what matters is raised anyway.
os.environ.setdefault("TSS2_LOG", "all+NONE")

from tpm2_pytss import ESAPI, TPM2B_PUBLIC, TSS2_Exception  # after the line above
from tpm2_pytss.constants import TPM2_ALG, TPM2_CAP, TPM2_PT, TPM2_RH, TPM2_ST, TPMA_NV, TPMA_OBJECT
from tpm2_pytss.types import (
    TPM2B_DIGEST,
    TPM2B_NV_PUBLIC,
    TPM2B_PRIVATE,
    TPM2B_SENSITIVE_CREATE,
    TPMS_NV_PUBLIC,
    TPMT_SIG_SCHEME,
    TPMT_TK_HASHCHECK,
)

from greenline.firmware.errors import DeviceKeyError

_MADE_HERE = (
    TPMA_OBJECT.FIXEDTPM
    | TPMA_OBJECT.FIXEDPARENT
    | TPMA_OBJECT.USERWITHAUTH
    | TPMA_OBJECT.NODA
    | TPMA_OBJECT.SENSITIVEDATAORIGIN
)
_STORAGE = _MADE_HERE | TPMA_OBJECT.RESTRICTED | TPMA_OBJECT.DECRYPT
_MEMORY = TPMA_NV.AUTHREAD | TPMA_NV.AUTHWRITE | TPMA_NV.NO_DA
_SIMULATED = {b"IBM\0", b"XYZZ"}
"""TPM_PT_MANUFACTURER of libtpms (swtpm) and of the reference code of TCG and Microsoft."""
_INDEX = 0x0180_0C17
"""Our place in the TPM's memory, in the range of owners (TCG, Registry of Reserved TPM Handles)."""


class Blob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object of a TPM, outside of it: TPM2B_PRIVATE and TPM2B_PUBLIC, marshalled."""

    private: bytes
    public: bytes


class Tpm:
    """An open TPM. address: a TCTI, such as device:/dev/tpmrm0. Safe to share between threads."""

    def __init__(self, address: str) -> None:
        """Open it. Raises DeviceKeyError."""
        self._address = address
        self._lock = threading.Lock()
        self._loaded: list[Any] = []
        self._open = True
        with self._faults("be opened"):
            self._esapi = ESAPI(address)

    def is_simulated(self) -> bool:
        """Say whether it is a program that keeps its secrets in files. Raises DeviceKeyError."""
        with self._lock, self._faults("be asked who made it"):
            _, found = self._esapi.get_capability(TPM2_CAP.TPM_PROPERTIES, TPM2_PT.MANUFACTURER, 1)
            maker = int(found.data.tpmProperties[0].value).to_bytes(4, "big")
        return maker in _SIMULATED

    def close(self) -> None:
        """Let go of it, and of what was loaded; harmless when that was done or it has ended."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            with contextlib.suppress(TSS2_Exception):
                for handle in self._loaded:
                    self._esapi.flush_context(handle)
            self._esapi.close()

    def make_signing_key(self) -> Blob:
        """Make a P-256 key that signs and never leaves the TPM. Raises DeviceKeyError."""
        attributes = _MADE_HERE | TPMA_OBJECT.SIGN_ENCRYPT
        template = TPM2B_PUBLIC.parse("ecc256:ecdsa-sha256", objectAttributes=attributes)
        with self._lock, self._faults("make a key"), self._root() as root:
            private, public, *_ = self._esapi.create(root, TPM2B_SENSITIVE_CREATE(), template)
            return Blob(private.marshal(), public.marshal())

    def read_memory(self) -> bytes | None:
        """Return what lies in our place of the TPM's memory, None when nothing does."""
        with self._lock, self._faults("be read"):
            place = self._place()
            if place is None:
                return None
            size = self._esapi.nv_read_public(place)[0].nvPublic.dataSize
            return bytes(self._esapi.nv_read(place, size, auth_handle=place))

    def write_memory(self, secret: bytes) -> None:
        """Put a few bytes into our place of the TPM's memory. Raises DeviceKeyError."""
        self.clear_memory()
        public = TPMS_NV_PUBLIC(
            nvIndex=_INDEX, nameAlg=TPM2_ALG.SHA256, attributes=_MEMORY, dataSize=len(secret)
        )
        with self._lock, self._faults("be written"):
            place = self._esapi.nv_define_space(None, TPM2B_NV_PUBLIC(public))
            self._esapi.nv_write(place, secret, auth_handle=place)

    def clear_memory(self) -> None:
        """Give up our place of the TPM's memory; harmless when we have none."""
        with self._lock, self._faults("forget a key"):
            place = self._place()
            if place is not None:
                self._esapi.nv_undefine_space(place)

    def load(self, blob: Blob) -> Any:
        """Load an object; returns its handle, which holds until close(). Raises DeviceKeyError."""
        with self._lock, self._faults("use this key: was it made by another TPM?"):
            private, _ = TPM2B_PRIVATE.unmarshal(blob.private)
            public, _ = TPM2B_PUBLIC.unmarshal(blob.public)
            with self._root() as root:
                self._loaded.append(self._esapi.load(root, private, public))
            return self._loaded[-1]

    def sign(self, handle: Any, digest: bytes) -> tuple[int, int]:
        """Return r and s of an ECDSA signature over a SHA-256 digest. Raises DeviceKeyError."""
        # The TPM itself asks for this ticket only where a key may sign nothing that it has not
        # hashed; an empty one says so.
        ticket = TPMT_TK_HASHCHECK(tag=TPM2_ST.HASHCHECK, hierarchy=TPM2_RH.NULL)
        scheme = TPMT_SIG_SCHEME(scheme=TPM2_ALG.NULL)
        with self._lock, self._faults("sign"):
            made = self._esapi.sign(handle, TPM2B_DIGEST(digest), scheme, ticket)
        found = made.signature.ecdsa
        return int.from_bytes(bytes(found.signatureR)), int.from_bytes(bytes(found.signatureS))

    @contextlib.contextmanager
    def _root(self) -> Iterator[Any]:
        """Give the key that wraps all others, derived anew: a TPM has room for three at a time."""
        template = TPM2B_PUBLIC.parse("ecc256:aes128cfb", objectAttributes=_STORAGE)
        root = self._esapi.create_primary(TPM2B_SENSITIVE_CREATE(), template)[0]
        try:
            yield root
        finally:
            self._esapi.flush_context(root)

    def _place(self) -> Any:
        """Return the handle of our place in the TPM's memory, None when it is not defined."""
        _, found = self._esapi.get_capability(TPM2_CAP.HANDLES, _INDEX, 1)
        handles = [int(handle) for handle in found.data.handles]
        return self._esapi.tr_from_tpmpublic(_INDEX) if _INDEX in handles else None

    @contextlib.contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except (TSS2_Exception, ValueError) as fault:
            raise DeviceKeyError(
                f"the TPM at {self._address} cannot {what} ({fault}); see whether it is there and "
                "this account may use it (group tss)"
            ) from fault


def public_der(blob: Blob) -> bytes:
    """Return the public half of a signing key as SubjectPublicKeyInfo. Raises DeviceKeyError."""
    try:
        public, _ = TPM2B_PUBLIC.unmarshal(blob.public)
        return bytes(public.to_der())
    except (TSS2_Exception, ValueError) as fault:
        raise DeviceKeyError("this is no signing key of a TPM") from fault
